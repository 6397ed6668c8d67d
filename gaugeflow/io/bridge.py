"""Bridge++ text: one real number a line, and nothing else."""

import math
import re
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from gaugeflow.io.format import Format
from gaugeflow.io.layout import component_count, precision_of, to_links, to_sites
from gaugeflow.io.options import one_of
from gaugeflow.io.source import Source

__all__ = ["Bridge"]

NUMBER = rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
LONGEST_SINGLE = 15
"""Characters of the longest number with nine significant digits, -1.23456789e-01."""
DIGITS = {32: "%.8e\n", 64: "%.16e\n"}
BLOCK = 1 << 20


class Bridge(Format):
    """Bridge++ text: the real and imaginary parts of all links, one number a line, no header.

    Neither extents nor group stand in the file. With the shape given, N follows from the count of numbers; without
    it, the file is read as SU(3) (or the group given) on a lattice of four equal extents. A file whose longest
    number has at most 15 characters (nine digits) is read as single precision, any other as double.

    Option of writing: ``precision`` 32 (nine digits) or 64 (seventeen), by default that of the links.

    There is no checksum: a change that leaves every link special unitary within the tolerance (so one in the last
    digits) goes unnoticed, and so does another shape of the same volume.
    """

    name = "bridge"
    title = "Bridge++ text"
    extensions = (".txt",)
    options: ClassVar[dict[str, Any]] = {"precision": None}

    def sniff(self, source: Source) -> bool:
        first = source.head(64).split(maxsplit=1)
        return bool(first) and re.fullmatch(NUMBER, first[0]) is not None

    def read(
        self, source: Source, shape: tuple[int, ...] | None, group: str | None, select: slice | None
    ) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, select)
        text = source.read(0, source.size, "text")
        precision = 32 if _longest_word(text) <= LONGEST_SINGLE else 64
        data = _numbers(source, text)
        if shape is None:
            shape, n = _hypercube(source, len(data), group)
        else:
            n = _matrix_size(source, len(data), shape)
        self.agree(source, "group", group, f"su{n}")
        return to_links(data.astype(f"f{precision // 8}"), shape, n), {"precision": precision}

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        self.require_single(links)
        precision = one_of("precision", options["precision"] or precision_of(links), (32, 64))
        data = to_sites(links, precision, "little")
        with path.open("w", encoding="ascii") as file:
            for start in range(0, len(data), BLOCK):
                block = data[start : start + BLOCK].tolist()
                file.write(DIGITS[precision] * len(block) % tuple(block))


def _longest_word(text: bytes) -> int:
    breaks = np.flatnonzero(np.frombuffer(text, np.uint8) <= ord(" "))
    return int(np.diff(breaks, prepend=-1, append=len(text)).max()) - 1


def _numbers(source: Source, text: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy only warns where it stops at something that is no number
        try:
            data = np.fromstring(text, np.float64, sep=" ")
        except (ValueError, DeprecationWarning) as error:
            raise source.error("one real number a line", "something else") from error
    if len(data) % 8 or not len(data):
        raise source.error("8 N^2 real numbers a site", f"{len(data)} numbers")
    return data


def _matrix_size(source: Source, count: int, shape: tuple[int, ...]) -> int:
    """N, from the count of numbers on a lattice of the given shape."""
    per_entry = component_count(shape, 1)
    n = math.isqrt(count // per_entry)
    if len(shape) != 4 or n < 2 or n * n * per_entry != count:
        raise source.error(f"4 links of 2 N^2 numbers a site on {shape}", f"{count} numbers")
    return n


def _hypercube(source: Source, count: int, group: str | None) -> tuple[tuple[int, ...], int]:
    """Extents (L, L, L, L) and N for so many numbers."""
    n = int(group[2:]) if group and group.startswith("su") else 3
    extent = round((count / (8 * n * n)) ** 0.25)
    if 8 * n * n * extent**4 != count:
        raise source.error(
            f"the numbers of an SU({n}) field on L x L x L x L, as no shape is given", f"{count} numbers"
        )
    return (extent,) * 4, n
