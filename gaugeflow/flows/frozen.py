"""What a masked layer may look at: the field with its active links replaced by frozen ones."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaugeflow.flows.masks import Mask
from gaugeflow.groups import Group
from gaugeflow.kernels import Path, path_products
from gaugeflow.lattice.fields import shift
from gaugeflow.lattice.loops import loop_traces

__all__ = ["LoopFeatures", "conjugate", "frozen_links", "midpoint", "staples_at", "with_active"]


def staples_at(links: Tensor, mask: Mask, paths: Sequence[Path]) -> Tensor:
    """Staples of every active link, from x + mu back to x: ``(n_paths, batch, n_offsets, *coarse, ...)``."""
    products = path_products(links, paths)  # of every site from which they start
    return torch.stack([mask.select(shift(product, mask.axis)) for product in products])


def midpoint(group: Group, a: Tensor, b: Tensor) -> Tensor:
    """The element half way along the geodesic from a to b, ``a (a^dagger b)^(1/2)``.

    With a, b staples of a link U, ``U midpoint`` is where the action of the two plaquettes is smallest. Covariant,
    charge conjugation included; on the cut, where two eigenvalues of ``a^dagger b`` meet at -1, one side is taken.
    """
    return group.mul(a, group.exp(group.log(group.mul(group.dagger(a), b)) / 2))


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
    """The traces of the loops that a mask names, of the frozen links: the simplest conditioner.

    Real parts, and imaginary ones unless the group is SU(2), whose traces are real; for SU(N >= 4) a class has more
    invariants than these.
    """

    def __init__(self, group: Group, mask: Mask) -> None:
        super().__init__()
        self.group, self.paths = group, mask.loops()
        self.channels = len(self.paths) * (1 if group.n == 2 else 2)

    def forward(self, links: Tensor) -> Tensor:
        """Links to real ``(batch, channels, *shape)``."""
        traces = loop_traces(links, self.paths).movedim(0, 1)
        return traces.real if self.group.n == 2 else torch.cat((traces.real, traces.imag), 1)


def conjugate(links: Tensor) -> Tensor:
    """Charge conjugation ``U -> U^*``, of angles the change of sign."""
    return links.conj().resolve_conj() if links.is_complex() else -links
