"""What the user says of a file that is read, and chooses for one that is written."""

from dataclasses import dataclass
from typing import TypeVar

from gaugeflow.errors import UserError

__all__ = ["Given", "one_of"]

T = TypeVar("T")


@dataclass(frozen=True)
class Given:
    """What stands in no file, or is to be held against what stands there; None for what was not said.

    Attributes:
        shape: extents (x, ..., t).
        group: ``u1``, ``su2``, ...
        select: which configurations of an ensemble to read.
        layout: the axes of an array in their order, see :mod:`gaugeflow.io.arrays.layouts`.
        dataset: which array of a file that has several.
    """

    shape: tuple[int, ...] | None = None
    group: str | None = None
    select: slice | None = None
    layout: str | None = None
    dataset: str | None = None


def one_of(name: str, value: T, choices: tuple[T, ...]) -> T:
    """``value``. Raises UserError if it is none of the choices."""
    if value not in choices:
        raise UserError(f"{name}: expected {' or '.join(map(str, choices))}, got {value!r}")
    return value
