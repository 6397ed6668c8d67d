"""ILDG: the archive format of the International Lattice Data Grid."""

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from gaugeflow.io.checksums import scidac_checksum
from gaugeflow.io.layout import precision_of, to_sites
from gaugeflow.io.lime.container import write_messages
from gaugeflow.io.lime.gauge import LimeGauge
from gaugeflow.io.lime.xml import checksum_xml, file_xml, ildg_format_xml, record_xml
from gaugeflow.io.options import one_of

__all__ = ["Ildg"]


class Ildg(LimeGauge):
    """ILDG in LIME (records ``ildg-format`` and ``ildg-binary-data``), any SU(N), 32 or 64 bits, big-endian.

    Records of SciDAC files beside them are read too: extents, precision, group and checksum must agree wherever they
    stand. Files of the wild with nothing but ``ildg-binary-data`` need the shape; N and precision follow from the
    length. Where a file departs from the standard, ``metadata["deviations"]`` says so in words.

    Options of writing: ``precision`` 32 or 64 (by default that of the links); ``lfn``, the logical file name; ``info``,
    text or XML for ``scidac-record-xml``.

    Not detected: without a ``scidac-checksum`` record a change that leaves every link special unitary within the
    tolerance (so one in the last bits); with only one record that states the extents, others of the same volume.
    """

    name = "ildg"
    title = "ILDG"
    extensions = (".ildg", ".lime")
    options: ClassVar[dict[str, Any]] = {"precision": None, "lfn": None, "info": ""}
    data_type = "ildg-binary-data"
    described_by = ("ildg-format", "scidac-checksum")

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, n = self.require_single(links)
        precision = one_of("precision", options["precision"] or precision_of(links), (32, 64))
        data = to_sites(links, precision, "big").tobytes()
        sums = scidac_checksum(data, len(data) // (links[0, 0, ..., 0, 0].numel()))
        name = [("ildg-data-lfn", f"{options['lfn']}\0".encode())] if options["lfn"] else []
        field = [
            ("scidac-private-record-xml", record_xml(n, precision)),
            ("scidac-record-xml", f"{options['info']}\0".encode()),
            ("ildg-format", ildg_format_xml(shape, n, precision)),
            *name,
            (self.data_type, data),
            ("scidac-checksum", checksum_xml(*sums)),
        ]
        title = [("scidac-private-file-xml", file_xml(shape)), ("scidac-file-xml", b"gaugeflow\0")]
        with path.open("wb") as file:
            write_messages(file, [title, field])
