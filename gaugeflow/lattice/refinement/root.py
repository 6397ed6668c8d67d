"""The square root of SU(N) elements through their spectrum."""

import math

import torch
from torch import Tensor

from gaugeflow.linalg import unitary_eig

__all__ = ["square_root_spectrum"]


def square_root_spectrum(m: Tensor) -> tuple[Tensor, Tensor]:
    """Angles that add up to zero, ascending, ``(..., N)``, and eigenvectors v: ``v exp(2 i angle) v^dagger = m``.

    The eigenangles of the principal root: those of m within (-pi, pi], with the outermost moved by 2 pi until they add
    up to zero, over two.
    """
    theta, basis = unitary_eig(m)
    rank = torch.arange(theta.shape[-1], device=m.device)
    windings = torch.round(theta.detach().sum(-1, keepdim=True) / (2 * math.pi))
    theta = theta - 2 * math.pi * ((rank >= theta.shape[-1] - windings).to(theta) - (rank < -windings).to(theta))
    theta, order = theta.sort(-1)
    return theta / 2, basis.gather(-1, order[..., None, :].expand_as(basis))
