"""ILDG: the archive format of the International Lattice Data Grid."""

from typing import Any, ClassVar

from gaugeflow.io.lime.gauge import LimeGauge
from gaugeflow.io.lime.xml import ildg_format_xml

__all__ = ["Ildg"]


class Ildg(LimeGauge):
    """ILDG in LIME (records ``ildg-format`` and ``ildg-binary-data``), any SU(N), 32 or 64 bits, big-endian.

    Records of SciDAC files beside them are read too: extents, precision, group and checksum must agree wherever they
    stand. Files of the wild with nothing but ``ildg-binary-data`` need the shape; N and precision follow from the
    length. Several fields in one file are read as an ensemble of one chain. Where a file departs from the standard,
    ``metadata["deviations"]`` says so in words.

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

    def own_records(
        self, shape: tuple[int, ...], n: int, precision: int, options: dict[str, Any]
    ) -> list[tuple[str, bytes]]:
        name = [("ildg-data-lfn", f"{options['lfn']}\0".encode())] if options["lfn"] else []
        return [("ildg-format", ildg_format_xml(shape, n, precision)), *name]
