"""Groups, their random elements, and the registry that says how a group acts on a value type.

To add a group, derive `Group`, give it a `name`, and draw its elements: a dict of tensors with the number of elements
as first axis. To add an action, write one function and register it::

    @represent(MyGroup, Links)
    def _(g: dict[str, Tensor], links: Links) -> Links: ...

An action is looked up along the base classes of the group and of the value, the group first. What a group leaves
alone is said once, by `trivial`, and what it cannot act on by `refused`, with the reason. `Scalars`, `SignedLog`,
`Angles` and `PolyakovLoop` are left alone by any group that says nothing about them, `Invariants` by all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.scalars import Invariants, PolyakovLoop, Scalars, SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, device_of, map_leaves

__all__ = ["GROUPS", "Element", "Group", "NoAction", "Product", "group_named", "refused", "represent", "trivial"]

Parameters = dict[str, Tensor]
Action = Callable[..., Any]

GROUPS: dict[str, Callable[[], Group]] = {}
"""Groups by the name that the command line and the pytest marker spell; `*` makes products of them."""

_ACTIONS: dict[tuple[type, type], Action] = {}
_REASONS: dict[tuple[type, type], str] = {}


class NoAction(ValueError):
    """A group has no registered action on a value type."""


class Group:
    """A symmetry group: how to draw its elements. How they act is registered with `represent`."""

    name: ClassVar[str] = "group"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        """`size` random elements that can act on `x`, each tensor with first axis `size`, real ones in float64."""
        raise NotImplementedError(f"{type(self).__name__} must say how its elements are drawn")

    def parts(self) -> tuple[Group, ...]:
        """The factors of a product; the group itself otherwise."""
        return (self,)

    def order(self, x: Tree) -> int | None:
        """The number of elements that act on `x`, None where it is infinite or not worth counting."""
        return None

    def label(self) -> str:
        return self.name

    def __mul__(self, other: Group) -> Product:
        return Product(*self.parts(), *other.parts())

    def element(self, x: Tree, size: int, generator: torch.Generator) -> Element:
        drawn = [(part, part.draw(x, size, generator)) for part in self.parts()]
        device = device_of(x)
        return Element(tuple(drawn)).map(lambda t: t.to(device))


class Product(Group):
    """A product of groups: independent elements, the first factor acts first."""

    name = "product"

    def __init__(self, *factors: Group) -> None:
        if not factors:
            raise ValueError("expected at least one factor in a product of groups, got none")
        self.factors = tuple(part for factor in factors for part in factor.parts())

    def parts(self) -> tuple[Group, ...]:
        return self.factors

    def label(self) -> str:
        return " * ".join(factor.label() for factor in self.factors)

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        raise TypeError("a product draws through its factors: use Product.element")


@dataclass(frozen=True)
class Element:
    """A batch of group elements: for every factor its parameters, tensors `(batch, ...)`."""

    factors: tuple[tuple[Group, Parameters], ...]

    def __call__(self, x: Tree) -> Tree:
        """D(g) x, entry by entry."""
        for group, parameters in self.factors:
            x = map_leaves(lambda v, g=group, p=parameters: find_action(type(g), type(v))(p, v), x)  # type: ignore[misc]
        return x

    def map(self, fn: Callable[[Tensor], Tensor]) -> Self:
        mapped = [(group, {key: fn(t) for key, t in parameters.items()}) for group, parameters in self.factors]
        return type(self)(tuple(mapped))

    def take(self, index: Tensor | slice) -> Self:
        return self.map(lambda t: t[index])

    def describe(self) -> dict[str, Any]:
        """The first element in plain numbers; tensors of more than 64 numbers by their shape only."""
        plain: dict[str, Any] = {}
        for group, parameters in self.factors:
            for key, tensor in parameters.items():
                plain[f"{group.name}.{key}"] = _plain(tensor[0])
        return plain


def _plain(tensor: Tensor) -> Any:
    if tensor.numel() > 64:
        return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).tolist()


def represent(group: type[Group], value: type[Value]) -> Callable[[Action], Action]:
    """Register `action(parameters, value) -> value` as the action of `group` on `value`."""

    def register(action: Action) -> Action:
        _ACTIONS[group, value] = action
        return action

    return register


def trivial(group: type[Group], *values: type[Value]) -> None:
    """Declare that `group` leaves these values alone."""
    for value in values:
        represent(group, value)(unchanged)


def refused(group: type[Group], *values: type[Value], reason: str) -> None:
    """Declare that `group` cannot act on these values, and why."""
    for value in values:
        _REASONS[group, value] = reason


def find_action(group: type[Group], value: type[Value]) -> Action:
    """The registered action, searched along the base classes of both; `NoAction` where there is none."""
    if issubclass(value, Invariants):
        return unchanged
    for g in group.__mro__:
        for v in value.__mro__:
            if (g, v) in _REASONS:
                raise NoAction(f"the group {group.name!r} has no action on {value.name}: {_REASONS[g, v]}")
            if (g, v) in _ACTIONS:
                return _ACTIONS[g, v]
    known = sorted({v.__name__ for g, v in _ACTIONS if issubclass(group, g)})
    raise NoAction(
        f"the group {group.name!r} has no action on {value.name}: it acts on {', '.join(known)}; "
        f"register one with @represent({group.__name__}, {value.__name__})"
    )


def acts_on(group: Group, value: type[Value]) -> bool:
    try:
        return all(find_action(type(part), value) is not None for part in group.parts())
    except NoAction:
        return False


def group_named(name: str | Group) -> Group:
    """The group of a name such as "gauge" or "translations * charge"; a group is returned as it is."""
    if isinstance(name, Group):
        return name
    if not isinstance(name, str):
        kind = f"the class {name.__name__}: make a group of it, {name.__name__}()" if isinstance(name, type) else name
        raise TypeError(f"expected a group or the name of one, got {kind}")
    factors = [factor.strip() for factor in name.split("*")]
    for factor in factors:
        if factor not in GROUPS:
            raise ValueError(f"expected one of the groups {', '.join(sorted(GROUPS))}, got {factor!r}")
    groups = [GROUPS[factor]() for factor in factors]
    return groups[0] if len(groups) == 1 else Product(*groups)


def unchanged(_: Parameters, value: Value) -> Value:
    """The trivial action."""
    return value


trivial(Group, Scalars, SignedLog, PolyakovLoop, Invariants)
