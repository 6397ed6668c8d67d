"""The nearest known name to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = ["nearest"]


def nearest(name: Any, known: Iterable[str]) -> str:
    """A sentence that says `name` is unknown, with the nearest known name if one is near, and all of them."""
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    guess = f", did you mean {close[0]!r}?" if close else ""
    return f"unknown {str(name)!r}{guess} (known: {', '.join(names)})"
