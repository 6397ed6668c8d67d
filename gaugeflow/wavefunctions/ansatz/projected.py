"""One irreducible part of a trained wavefunction under a point group."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import Scaled, signed_log_sum
from gaugeflow.wavefunctions.point_groups import PointGroup
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["Projected"]


class Projected(Wavefunction):
    """``(P psi)(x) = (d/|G|) sum_g chi(g) psi(g x)``, the part of psi with the character chi.

    Terms are added by their logarithms and signs. For after the training: projecting in it destabilises it in the
    continuum (arXiv:2502.05318), and optimisers refuse it.

    Args:
        psi: antisymmetric, as every wavefunction; so is its part, as a motion moves all particles.
        group: of motions that keep the potential.
        character: the name of an irreducible part, see `PointGroup.sectors`.

    Raises:
        UserError: a group of another dimension, or a part that it does not have.
    """

    rotations: Tensor
    shifts: Tensor
    weights: Tensor
    untrained: ClassVar[str] = "projecting in the training destabilises it (arXiv:2502.05318): project what was trained"

    def __init__(self, psi: Wavefunction, group: PointGroup, character: str) -> None:
        super().__init__(psi.particles)
        if len(group.centre) != psi.particles.dimension:
            raise UserError(f"projected: expected a centre in {psi.particles.dimension}D, came {len(group.centre)}D")
        if character not in group.sectors:
            raise UserError(
                f"projected: expected one of {', '.join(group.sectors)} of {group.symbol}, got {character!r}"
            )
        self.psi, self.group, self.character = psi, group, character
        motions = group.every(())
        self.register_buffer("rotations", motions["rotation"], persistent=False)
        self.register_buffer("shifts", motions["shift"], persistent=False)
        self.register_buffer("weights", group.sectors[character], persistent=False)

    def log_psi(self, x: Any) -> LogPsi:
        found = [
            self.psi(x @ rotation.mT.to(x.dtype) + shift.to(x.dtype))
            for rotation, shift in zip(self.rotations, self.shifts, strict=True)
        ]
        log, sign = torch.stack([f.log for f in found], -1), torch.stack([f.sign for f in found], -1)
        top = log.detach().amax(-1, keepdim=True)
        mantissa = (log - top).exp() * (sign * self.weights.to(sign))
        return LogPsi(*signed_log_sum(Scaled(mantissa, top.expand(log.shape))))
