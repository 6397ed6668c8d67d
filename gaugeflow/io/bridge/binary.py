"""Bridge++ binary: the numbers of the text, as big-endian doubles."""

from typing import Any

import numpy as np
from torch import Tensor

from gaugeflow.io.bridge.headerless import lattice_of
from gaugeflow.io.format import Format
from gaugeflow.io.layout import to_links
from gaugeflow.io.options import Given
from gaugeflow.io.shapes import likely_fields
from gaugeflow.io.source import Source

__all__ = ["BridgeBinary"]

ORDERS = {">f8": "big", "<f8": "little"}
LARGEST_N = 8
ROW = 1e-6
"""How far the first row may be from a unit vector; all links are held against the group afterwards."""


class BridgeBinary(Format):
    """Bridge++ binary, and any other file of nothing but doubles in the order of ILDG.

    Big-endian, as Bridge++ writes it; little-endian is read and noted. Extents and group are found as those of the
    text are. A file is taken for one if its first numbers are a unit vector of up to eight complex numbers.

    There is no checksum: a change that leaves every link special unitary within the tolerance goes unnoticed, and so
    does another shape of the same volume.
    """

    name = "bridge_binary"
    title = "Bridge++ binary"

    def sniff(self, source: Source) -> bool:
        return source.size % 64 == 0 and _order(source) is not None

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, given)
        kind = _order(source) or ">f8"
        shape, n = lattice_of(source, source.size // 8, given)
        self.agree(source, "group", given.group, f"su{n}")
        data = np.frombuffer(source.read(0, source.size, "matrices"), kind)
        deviations = [] if kind == ">f8" else ["little-endian"]
        known = {"precision": 64, "byte_order": ORDERS[kind], "deviations": deviations}
        return to_links(data, shape, n), known

    def alternatives(self, source: Source, given: Given) -> list[str]:
        return likely_fields(source.size // 8, given.group)


def _order(source: Source) -> str | None:
    """The byte order in which the file begins with a unit vector."""
    head = source.head(16 * LARGEST_N)
    for kind in ORDERS:
        with np.errstate(all="ignore"):
            norms = np.cumsum(np.frombuffer(head, kind).reshape(-1, 2) ** 2, 0).sum(1)[1:]
            if (abs(norms - 1) < ROW).any():
                return kind
    return None
