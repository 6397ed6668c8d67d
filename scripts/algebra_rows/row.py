"""What a row is: a question, the answer that is known, and the function that finds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["ROWS", "Row", "row"]


class Row(NamedTuple):
    """A question, the answer that is known, and what computes it; `most` processor seconds are allowed."""

    table: str
    question: str
    known: str
    find: Callable[[], Any]
    most: float

    def agrees(self, found: str) -> bool:
        """Whether the answer is the known one, or below a known bound."""
        return float(found) < float(self.known[2:]) if self.known.startswith("< ") else found == self.known


ROWS: list[Row] = []


def row(table: str, question: str, known: Any, most: float = 60.0) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a computation as a row."""

    def register(find: Callable[[], Any]) -> Callable[[], Any]:
        ROWS.append(Row(table, question, str(known), find, most))
        return find

    return register
