"""Products of links along one path from chosen sites, and from no others."""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.groups import Group
from gaugeflow.kernels import Path
from gaugeflow.kernels.tables import visited_links

__all__ = ["Walk", "flat_links", "link_numbers", "product_of"]


class Walk(NamedTuple):
    """A path from each of n sites."""

    backward: tuple[bool, ...]
    """Whether a step goes against its link."""
    places: Tensor
    """Number of the link of each step, ``(steps, n)``, as in :func:`link_numbers`."""

    @classmethod
    def along(cls, path: Path, start: Sequence[int], sites: Tensor, shape: tuple[int, ...]) -> "Walk":
        """From `start` relative to each of the sites ``(n, D)``, on the torus."""
        steps = list(visited_links(path, start))
        places = [link_numbers(axis, sites + torch.tensor(place), shape) for axis, _, place in steps]
        return cls(tuple(against for _, against, _ in steps), torch.stack(places))

    def links(self, flat: Tensor) -> tuple[Tensor, ...]:
        """Those of each step, ``(batch, n, ...)``, of links as :func:`flat_links` gives them."""
        return flat.index_select(1, self.places.to(flat.device).flatten()).unflatten(1, self.places.shape).unbind(1)


def link_numbers(axis: int, sites: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Of the links along an axis from sites ``(n, D)``: counted axis by axis and site by site, ``(n,)``."""
    strides = torch.tensor([math.prod(shape[k + 1 :]) for k in range(len(shape))])
    return axis * math.prod(shape) + (sites % torch.tensor(shape) * strides).sum(1)


def flat_links(group: Group, links: Tensor) -> Tensor:
    """Links ``(batch, D, *shape, ...)`` in one row, ``(batch, D * volume, ...)``."""
    return links.flatten(1, links.ndim - len(group.element_shape) - 1)


def product_of(group: Group, links: Sequence[Tensor], backward: Sequence[bool]) -> Tensor:
    """The ordered product, the links of backward steps daggered."""
    factors = [group.dagger(u).resolve_conj() if against else u for u, against in zip(links, backward, strict=True)]
    return functools.reduce(group.mul, factors)
