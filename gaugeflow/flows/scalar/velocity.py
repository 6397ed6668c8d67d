"""Velocities of scalar fields, linear in their weights, with the divergence in closed form."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.scalar.kernels import OrbitKernels

__all__ = ["ScalarVelocity"]


class ScalarVelocity(nn.Module):
    """``v(x) = sum_{g, f, o} w[g, f, o] q_g(phi(x)) (K_o * h_f(phi))(x)``, odd under ``phi -> -phi``.

    With frequencies ``k_j`` the odd functions are ``h = phi, sin(k_j phi) / k_j`` and the even ones are
    ``q = 1, cos(k_j phi) - 1``. The first even one alone gives the velocity of eq. (14) of arXiv:2207.00283; the others
    make the pull of the neighbours depend on the field at the site. All q are bounded and all h grow at most linearly,
    so that the flow exists for all times in both directions.

    Args:
        shape: extents.
        frequencies: ``k_j``, positive, in units of one over the field.
        radius: reach of the kernels along each axis.
        dtype: real dtype of the fields.

    Raises:
        UserError: a frequency that is not positive, or what :class:`OrbitKernels` refuses.
    """

    frequencies: Tensor

    def __init__(
        self, shape: Sequence[int], frequencies: Sequence[float], radius: int, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        if any(not k > 0 for k in frequencies):
            raise UserError(f"velocity: expected frequencies > 0, got {list(frequencies)}")
        self.kernels = OrbitKernels(shape, radius, dtype)
        column = torch.tensor(list(frequencies), dtype=dtype).view(-1, *[1] * len(self.kernels.shape))
        self.register_buffer("frequencies", column, persistent=False)

    @property
    def weight_shape(self) -> tuple[int, int, int]:
        """``(even functions, odd functions, orbits)``."""
        return 1 + len(self.frequencies), 1 + len(self.frequencies), len(self.kernels)

    def forward(self, phi: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The velocity ``(batch, *shape)`` and its divergence ``sum_x dv(x)/dphi(x)``, ``(batch,)``."""
        h, slope_h, q, slope_q = self._functions(phi)
        pull = self.kernels.mix(h, weights)  # (batch, g, *shape)
        own = torch.einsum("gf,bf...->bg...", weights @ self.kernels.centre, slope_h)
        divergence = (q * own).flatten(1).sum(1) + (slope_q * pull[:, 1:]).flatten(1).sum(1)
        return (q * pull).sum(1), divergence

    def continuity(self, phi: Tensor, force: Tensor) -> Tensor:
        """``div F_a - F_a . force`` for every field ``F_a`` of weight one, ``(batch, weights)``.

        What :class:`~gaugeflow.flows.galerkin.NormalEquations` takes as features where ``force = grad S_t``.
        """
        h, slope_h, q, slope_q = self._functions(phi)
        pull = self.kernels.each(h).flatten(3)  # (batch, f, o, sites)
        along = (slope_q.flatten(2), (q * force[:, None]).flatten(2))
        terms = -torch.einsum("bgx,bfox->bgfo", along[1], pull)
        terms[:, 1:] += torch.einsum("bgx,bfox->bgfo", along[0], pull)
        own = torch.einsum("bgx,bfx->bgf", q.flatten(2), slope_h.flatten(2))
        return (terms + own[..., None] * self.kernels.centre).flatten(1)

    def _functions(self, phi: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``h, h', q`` for all functions and ``q'`` for those that vary, each ``(batch, functions, *shape)``."""
        phi = phi[:, None]
        angle = self.frequencies * phi
        sine, cosine = torch.sin(angle), torch.cos(angle)
        one = torch.ones_like(phi)
        h = torch.cat([phi, sine / self.frequencies], 1)
        return h, torch.cat([one, cosine], 1), torch.cat([one, cosine - 1], 1), -self.frequencies * sine
