"""SciDAC (QIO): the native format of the USQCD codes."""

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from gaugeflow.io.checksums import scidac_checksum
from gaugeflow.io.layout import precision_of, to_sites
from gaugeflow.io.lime.container import write_messages
from gaugeflow.io.lime.gauge import LimeGauge
from gaugeflow.io.lime.xml import checksum_xml, file_xml, record_xml
from gaugeflow.io.options import one_of

__all__ = ["Scidac"]


class Scidac(LimeGauge):
    """SciDAC in LIME (record ``scidac-binary-data``), any SU(N), 32 or 64 bits, big-endian.

    Options of writing: ``precision`` 32 or 64 (by default that of the links); ``info``, text or XML for
    ``scidac-record-xml``.

    Extents stand in ``scidac-private-file-xml`` alone, so others of the same volume are not detected, nor is, without
    a ``scidac-checksum`` record, a change that leaves every link special unitary within the tolerance.
    """

    name = "scidac"
    title = "SciDAC"
    extensions = (".scidac",)
    options: ClassVar[dict[str, Any]] = {"precision": None, "info": ""}
    data_type = "scidac-binary-data"
    described_by = ("scidac-private-file-xml", "scidac-private-record-xml", "scidac-checksum")

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, n = self.require_single(links)
        precision = one_of("precision", options["precision"] or precision_of(links), (32, 64))
        data = to_sites(links, precision, "big").tobytes()
        sums = scidac_checksum(data, len(data) // (links[0, 0, ..., 0, 0].numel()))
        title = [("scidac-private-file-xml", file_xml(shape)), ("scidac-file-xml", b"gaugeflow\0")]
        field = [
            ("scidac-private-record-xml", record_xml(n, precision)),
            ("scidac-record-xml", f"{options['info']}\0".encode()),
            (self.data_type, data),
            ("scidac-checksum", checksum_xml(*sums)),
        ]
        with path.open("wb") as file:
            write_messages(file, [title, field])
