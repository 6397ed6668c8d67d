"""SciDAC (QIO): the native format of the USQCD codes."""

from typing import Any, ClassVar

from gaugeflow.io.lime.gauge import LimeGauge

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
