"""Choices of a user, checked."""

from typing import TypeVar

from gaugeflow.errors import UserError

__all__ = ["one_of"]

T = TypeVar("T")


def one_of(name: str, value: T, choices: tuple[T, ...]) -> T:
    """``value``. Raises UserError if it is none of the choices."""
    if value not in choices:
        raise UserError(f"{name}: expected {' or '.join(map(str, choices))}, got {value!r}")
    return value
