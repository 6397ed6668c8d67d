"""Factors of occupations: those of M. C. Gutzwiller and R. Jastrow."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["SiteJastrow"]


class SiteJastrow(Factor):
    """``J = sum_{i<=j} (v_ij n_i n_j + w_ij m_i m_j)`` with ``n = n_up + n_down`` and ``m = n_up - n_down``, learned
    from zero; v_ii alone is the factor of Gutzwiller.

    Args:
        classes: a number from 0 on for each pair of sites ``(sites, sites)``; pairs of equal numbers share v and w.
    """

    pairs: Tensor

    def __init__(self, particles: SiteFermions, classes: Tensor, generator: torch.Generator) -> None:
        super().__init__(particles)
        upper = torch.ones_like(classes).triu()
        kinds = int(classes.max()) + 1
        pairs = torch.nn.functional.one_hot(classes, kinds).double() * upper[..., None]
        self.register_buffer("pairs", pairs.flatten(0, 1), persistent=False)
        self.weights = Dense(2 * kinds, 1, generator, offset=None)
        nn.init.zeros_(self.weights.weight)

    def forward(self, x: Any) -> Tensor:
        n, m = x.sum(1), x[:, 0] - x[:, 1]
        pairs = self.pairs.to(x.dtype)
        found = [(values[:, :, None] * values[:, None, :]).flatten(1) @ pairs for values in (n, m)]
        return self.weights(torch.cat(found, -1)).squeeze(-1)
