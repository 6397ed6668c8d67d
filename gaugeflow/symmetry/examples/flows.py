"""Gauge-equivariant bijections of links with their exact log-determinants: one for SU(2), one for U(1), in 2D.

One link in direction 1 at every fourth column is active. It is changed so that the class angle of the plaquette P that
it closes is mapped by a monotone function whose slope depends on plaquettes two columns away, which stay as they are:
U_1 -> P'^dagger P U_1 (arXiv:2003.06413, arXiv:2008.05456).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["AbelianFlow", "SU2Flow"]

_BISECTIONS = 60


def _inverse(y: Tensor, a: Tensor) -> Tensor:
    """x with x + a sin(2 x) / 2 = y, |a| < 1, by bisection: x is within 1/2 of y."""
    low, high = y - 0.5, y + 0.5
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = middle + a * torch.sin(2 * middle) / 2 < y
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


class SU2Flow(nn.Module):
    """Links `(b, 2, L, T, 2, 2)` of SU(2), L a multiple of 4; `forward` and `inverse` return (links, log|det J|)."""

    def __init__(self, slope: float = 0.6) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, u: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(u, lambda x, a: x + a * torch.sin(2 * x) / 2)

    def inverse(self, u: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(u, _inverse)

    def _map(self, u: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        p = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
        half_trace = torch.diagonal(p, dim1=-2, dim2=-1).sum(-1).real / 2
        a = self.slope * torch.tanh(half_trace[:, 2::4])
        active = p[:, ::4]
        cosine = half_trace[:, ::4].clamp(-1, 1)
        sine = (1 - cosine.square()).sqrt()
        x = torch.atan2(sine, cosine)
        y = change(x, a)
        # P = cos x + i sin x n.sigma, so P' = cos y + sin y / sin x (P - cos x)
        identity = torch.eye(2, dtype=u.dtype, device=u.device)
        axis = (active - cosine[..., None, None] * identity) / sine[..., None, None]
        new = torch.cos(y)[..., None, None] * identity + torch.sin(y)[..., None, None] * axis
        links = u.clone()
        links[:, 1, ::4] = new.mH @ active @ u[:, 1, ::4]
        return links, self._log_det(x, y, a, change).sum((1, 2))

    def _log_det(self, x: Tensor, y: Tensor, a: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """log y'(x) and the Haar measure sin^2 of the class angle on both sides."""
        below = y if change is _inverse else x
        slope = torch.log1p(a * torch.cos(2 * below))
        haar = 2 * (torch.log(torch.sin(y)) - torch.log(torch.sin(x)))
        return (-slope if change is _inverse else slope) + haar


class AbelianFlow(nn.Module):
    """Angles `(b, 2, L, T)` of U(1), L a multiple of 4; `forward` and `inverse` return (angles, log|det J|)."""

    def __init__(self, slope: float = 0.6) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(theta, invert=False)

    def inverse(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(theta, invert=True)

    def _map(self, theta: Tensor, invert: bool) -> tuple[Tensor, Tensor]:
        p = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
        x, a = p[:, ::4], self.slope * torch.cos(p[:, 2::4])
        y = _inverse(x, a) if invert else x + a * torch.sin(2 * x) / 2
        angles = theta.clone()
        angles[:, 1, ::4] = theta[:, 1, ::4] + x - y
        slope = torch.log1p(a * torch.cos(2 * (y if invert else x))).sum((1, 2))
        return angles, -slope if invert else slope
