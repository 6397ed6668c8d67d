"""One mistake."""

from typing import NamedTuple

__all__ = ["Mutant"]


class Mutant(NamedTuple):
    """In `file` of the package `old`, which stands there once, becomes `new`; one of `tests` is to fail."""

    what: str
    file: str
    old: str
    new: str
    tests: str
    """Tests as pytest takes them, below `tests`, separated by spaces."""
