"""Bridge++ text: one real number a line, and nothing else."""

import re
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from gaugeflow.io.bridge.headerless import lattice_of
from gaugeflow.io.format import Format
from gaugeflow.io.layout import precision_of, to_links, to_sites
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.shapes import likely_fields
from gaugeflow.io.source import Source

__all__ = ["Bridge"]

NUMBER = rb"\(?[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?,?"
LONGEST_SINGLE = 15
"""Characters of the longest number with nine significant digits, -1.23456789e-01."""
DIGITS = {32: "%.8e\n", 64: "%.16e\n"}
BLOCK = 1 << 20
PLAIN = bytes.maketrans(b"dD(),\t\r", b"ee     ")
"""Fortran's exponents become those of C, and the marks of a pair blanks."""
DRESS = {b"dD": "Fortran exponents, 1.0D+00", b"(),": "pairs (re, im)"}


class Bridge(Format):
    """Bridge++ text: the real and imaginary parts of all links, one number a line, no header.

    Also with Fortran's exponents (``1.0D+00``) and with complex pairs (``(re,im)``), both noted.

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
        first = source.head(64).replace(b",", b", ").replace(b"( ", b"(").split(maxsplit=1)
        return bool(first) and re.fullmatch(NUMBER, first[0]) is not None

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, given)
        text = source.read(0, source.size, "text")
        deviations = [words for marks, words in DRESS.items() if any(text.find(mark) >= 0 for mark in marks)]
        text = text.translate(PLAIN)
        precision = 32 if _longest_word(text) <= LONGEST_SINGLE else 64
        data = _numbers(source, text)
        shape, n = lattice_of(source, len(data), given)
        self.agree(source, "group", given.group, f"su{n}")
        return to_links(data.astype(f"f{precision // 8}"), shape, n), {"precision": precision, "deviations": deviations}

    def alternatives(self, source: Source, given: Given) -> list[str]:
        return likely_fields(len(_numbers(source, source.read(0, source.size, "text").translate(PLAIN))), given.group)

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
