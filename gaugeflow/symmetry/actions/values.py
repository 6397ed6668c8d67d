"""Typed values: tensors together with how they are to be read, and nested tuples or dicts of them.

A function under test takes and returns plain tensors. A `Value` says what such a tensor is (links, electron
coordinates, an angle, ...), so that a group knows how to act on it. To add one, derive a frozen dataclass:

* its `Tensor` fields are what the function receives, every one with the batch as first axis;
* `validate` raises `ValueError` where a tensor cannot be read that way;
* `distance` and `magnitude` say how far apart two of them are and in which unit, where the maximum norm is wrong;
* an action is registered for it with `gaugeflow.symmetry.represent`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

__all__ = [
    "IGNORE",
    "TEXTS",
    "VALUES",
    "Tree",
    "Value",
    "batch_size",
    "call_raw",
    "device_of",
    "largest",
    "leaves",
    "map_columns",
    "map_leaves",
    "map_tensors",
    "normal_like",
    "raw_of",
    "take_entry",
    "value_type",
    "wide",
    "zip_leaves",
]

Tree = Any
"""A `Value`, or a tuple or dict of trees."""

IGNORE = "ignore"
"""Stands for a part of an output of which nothing is claimed."""

VALUES: dict[str, type[Value]] = {}
"""Every value type by its name in snake case, as the command line and the pytest marker spell it."""

TEXTS: dict[str, Callable[[str], Callable[..., Value]]] = {}
"""Regular expressions of texts that say a value type, such as "2x0e+1x1o", and what makes the type of such a text."""


@dataclass(frozen=True, eq=False)
class Value:
    """One tensor per entry of a batch, and how it is read. `data` has shape `(batch, ...)`."""

    data: Tensor
    name: ClassVar[str] = "value"

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        if not abstract:
            VALUES[cls.name] = cls

    def __post_init__(self) -> None:
        if not isinstance(self.data, Tensor):
            kind = f"{type(self.data).__module__.split('.')[0]} {type(self.data).__name__}".removeprefix("builtins ")
            raise TypeError(f"{self.name}: expected a torch tensor, got {kind}; torch.as_tensor makes one")
        for tensor in self.tensors:
            if tensor.ndim == 0:
                raise ValueError(f"{self.name}: expected a tensor with a batch axis, got a number without axes")
        self.validate()

    def validate(self) -> None:
        """Raise `ValueError` if the tensors do not fit this type."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensor fields that are set, in order."""
        return tuple(value for _, value in self._tensor_items())

    def _tensor_items(self) -> list[tuple[str, Tensor]]:
        items = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, value) for name, value in items if isinstance(value, Tensor)]

    def map(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """The same value with `fn` applied to every tensor."""
        return replace(self, **{name: fn(tensor) for name, tensor in self._tensor_items()})

    def with_data(self, data: Tensor) -> Self:
        return replace(self, data=data)

    def raw(self) -> Any:
        """What the function under test receives: the tensor, or a tuple where there are several."""
        tensors = self.tensors
        return tensors[0] if len(tensors) == 1 else tensors

    def by_channel(self, tensor: Tensor) -> Tensor:
        """A tensor of this shape as `(batch, channels, ...)`: channels have their own scales and are judged apart."""
        return tensor.reshape(len(tensor), 1, -1)

    def distance(self, other: Self) -> Tensor:
        """Largest absolute difference in each entry of the batch and each channel, `(batch, channels)`, in float64."""
        return torch.cat([largest(self.by_channel(d)) for d in self.differences(other)], dim=1)

    def differences(self, other: Self) -> list[Tensor]:
        """The signed differences of which `distance` takes the modulus, in float64 or complex128."""
        return [wide(a) - wide(b) for a, b in zip(self.tensors, other.tensors, strict=True)]

    def magnitude(self) -> Tensor:
        """The unit of `distance`, `(batch, channels)`: the largest absolute component."""
        return torch.cat([largest(self.by_channel(wide(a))) for a in self.tensors], dim=1)

    def is_finite(self) -> bool:
        return all(bool(torch.isfinite(t).all()) for t in self.tensors)

    def random_like(self, generator: torch.Generator) -> Self:
        """A random example of the same shape, in the wide dtype."""
        return self.map(lambda t: normal_like(t, generator))

    def sizes(self) -> dict[str, int]:
        """The extents that may shrink, by name: lattice extents, the number of particles."""
        return {}

    def narrow(self, name: str, size: int) -> Self:
        """The same value with the extent `name` cut to `size`."""
        raise KeyError(name)

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        """The ways in which an activation inside a network may be a value of this type, none by default."""
        yield from ()


def wide(tensor: Tensor) -> Tensor:
    """float64 or complex128 of any tensor, integers and booleans included."""
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def largest(channels: Tensor) -> Tensor:
    """The largest modulus behind the first two axes."""
    flat = channels.abs().reshape(*channels.shape[:2], -1) if channels.numel() else channels.abs()[..., :1]
    return flat.amax(2) if flat.shape[2] else flat.new_zeros(flat.shape[:2])


def normal_like(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Normal numbers with the root mean square of `tensor`, positive where it is; integers are shuffled."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)
    dtype = wide(tensor).dtype
    noise = torch.randn(tensor.shape, dtype=dtype, generator=generator).to(tensor.device)
    rms = wide(tensor).abs().square().mean().sqrt()
    noise = noise * torch.where(rms > 0, rms, torch.ones_like(rms))
    if not tensor.is_complex() and bool((tensor >= 0).all()) and bool((tensor > 0).any()):
        return noise.abs()
    return noise


def leaves(tree: Tree) -> list[Value]:
    """The values of a tree from left to right."""
    if isinstance(tree, Value):
        return [tree]
    if isinstance(tree, Mapping):
        return [leaf for branch in tree.values() for leaf in leaves(branch)]
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in leaves(branch)]
    raise TypeError(
        f"expected a Value or a tuple or dict of them, got {type(tree).__name__}; "
        f"wrap tensors in one of {', '.join(sorted(VALUES))}"
    )


def map_leaves(fn: Callable[[Value], Any], tree: Tree) -> Any:
    """The tree with `fn` applied to every value."""
    if isinstance(tree, Value):
        return fn(tree)
    if isinstance(tree, Mapping):
        return {key: map_leaves(fn, branch) for key, branch in tree.items()}
    return tuple(map_leaves(fn, branch) for branch in tree)


def map_columns(fn: Callable[[list[Tensor]], Tensor], trees: list[Tree]) -> Tree:
    """The first of several trees of one form, with `fn` of the tensors that stand at each place in all of them."""
    listed: list[list[Tensor]] = [[] for _ in trees]
    for tree, found in zip(trees, listed, strict=True):
        map_tensors(lambda t, found=found: (found.append(t), t)[1], tree)  # type: ignore[misc]
    columns = iter([fn(list(column)) for column in zip(*listed, strict=True)])
    return map_tensors(lambda _: next(columns), trees[0])


def map_tensors(fn: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    return map_leaves(lambda leaf: leaf.map(fn), tree)


def zip_leaves(left: Tree, right: Tree) -> Iterable[tuple[Value, Value]]:
    return zip(leaves(left), leaves(right), strict=True)


def batch_size(tree: Tree) -> int:
    """The common length of the first axes; a `ValueError` where they differ or nothing is in the batch."""
    sizes = {tensor.shape[0] for leaf in leaves(tree) for tensor in leaf.tensors}
    if len(sizes) != 1:
        raise ValueError(f"expected one batch size in all values, got {sorted(sizes)}")
    if 0 in sizes:
        raise ValueError("expected at least one entry in the batch, got none")
    return sizes.pop()


def device_of(tree: Tree) -> torch.device:
    """The device of the first tensor."""
    return leaves(tree)[0].tensors[0].device


def raw_of(x: Tree) -> Any:
    """The plain tensors of `x` in the same nesting."""
    return map_leaves(lambda leaf: leaf.raw(), x)


def take_entry(raw: Any, index: int) -> Any:
    """One entry of every plain tensor, without the batch axis."""
    if isinstance(raw, Tensor):
        return raw[index]
    if isinstance(raw, Mapping):
        return {key: take_entry(part, index) for key, part in raw.items()}
    return tuple(take_entry(part, index) for part in raw)


def call_raw(f: Callable[..., Any], raw: Any) -> Any:
    """`f` on plain tensors: a tuple becomes arguments, a dict keyword arguments."""
    if isinstance(raw, tuple):
        return f(*raw)
    if isinstance(raw, dict):
        return f(**raw)
    return f(raw)


def value_type(spec: Any) -> Callable[..., Value]:
    """The constructor meant by a value type, its name in snake case, a text that says it, or a partial of it."""
    if isinstance(spec, str):
        return VALUES[spec] if spec in VALUES else _said_by(spec)
    if isinstance(spec, (type, partial)) or callable(spec):
        return spec
    raise TypeError(f"expected a value type, its name, or a tuple or dict of them, got {spec!r}")


def _said_by(text: str) -> Callable[..., Value]:
    for pattern, make in TEXTS.items():
        if re.fullmatch(pattern, text):
            return make(text)
    raise ValueError(f"expected one of the value types {', '.join(sorted([*VALUES, IGNORE]))}, got {text!r}")
