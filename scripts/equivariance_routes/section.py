"""What a section is: named parts that are computed one by one, so that an interrupted run goes on behind the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["SECTIONS", "Section", "section"]

Part = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Section:
    """A name, and the function that gives its parts by name; each part returns plain numbers for a JSON file."""

    name: str
    parts: Callable[[], dict[str, Part]]


SECTIONS: dict[str, Section] = {}


def section(name: str) -> Callable[[Callable[[], dict[str, Part]]], Callable[[], dict[str, Part]]]:
    """Decorator: makes the parts of a section known under its name."""

    def register(parts: Callable[[], dict[str, Part]]) -> Callable[[], dict[str, Part]]:
        SECTIONS[name] = Section(name, parts)
        return parts

    return register
