"""What all routes share: a function, how its inputs and outputs are read, a group, and the sum over chosen elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.groups import Element, Group, group_named
from gaugeflow.symmetry.actions.values import (
    Tree,
    Value,
    batch_size,
    call_raw,
    leaves,
    map_columns,
    map_leaves,
    raw_of,
    zip_leaves,
)
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.routes.choices.chosen import Chosen, rows_of
from gaugeflow.symmetry.routes.values.reading import precision_of, read, read_call, require_actions, written_like
from gaugeflow.symmetry.routes.values.sums import summed

__all__ = ["Route", "joined"]


class Route(nn.Module):
    """An equivariant function made of any function: the sum of weight D_Y(g) f(D_X(g)^-1 x) over elements g.

    A route says in `chosen(x)` which elements it takes for each entry and with which weights. It is a module, plain
    tensors go in and come out, as for `f` itself, and the attributes of `f` are its own. It says its symmetry, so that
    `check(route, x)` needs nothing else, and the number of evaluations of `f` for each entry, `cost(x)`.

    Groups that are so only up to another one need an `f` that has that other symmetry, as of a route inside: the centre
    acts on one time slice or on another, which differ by a gauge transformation. U(1) links reach `f` as angles in
    [-pi, pi).

    Args:
        f: any function of tensors with a batch axis, or a module.
        types: how its input is read: a value type, its name, a partial of it; a tuple for several arguments, a dict
            for keyword arguments.
        group: a group or its name.
        out: how its output is read, likewise.
        chunk_size: the number of evaluations of `f` in one batch, all of them if None.

    Raises:
        NoAction: the group cannot act on one of the types.
        TypeError: half precision; outputs that cannot be added.
        ValueError: an input or output that does not fit its type; a function that returns other shapes for moved
            inputs.
    """

    def __init__(
        self, f: Callable[..., Any], types: Any, group: Group | str, *, out: Any, chunk_size: int | None = None
    ) -> None:
        super().__init__()
        if not callable(f):
            raise TypeError(f"expected a function of tensors, got a {type(f).__name__}")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"expected a chunk_size of 1 or more, got {chunk_size}")
        self.f = f
        self.types, self.group, self.out, self.chunk_size = types, group_named(group), out, chunk_size
        require_actions(self.group, types, out)

    @property
    def symmetry(self) -> tuple[Group, Any, Any]:
        """(group, types, out), as `check` reads it."""
        return self.group, self.types, self.out

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "f" or name.startswith("__"):
                raise
            return getattr(self.f, name)

    def chosen(self, x: Tree) -> Chosen:
        """The elements for each entry of the typed input `x`, with their weights."""
        raise NotImplementedError(f"{type(self).__name__} must say which elements it takes: chosen(x)")

    def cost(self, *args: Any, **kwargs: Any) -> float:
        """Evaluations of `f` for each entry of this input, on average."""
        x = self._read(args, kwargs)
        return len(self.chosen(x)) / batch_size(x)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The equivariant output, plain tensors as from `f`."""
        x = self._read(args, kwargs)
        chosen = self._cast(self.chosen(x), x)
        raw, y = self._evaluated(x, chosen)
        return written_like(raw, summed(y, chosen.entry, chosen.weight, batch_size(x)))

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tree:
        x = read_call(self.types, args, kwargs)
        precision_of(x)
        return x

    def _cast(self, chosen: Chosen, x: Tree) -> Chosen:
        dtype = precision_of(x)
        return chosen.map(lambda t: cast(t, dtype))

    def _evaluated(self, x: Tree, chosen: Chosen) -> tuple[Any, Tree]:
        """The last plain output, and D_Y(g) f(D_X(g)^-1 x) for every pair, `(pairs, ...)`."""
        raws, parts = [], []
        for rows in chosen.slices(self.chunk_size):
            g, entry = chosen.element.take(rows), chosen.entry[rows]
            moved = map_leaves(_wrapped, g.inverse()(rows_of(x, entry)))
            raws.append(call_raw(self.f, raw_of(moved)))
            parts.append(self._returned(g, self._typed(raws[-1], len(entry))))
        return raws[-1], joined(parts)

    def _typed(self, raw: Any, size: int) -> Tree:
        y = read(self.out, raw, "output")
        for leaf in leaves(y):
            for tensor in leaf.tensors:
                if tensor.shape[0] != size:
                    raise ValueError(
                        f"output: expected {size} entries along the first axis, one for each moved input, got shape "
                        f"{tuple(tensor.shape)}"
                    )
        return y

    def _returned(self, g: Element, y: Tree) -> Tree:
        """D_Y(g) y."""
        try:
            return g(y)
        except (RuntimeError, IndexError) as error:
            shapes = [tuple(t.shape) for leaf in leaves(y) for t in leaf.tensors]
            raise ValueError(f"output: {self.group.label()} cannot act on an output of shape {shapes}") from error


def _wrapped(leaf: Value) -> Value:
    """Angles of links in [-pi, pi), whatever a transformation has added to them."""
    if not (isinstance(leaf, Links) and leaf.is_abelian):
        return leaf
    return leaf.with_data(torch.remainder(leaf.data + math.pi, 2 * math.pi) - math.pi)


def joined(parts: list[Tree]) -> Tree:
    """The chunks one behind the other; a `ValueError` where a moved input gives another shape."""
    if len(parts) == 1:
        return parts[0]
    for part in parts[1:]:
        for a, b in zip_leaves(parts[0], part):
            shapes = [[tuple(t.shape[1:]) for t in leaf.tensors] for leaf in (a, b)]
            if shapes[0] != shapes[1]:
                raise ValueError(
                    f"output: expected one shape for all moved inputs, got entries of shape {shapes[0]} for some and "
                    f"{shapes[1]} for others"
                )
    return map_columns(torch.cat, parts)
