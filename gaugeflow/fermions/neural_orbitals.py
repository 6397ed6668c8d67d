"""Orbitals of a backbone: one particle's features, which know of all the others, times an envelope."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.fermions.backbone import Backbone
from gaugeflow.fermions.dense import Dense
from gaugeflow.fermions.envelopes import Envelope
from gaugeflow.fermions.orbitals import Orbitals, Sizes

__all__ = ["NeuralOrbitals"]


class NeuralOrbitals(Orbitals):
    """``phi_km(i) = (w_km . h_i + b_km) envelope_km(r_i)``, each spin with its own w, b and envelope."""

    def __init__(
        self,
        backbone: Backbone,
        envelopes: tuple[Envelope, Envelope] | None,
        terms: int,
        sizes: Sizes,
        generator: torch.Generator,
    ) -> None:
        super().__init__(backbone.particles, terms, sizes)
        self.backbone = backbone
        self.readouts = nn.ModuleList(Dense(backbone.width, terms * size, generator) for size in sizes)
        self.envelopes = None if envelopes is None else nn.ModuleList(envelopes)

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        h, n_up = self.backbone(x), self.particles.n_up
        return self._of_spin(0, h[:, :n_up], x[:, :n_up]), self._of_spin(1, h[:, n_up:], x[:, n_up:])

    def _of_spin(self, spin: int, h: Any, x: Any) -> Tensor:
        phi = self.readouts[spin](h).unflatten(-1, (self.terms, self.sizes[spin]))
        if self.envelopes is not None:
            phi = phi * self.envelopes[spin](x)
        return phi.transpose(1, 2)
