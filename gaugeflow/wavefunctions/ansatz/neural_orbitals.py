"""Orbitals of a backbone: one particle's features, which know of all the others, times an envelope."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.ansatz.envelopes import Envelope
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.backbones.backbone import ParticleNetwork
from gaugeflow.wavefunctions.backbones.dense import Dense

__all__ = ["NeuralOrbitals"]

SMALL = 0.1
"""The size of the learned part at the start: training starts near the base or the envelopes, no two terms alike."""


class NeuralOrbitals(Orbitals):
    """``phi_km(i) = base_m(r_i) + (w_km . h_i + b_km) envelope_km(r_i)``, each spin with its own w, b and envelope.

    Args:
        base: fixed orbitals to start from, of the same sizes and one term; without them b = 1.
        envelopes: for up and down; without them orbitals fall off through a factor of the whole.
        generator: source of w, small beside what is there to start from.

    Raises:
        UserError: a base made for other particles.
    """

    def __init__(
        self,
        backbone: ParticleNetwork,
        terms: int,
        sizes: Sizes,
        generator: torch.Generator,
        base: Orbitals | None = None,
        envelopes: tuple[Envelope, Envelope] | None = None,
    ) -> None:
        super().__init__(backbone.particles, terms, sizes)
        if base is not None:
            self.particles.same_as(base.particles, "neural orbitals")
        self.backbone, self.base = backbone, base
        offset = 1.0 if base is None else 0.0
        self.readouts = nn.ModuleList(
            Dense(backbone.width, terms * size, generator, scale=SMALL, offset=offset) for size in sizes
        )
        self.envelopes = None if envelopes is None else nn.ModuleList(envelopes)

    def learned(self, x: Any) -> tuple[Tensor, Tensor]:
        """What the features make, without the base."""
        h, n_up = self.backbone(x), self.particles.n_up
        return self._learned(0, h[:, :n_up], x[:, :n_up]), self._learned(1, h[:, n_up:], x[:, n_up:])

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        up, down = self.learned(x)
        if self.base is None:
            return up, down
        base_up, base_down = self.base(x)
        return up + base_up, down + base_down

    def _learned(self, spin: int, h: Any, x: Any) -> Tensor:
        phi = self.readouts[spin](h).unflatten(-1, (self.terms, self.sizes[spin]))
        if self.envelopes is not None:
            phi = phi * self.envelopes[spin](x)
        return phi.transpose(1, 2)
