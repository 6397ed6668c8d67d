"""Groups, their random elements, and the registry that says how a group acts on a value type.

To add a group, derive `Group`, give it a `name`, and draw its elements: a dict of tensors with the number of elements
as first axis. Say how two are multiplied (`compose`) and one is inverted (`inverse`), and list them all if they are
finitely many (`every`): routes and algebra need these, the checks draw alone. To add an action, write one function and
register it::

    @represent(MyGroup, Links)
    def _(g: dict[str, Tensor], links: Links) -> Links: ...

An action is looked up along the base classes of the group and of the value, the group first. What a group leaves
alone is said once, by `trivial`, and what it cannot act on by `refused`, with the reason. `Scalars`, `SignedLog`,
`Angles` and `PolyakovLoop` are left alone by any group that says nothing about them, `Invariants` by all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.scalars import Invariants, PolyakovLoop, Scalars, SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, device_of, map_leaves

__all__ = [
    "GROUPS",
    "Element",
    "Group",
    "InfiniteGroup",
    "NoAction",
    "Product",
    "group_named",
    "refused",
    "represent",
    "trivial",
]

Parameters = dict[str, Tensor]
Action = Callable[..., Any]

GROUPS: dict[str, Callable[[], Group]] = {}
"""Groups by the name that the command line and the pytest marker spell; `*` makes products of them."""

_ACTIONS: dict[tuple[type, type], Action] = {}
_REASONS: dict[tuple[type, type], str] = {}


class NoAction(ValueError):
    """A group has no registered action on a value type."""


class InfiniteGroup(ValueError):
    """All elements of a group are asked for, and they are infinitely many or too many to list."""


class Group:
    """A symmetry group: how to draw its elements. How they act is registered with `represent`."""

    name: ClassVar[str] = "group"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        """`size` random elements that can act on `x`, each tensor with first axis `size`, real ones in float64."""
        raise NotImplementedError(f"{type(self).__name__} must say how its elements are drawn")

    def inverse(self, g: Parameters) -> Parameters:
        """The parameters of g^-1, entry by entry."""
        raise NotImplementedError(f"{type(self).__name__} must say how its elements are inverted: inverse(g)")

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        """The parameters of g h, entry by entry: D(g h) = D(g) D(h), so that h acts first."""
        raise NotImplementedError(f"{type(self).__name__} must say how its elements are multiplied: compose(g, h)")

    def every(self, x: Tree) -> Parameters:
        """All elements of a finite group that can act on `x`, each once; `InfiniteGroup` where there is no end."""
        raise InfiniteGroup(f"expected a finite group where all elements are needed: {self.label()} is infinite")

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
        """`size` random elements, on the device of `x`."""
        drawn = [(part, part.draw(x, size, generator)) for part in self.parts()]
        device = device_of(x)
        return Element(tuple(drawn)).map(lambda t: t.to(device))

    def elements(self, x: Tree) -> Element:
        """All elements of a finite group or a product of such as one batch, each once; `InfiniteGroup` otherwise."""
        lists = [part.every(x) for part in self.parts()]
        places = torch.cartesian_prod(*(torch.arange(_length(each)) for each in lists)).reshape(-1, len(lists))
        factors = [
            (part, {key: t[places[:, i]] for key, t in each.items()})
            for i, (part, each) in enumerate(zip(self.parts(), lists, strict=True))
        ]
        device = device_of(x)
        return Element(tuple(factors)).map(lambda t: t.to(device))


class Product(Group):
    """A product of groups: independent elements, the first factor acts first. Its elements are words of theirs."""

    name = "product"

    def __init__(self, *factors: Group) -> None:
        if not factors:
            raise ValueError("expected at least one factor in a product of groups, got none")
        self.factors = tuple(part for factor in factors for part in factor.parts())

    def parts(self) -> tuple[Group, ...]:
        return self.factors

    def label(self) -> str:
        return " * ".join(factor.label() for factor in self.factors)

    def order(self, x: Tree) -> int | None:
        orders = [factor.order(x) for factor in self.factors]
        return None if None in orders else math.prod(n for n in orders if n is not None)

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        raise TypeError("a product draws through its factors: use Product.element")


@dataclass(frozen=True)
class Element:
    """A batch of group elements: words of factors, the first acts first, each with parameters `(batch, ...)`."""

    factors: tuple[tuple[Group, Parameters], ...]

    def __len__(self) -> int:
        return _length(self.factors[0][1])

    def __call__(self, x: Tree) -> Tree:
        """D(g) x, entry by entry."""
        for group, parameters in self.factors:
            x = map_leaves(lambda v, g=group, p=parameters: find_action(type(g), type(v))(p, v), x)  # type: ignore[misc]
        return x

    def inverse(self) -> Self:
        """g^-1: the inverses of the factors from the last to the first."""
        return type(self)(tuple((group, group.inverse(g)) for group, g in reversed(self.factors)))

    def __matmul__(self, other: Self) -> Self:
        """g h, where h acts first; elements of one and the same group are multiplied, others stand side by side."""
        if len(self.factors) == len(other.factors) == 1 and self.factors[0][0] is other.factors[0][0]:
            group, g = self.factors[0]
            return type(self)(((group, group.compose(g, other.factors[0][1])),))
        return type(self)(other.factors + self.factors)

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


def _length(g: Parameters) -> int:
    return len(next(iter(g.values())))


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
