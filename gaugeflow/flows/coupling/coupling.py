"""Gauge-equivariant coupling layers: an active loop is changed as frozen loops tell, and the link with it."""

from collections.abc import Sequence

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.frozen import (
    LoopFeatures,
    conjugate,
    frozen_links,
    midpoint,
    staples_at,
    with_active,
)
from gaugeflow.flows.coupling.masks import Mask
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.flows.coupling.transform import LoopTransform
from gaugeflow.groups import Group
from gaugeflow.lattice.fields import check_links, lattice_shape

__all__ = ["Context", "Coupling", "check_field"]


class Context(nn.Module):
    """The neighbourhood of every active link in numbers: gauge invariants of frozen links, and a network on them.

    Args:
        group: whose links.
        mask: where the active links are; the network sees them as a lattice of their own, the active sites of one
            period side by side.
        hidden: widths of the network for each active site of a period.
        kernel: odd extent of its stencil, in units of the mask's periods.
        generator: source of the weights.
        features: a module from links to gauge invariants ``(batch, n_features, *shape)``, such as an L-CNN, and their
            number; :class:`~gaugeflow.flows.coupling.frozen.LoopFeatures` by default.
        dtype: of the parameters.

    Attributes:
        channels: how many numbers each link gets.
    """

    def __init__(
        self,
        group: Group,
        mask: Mask,
        hidden: Sequence[int],
        kernel: int,
        generator: torch.Generator,
        features: tuple[nn.Module, int] | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.mask, sites = mask, len(mask.offsets)
        self.features = LoopFeatures(group, mask) if features is None else _AtActiveSites(mask, *features)
        inputs = sites * self.features.channels
        self.network = PeriodicNetwork(mask.ndim, inputs, [sites * h for h in hidden], kernel, generator, dtype)
        self.channels = hidden[-1]

    def forward(self, links: Tensor) -> Tensor:
        """Frozen links to ``(batch, n_offsets, *coarse, channels)``."""
        invariants = self.features(links)
        merged = invariants.movedim(1, -2).flatten(-2)
        return self.network(merged).unflatten(-1, (-1, self.channels)).movedim(-2, 1)


class _AtActiveSites(nn.Module):
    """A module from links to ``(batch, channels, *shape)``, and of these the active sites."""

    def __init__(self, mask: Mask, features: nn.Module, channels: int) -> None:
        super().__init__()
        self.mask, self.features, self.channels = mask, features, channels

    def forward(self, links: Tensor) -> Tensor:
        return self.mask.select(self.features(links).movedim(1, -1))


class Coupling(Flow):
    """``U -> P' S^dagger`` on the active of links ``(batch, D, *shape, ...)``, with the loop ``P = U S``, its image P'.

    S is the midpoint of the two staples of U, so that the identity is where P wants to be at weak coupling, and P' is
    a bijection of P that commutes with conjugation. Its parameters depend on frozen links alone, so the Jacobian is
    triangular, link by link. Whatever the precision of the field, loops are moved in double precision, since splines
    with steep pieces do not invert in single: only networks and the links that come out are in the field's own.

    Args:
        group: of the links.
        mask: the active links and their staples.
        context: from frozen links to the context of the transform.
        transform: the bijection of the loops.
        charge: commute with charge conjugation, for which the context is evaluated twice.
        share: where S lies between the two staples. At the ends of the way, 0 and 1, the active loop is the one with
            either staple; a layer moves it along the geodesics through S^dagger, so that layers with different S
            turn the axis of the loop, which one alone cannot.

    Raises:
        UserError: at a call, links of another group, that the mask does not fit, or that are not finite.
    """

    def __init__(
        self,
        group: Group,
        mask: Mask,
        context: nn.Module,
        transform: LoopTransform,
        charge: bool = False,
        share: float = 0.5,
    ) -> None:
        super().__init__()
        self.group, self.mask, self.context, self.transform = group, mask, context, transform
        self.charge, self.share = charge, share

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(z, inverse=False)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(x, inverse=True)

    def _map(self, links: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        check_field(links, self.group, self.mask)
        precise = links.to(torch.complex128 if links.is_complex() else torch.float64)
        first, second = staples_at(precise, self.mask, self.group, self.mask.staples)
        middle = midpoint(self.group, first, second, self.share)
        coherence = self.group.trace(self.group.mul(self.group.dagger(first), middle)).real
        active = self.mask.select(precise[:, self.mask.axis])
        frozen = frozen_links(precise, self.mask, self.group, middle).to(links.dtype)
        images = (frozen, conjugate(frozen)) if self.charge else (frozen,)
        contexts = [self.context(image) for image in images]
        new, log_det = self.transform(self.group.mul(active, middle), contexts, coherence, inverse)
        moved = self.group.mul(new, self.group.dagger(middle))
        changed = with_active(precise, self.mask, self.group, moved).to(links.dtype)
        return changed, log_det.flatten(1).sum(1).to(links.real.dtype)

    def extra_repr(self) -> str:
        return f"{self.group.name}, axis {self.mask.axis}, offsets {self.mask.offsets} of {self.mask.periods}"


def check_field(links: Tensor, group: Group, mask: Mask) -> None:
    """Raises ``UserError`` unless a layer of this group and mask can work on the links."""
    found = check_links(links)
    if found != group:
        raise UserError(f"flow layer: expected {group.name} links, got {found.name} links")
    mask.check(lattice_shape(links))
    if not bool(torch.isfinite(torch.view_as_real(links) if links.is_complex() else links).all()):
        raise UserError(f"flow layer: expected finite links, got NaN or infinity in a field of {group.name}")
