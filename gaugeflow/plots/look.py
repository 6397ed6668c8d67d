"""How figures are written: the format of their files, light or dark, and the line on top that says what was run."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from gaugeflow.errors import UserError

__all__ = ["FORMATS", "Look", "look", "present_look"]

FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Look:
    """What all figures of one call have in common.

    Raises:
        UserError: another format than PNG, SVG or PDF.
    """

    format: str = "png"
    dark: bool = False
    heading: str = ""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UserError(f"--format: expected one of {', '.join(FORMATS)}, came {self.format!r}")

    def file(self, path: Path) -> Path:
        """The path with the extension of the format."""
        return path.with_suffix(f".{self.format}")


_look: ContextVar[Look | None] = ContextVar("look", default=None)


def present_look() -> Look:
    """The look of a figure that is drawn now."""
    return _look.get() or Look()


@contextmanager
def look(chosen: Look) -> Iterator[None]:
    """Gives all figures inside the block this look."""
    token = _look.set(chosen)
    try:
        yield
    finally:
        _look.reset(token)
