"""The difference of two actions, looked at only where they differ."""

from collections import Counter
from collections.abc import Mapping

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
        self._terms: dict[tuple[int, ...], list[tuple[Path, Tensor, Tensor]]] = {}

    def __call__(self, field: Tensor) -> Tensor:
        """One number for each configuration in double precision, ``(batch,)``; differentiable."""
        group, shape = group_of(field), lattice_shape(field)
        if shape not in self._terms:
            self._terms[shape] = self._differing(shape)
        total = torch.zeros(len(field), dtype=torch.float64, device=field.device)
        for loop, sites, weights in self._terms[shape]:
            traces = traces_at(group, field, loop, sites.to(field.device))
            total = total + (1 - traces.real.double()) @ weights.to(field.device)
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


def traces_at(group: Group, links: Tensor, loop: Path, sites: Tensor) -> Tensor:
    """``(1/N) tr`` of a loop from chosen sites ``(n, D)`` alone: ``(batch, n)``."""
    extents = torch.tensor(lattice_shape(links), device=links.device)
    product: Tensor | None = None
    for axis, backward, place in visited_links(loop, [0] * len(extents)):
        owners = (sites + torch.tensor(place, device=links.device)) % extents
        link = links[:, axis][(slice(None), *owners.T)]
        link = group.dagger(link) if backward else link
        product = link if product is None else group.mul(product, link)
    assert product is not None  # a loop has links
    return group.trace(product)


def _weights(action: LoopAction, shape: tuple[int, ...]) -> Mapping[Path, Tensor]:
    """The weight of every loop of an action from every site, float64 ``shape`` each."""
    coefficients: Counter[Path] = Counter()
    for loop, c in action.loops:
        coefficients[loop] += c  # type: ignore[assignment]
    ones = torch.ones(shape, dtype=torch.float64)
    return {loop: c * (action.profile(shape, loop) if action.profile else ones) for loop, c in coefficients.items()}
