"""The difference of two actions, looked at only where they differ."""

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, group_of
from gaugeflow.kernels import Path
from gaugeflow.kernels.tables import visited_links
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction

__all__ = ["Difference"]


class Difference:
    """``S_b - S_a`` of two sums of loops: two actions with different defects cost the loops of the defects.

    Args:
        a: the action that is taken away.
        b: the other one.

    Raises:
        UserError: actions of different dimensions.
    """

    def __init__(self, a: LoopAction, b: LoopAction) -> None:
        if a.ndim != b.ndim:
            raise UserError(f"difference of actions: expected one dimension, got {a.ndim} and {b.ndim}")
        self.a, self.b = a, b
        self._loops: dict[tuple[int, ...], list[_Loops]] = {}

    def __call__(self, field: Tensor) -> Tensor:
        """One number for each configuration in double precision, ``(batch,)``; differentiable."""
        group, shape = group_of(field), lattice_shape(field)
        if shape not in self._loops:
            self._loops[shape] = _alike(self._differing(shape), shape)
        total = torch.zeros(len(field), dtype=torch.float64, device=field.device)
        for loops in self._loops[shape]:
            total = total + (1 - loops.traces(group, field).double()) @ loops.weights.to(field.device)
        return total

    def _differing(self, shape: tuple[int, ...]) -> list[tuple[Path, Tensor, Tensor]]:
        """Each loop with the sites from which its weights differ, ``(n, D)``, and by how much, ``(n,)``."""
        before, after = _weights(self.a, shape), _weights(self.b, shape)
        found = []
        for loop in sorted({**before, **after}):
            weight = after.get(loop, 0) - before.get(loop, torch.zeros(shape, dtype=torch.float64))
            sites = torch.nonzero(weight)
            if len(sites):
                found.append((loop, sites, weight[tuple(sites.T)]))
        return found


class _Loops(NamedTuple):
    """Loops from chosen sites that pass their links in the same directions, so that one product serves all."""

    backward: tuple[bool, ...]
    """Whether a step goes against its link."""
    places: Tensor
    """Number of the link of each step among the links of a field, axis by axis and site by site, ``(steps, n)``."""
    weights: Tensor
    """How much the actions differ in each loop, ``(n,)``."""

    def traces(self, group: Group, links: Tensor) -> Tensor:
        """``Re (1/N) tr`` of the loops, ``(batch, n)``, of links ``(batch, D, *shape, ...)``."""
        flat = links.flatten(1, links.ndim - len(group.element_shape) - 1)
        passed = flat.index_select(1, self.places.to(links.device).flatten()).unflatten(1, self.places.shape).unbind(1)
        half = len(passed) // 2
        there = self._product(group, passed[:half], self.backward[:half])
        back = self._product(group, passed[half:][::-1], [not against for against in self.backward[half:][::-1]])
        if not group.element_shape:
            return torch.cos(there - back)
        return (torch.view_as_real(there) * torch.view_as_real(back)).flatten(2).sum(2) / group.n

    @staticmethod
    def _product(group: Group, links: Sequence[Tensor], backward: Sequence[bool]) -> Tensor:
        factors = [group.dagger(u).resolve_conj() if against else u for u, against in zip(links, backward, strict=True)]
        return functools.reduce(group.mul, factors)


def _alike(found: list[tuple[Path, Tensor, Tensor]], shape: tuple[int, ...]) -> list[_Loops]:
    """Loops of the same directions together."""
    extents = torch.tensor(shape)
    strides = torch.tensor([math.prod(shape[axis:]) for axis in range(len(shape) + 1)])
    together: dict[tuple[bool, ...], list[tuple[Tensor, Tensor]]] = {}
    for loop, sites, weights in found:
        steps = list(visited_links(loop, [0] * len(shape)))
        owners = [((sites + torch.tensor(place)) % extents).T for _, _, place in steps]
        axes = [torch.full((1, len(sites)), axis) for axis, _, _ in steps]
        places = torch.stack([torch.cat(pair) for pair in zip(axes, owners, strict=True)])
        numbers = (places * strides[:, None]).sum(1)
        backward = tuple(step[1] for step in steps)
        together.setdefault(backward, []).append((numbers, weights))
    return [
        _Loops(backward, torch.cat([places for places, _ in parts], 1), torch.cat([weights for _, weights in parts]))
        for backward, parts in together.items()
    ]


def _weights(action: LoopAction, shape: tuple[int, ...]) -> Mapping[Path, Tensor]:
    """The weight of every loop of an action from every site, float64 ``shape`` each."""
    coefficients: Counter[Path] = Counter()
    for loop, c in action.loops:
        coefficients[loop] += c  # type: ignore[assignment]
    ones = torch.ones(shape, dtype=torch.float64)
    return {loop: c * (action.profile(shape, loop) if action.profile else ones) for loop, c in coefficients.items()}
