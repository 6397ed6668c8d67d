"""What a masked layer may look at: the field with its active links replaced by frozen ones."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaugeflow.flows.coupling.masks import Mask
from gaugeflow.groups import Group
from gaugeflow.kernels import Path

__all__ = ["LoopFeatures", "conjugate", "frozen_links", "lines_at", "midpoint", "staples_at", "with_active"]


def lines_at(links: Tensor, mask: Mask, group: Group, path: Path, start: Sequence[int] | None = None) -> Tensor:
    """The ordered product along a path from every active site, or from ``start`` relative to it, and nowhere else.

    ``(batch, n_offsets, *coarse, ...)``.
    """
    place, product = list(start or (0,) * mask.ndim), None
    for step in path:
        axis = abs(step) - 1
        if step < 0:
            place[axis] -= 1
        u = mask.select(links[:, axis], place)
        if step < 0:
            u = group.dagger(u)
        else:
            place[axis] += 1
        product = u if product is None else group.mul(product, u)
    assert product is not None  # the paths of masks have steps
    return product


def staples_at(links: Tensor, mask: Mask, group: Group, paths: Sequence[Path]) -> Tensor:
    """Staples of every active link, from x + mu back to x: ``(n_paths, batch, n_offsets, *coarse, ...)``."""
    ahead = [int(axis == mask.axis) for axis in range(mask.ndim)]
    return torch.stack([lines_at(links, mask, group, path, ahead) for path in paths])


def midpoint(group: Group, a: Tensor, b: Tensor, share: float = 0.5) -> Tensor:
    """The element half way along the geodesic from a to b, ``a (a^dagger b)^share``, or at another share of the way.

    With a, b staples of a link U, ``U midpoint`` is where the action of the two plaquettes is smallest. Covariant,
    charge conjugation included; on the cut, where two eigenvalues of ``a^dagger b`` meet at -1, one side is taken.
    """
    return group.mul(a, group.exp(share * group.log(group.mul(group.dagger(a), b))))


def frozen_links(links: Tensor, mask: Mask, group: Group, middle: Tensor) -> Tensor:
    """The links with each active one replaced by the inverse of its middle staple.

    The replacement leads from x to x + mu too, so any gauge-equivariant function of the result is one of frozen
    links alone.
    """
    return with_active(links, mask, group, group.dagger(middle))


def with_active(links: Tensor, mask: Mask, group: Group, active: Tensor) -> Tensor:
    """The links with the active ones replaced, ``(batch, n_offsets, *coarse, ...)``; angles are wrapped."""
    parts = list(links.unbind(1))
    parts[mask.axis] = mask.place(parts[mask.axis], active if group.element_shape else group.project(active))
    return torch.stack(parts, 1)


class LoopFeatures(nn.Module):
    """Traces of small loops of frozen links at every active site: the simplest conditioner.

    The loops of the first staple with every other one, ``S_1^dagger S_j``, and the plaquettes in planes without the
    active direction. Real parts, and imaginary ones unless the group is SU(2), whose traces are real.
    """

    def __init__(self, group: Group, mask: Mask) -> None:
        super().__init__()
        self.group, self.mask = group, mask
        self.staples, self.plaquettes = mask.surroundings(), mask.plaquettes()
        count = len(self.staples) - 1 + len(self.plaquettes)
        self.channels = count * (1 if group.n == 2 else 2)

    def forward(self, links: Tensor) -> Tensor:
        """Links to real ``(batch, n_offsets, *coarse, channels)``."""
        first, *others = staples_at(links, self.mask, self.group, self.staples)
        loops = [self.group.mul(self.group.dagger(first), other) for other in others]
        loops += [lines_at(links, self.mask, self.group, path) for path in self.plaquettes]
        traces = torch.stack([self.group.trace(loop) for loop in loops], -1)
        return traces.real if self.group.n == 2 else torch.cat((traces.real, traces.imag), -1)


def conjugate(links: Tensor) -> Tensor:
    """Charge conjugation ``U -> U^*``, of angles the change of sign."""
    return links.conj().resolve_conj() if links.is_complex() else -links
