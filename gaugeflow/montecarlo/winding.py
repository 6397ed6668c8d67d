"""Jumps between topological sectors of U(1) in two dimensions."""

import math

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import U1, group_of
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.montecarlo.sampler import Sampler, Within, check_start

__all__ = ["Winding", "flux_links"]


class Winding(Within):
    """Updates by another sampler, then jumps that add or take away one unit of charge, accepted by Metropolis.

    The links are multiplied by those of a constant field of total flux ``+-2 pi`` (:func:`flux_links`), both signs
    being as likely. Every plaquette turns by ``2 pi / V``, which costs about ``2 pi^2 beta / V``; so such jumps serve
    small lattices of two dimensions, and nothing else.

    Args:
        within: the sampler between the jumps; it has the action.
        action: what the jumps keep.
        jumps: how many after each update.

    Raises:
        UserError: fewer than one jump; on update another field than U(1) in two dimensions.
    """

    def __init__(self, within: Sampler, action: Action, jumps: int = 1) -> None:
        if jumps < 1:
            raise UserError(f"winding: expected at least one jump, got {jumps}")
        super().__init__(within)
        self.action, self.jumps = action, jumps

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """An update and its jumps; beside the diagnostics of the former ``jump_acceptance``, each ``(batch,)``."""
        check_start(self.action.space, field, generator)
        if not isinstance(group_of(field), U1) or field.shape[1] != 2:
            raise UserError(
                f"winding: expected U(1) in 2 dimensions, got {group_of(field).name} on {lattice_shape(field)}"
            )
        field, diagnostics = self.within.update(field, generator)
        accepted = torch.zeros(len(field), dtype=torch.float64, device=field.device)
        for _ in range(self.jumps):
            field, taken = self._jump(field, generator)
            accepted += taken
        return field, {**diagnostics, "jump_acceptance": accepted / self.jumps}

    def _jump(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        r = torch.rand(2, len(field), generator=generator, dtype=torch.float64, device=field.device)
        sign = torch.where(r[0] < 0.5, -1.0, 1.0).to(field)[:, None, None, None]
        proposal = wrap_angle(field + sign * flux_links(lattice_shape(field)).to(field))
        taken = r[1] < torch.exp(self.action(field) - self.action(proposal))
        return torch.where(taken[:, None, None, None], proposal, field), taken


def flux_links(shape: tuple[int, ...]) -> Tensor:
    """Angles of a constant field of charge 1 on a torus of two dimensions, ``(2, *shape)``.

    ``U_x = exp(-i phi t)`` and, in the last time slice, ``U_t = exp(i phi T x)`` with ``phi = 2 pi / V``.
    """
    length, extent = shape
    phi = 2 * math.pi / (length * extent)
    links = torch.zeros(2, length, extent, dtype=torch.float64)
    links[0] = -phi * torch.arange(extent)
    links[1, :, -1] = phi * extent * torch.arange(length)
    return links
