"""The difference of two actions, looked at only where they differ."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, group_of
from gaugeflow.kernels import Path
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.lattice.profiles.walks import Walk, flat_links, product_of

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

    walk: Walk
    weights: Tensor
    """How much the actions differ in each loop, ``(n,)``."""

    def traces(self, group: Group, links: Tensor) -> Tensor:
        """``Re (1/N) tr`` of the loops, ``(batch, n)``, of links ``(batch, D, *shape, ...)``."""
        passed, backward = self.walk.links(flat_links(group, links)), self.walk.backward
        half = len(passed) // 2
        there = product_of(group, passed[:half], backward[:half])
        back = product_of(group, passed[half:][::-1], [not against for against in backward[half:][::-1]])
        if not group.element_shape:
            return torch.cos(there - back)
        return (torch.view_as_real(there) * torch.view_as_real(back)).flatten(2).sum(2) / group.n


def _alike(found: list[tuple[Path, Tensor, Tensor]], shape: tuple[int, ...]) -> list[_Loops]:
    """Loops of the same directions together."""
    together: dict[tuple[bool, ...], list[tuple[Tensor, Tensor]]] = {}
    for loop, sites, weights in found:
        backward, places = Walk.along(loop, [0] * len(shape), sites, shape)
        together.setdefault(backward, []).append((places, weights))
    return [
        _Loops(Walk(backward, torch.cat([places for places, _ in parts], 1)), torch.cat([w for _, w in parts]))
        for backward, parts in together.items()
    ]


def _weights(action: LoopAction, shape: tuple[int, ...]) -> Mapping[Path, Tensor]:
    """The weight of every loop of an action from every site, float64 ``shape`` each."""
    coefficients: Counter[Path] = Counter()
    for loop, c in action.loops:
        coefficients[loop] += c  # type: ignore[assignment]
    ones = torch.ones(shape, dtype=torch.float64)
    return {loop: c * (action.profile(shape, loop) if action.profile else ones) for loop, c in coefficients.items()}
