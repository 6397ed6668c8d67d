"""Operations on a tensor done to its gradient, which has one axis more in front, at once for all directions.

An operation names axes; counted from the end they are the same for a tensor and for its gradient. What cannot be
written so goes direction by direction, through :func:`torch.vmap`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["aligned", "from_the_end", "on_gradient"]

Keywords = dict[str, Any]

AXES: dict[str, tuple[str, ...]] = {
    "sum": ("dim",),
    "mean": ("dim",),
    "squeeze": ("dim",),
    "unsqueeze": ("dim",),
    "flatten": ("start_dim", "end_dim"),
    "unflatten": ("dim",),
    "transpose": ("dim0", "dim1"),
    "unbind": ("dim",),
    "chunk": ("chunks", "dim"),
    "split": ("split_size_or_sections", "dim"),
    "gather": ("dim",),
    "index_select": ("dim",),
    "narrow": ("dim",),
    "cat": ("dim",),
    "stack": ("dim",),
}
"""The arguments behind the tensor, by position: those with an axis, and what stands before them."""
DEFAULTS = {"end_dim": -1}
NOT_AXES = {"chunks", "split_size_or_sections"}
NEW_AXIS = {"unsqueeze", "stack"}
WHOLE = {"neg", "to", "double", "float", "clone", "contiguous", "triu", "tril"}
"""Entry by entry, or on the last two axes."""
SIZES = {"reshape", "expand"}


def on_gradient(func: Callable[..., Any], gradient: Tensor, args: Sequence[Any], kwargs: Keywords) -> Any:
    """`func(x, *args, **kwargs)`, linear in x, for each direction of the gradient ``(K, ...)`` of x."""
    name = func.__name__.strip("_")
    if name in WHOLE:
        return func(gradient, *args, **kwargs)
    if name in SIZES and not kwargs:
        sizes = args[0] if len(args) == 1 and not isinstance(args[0], int) else args
        if name == "reshape" or len(sizes) == gradient.ndim - 1:
            return func(gradient, (len(gradient), *sizes))
    if name == "getitem" and (index := _with_directions(args[0])) is not None:
        return gradient[index]
    behind = from_the_end(name, args, kwargs, gradient.ndim - 1)
    if behind is None:
        return torch.vmap(lambda t: func(t, *args, **kwargs))(gradient)
    if name == "gather":
        dim, places = behind
        return func(gradient, dim, places.expand(len(gradient), *places.shape))
    return func(gradient, *behind, **{key: value for key, value in kwargs.items() if key not in AXES[name]})


def from_the_end(name: str, args: Sequence[Any], kwargs: Keywords, ndim: int) -> list[Any] | None:
    """The arguments behind the tensor with its axes negative, all by position; None where they are not known."""
    names = AXES.get(name, ())
    known = {**DEFAULTS, **kwargs}
    if not names or any(key not in known for key in names[len(args) :]):
        return None
    found = list(args[: len(names)]) + [known[key] for key in names[len(args) :]]
    depth = ndim + (name in NEW_AXIS)
    negative = [value if key in NOT_AXES else _negative(value, depth) for key, value in zip(names, found, strict=True)]
    return None if None in negative else [*negative, *args[len(names) :]]


def _negative(axes: Any, ndim: int) -> Any:
    if isinstance(axes, int):
        return axes - ndim if axes >= 0 else axes
    if isinstance(axes, tuple | list):
        return tuple(_negative(axis, ndim) for axis in axes)
    return None


def _with_directions(index: Any) -> tuple[Any, ...] | None:
    """The index behind all directions; None where several of its entries would pick places together."""
    entries = index if isinstance(index, tuple) else (index,)
    picking = [entry for entry in entries if isinstance(entry, Tensor | list)]
    if len(picking) > 1 or (picking and any(isinstance(entry, int) for entry in entries)):
        return None
    return (slice(None), *entries)


def aligned(gradient: Tensor, ndim: int) -> Tensor:
    """The gradient of a tensor that meets one of `ndim` axes, for broadcasting behind the directions."""
    missing = ndim + 1 - gradient.ndim
    return gradient[(slice(None), *[None] * missing)] if missing > 0 else gradient
