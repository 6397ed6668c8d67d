"""Spectral bijections of SU(N): the eigenvalues move, the eigenvectors stay (arXiv:2008.05456)."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from gaugeflow.flows.coupling.periodic_network import Pointwise
from gaugeflow.flows.coupling.simplex import alcove, angles, from_box, log_volume, spans, to_box
from gaugeflow.flows.coupling.spline import flip_spline, spline, spline_parameters
from gaugeflow.flows.coupling.transform import Conditioned, LoopTransform
from gaugeflow.groups import SUN

__all__ = ["SpectralSpline"]

HARMONICS = 3


class SpectralSpline(LoopTransform):
    """``P = V exp(i theta) V^dagger -> V exp(i theta') V^dagger`` with theta' made by splines of the box coordinates.

    The box coordinates of :mod:`gaugeflow.flows.coupling.simplex` are transformed one after the other, from the range
    of the angles on; the spline of each is conditioned by those before it, so that every bijection of the alcove that
    keeps its walls and is triangular can be approached. Commutes with conjugation of P; the log-determinant under Haar
    measure is ``sum log slopes + log V(theta') - log V(theta)`` with V the density in the box.

    Args:
        group: SU(N); for N = 2 there is one angle.
        features: width of the context.
        bins: bins of the splines.
        generator: source of the weights.
        dtype: of the parameters.
    """

    def __init__(
        self, group: SUN, features: int, bins: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.n, self.bins = group.n, bins
        outputs = spline_parameters(bins)
        flip = partial(flip_spline, bins=bins)
        flips = [(lambda p: p) if k == 0 else flip for k in range(group.n - 1)]  # the range of the angles is even
        inputs = [features + HARMONICS * k for k in range(group.n - 1)]
        self.mixers = nn.ModuleList(Pointwise(width, features, generator, dtype=dtype) for width in inputs[1:])
        self.heads = nn.ModuleList(Conditioned(features, outputs, f, generator, dtype) for f in flips)

    def forward(
        self, loop: Tensor, contexts: Sequence[Tensor], coherence: Tensor, inverse: bool
    ) -> tuple[Tensor, Tensor]:
        """Special unitary ``(..., N, N)`` to the same, and the log-determinants ``(...)``."""
        c, v = alcove(loop)
        box = to_box(c)
        moved, total = self._splines(box, contexts, inverse)
        new = from_box(moved)
        return _Recompose.apply(loop, angles(new), v, c, new), total + log_volume(new) - log_volume(c)

    def _splines(self, box: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        """Every coordinate, the last one first, conditioned by those of the base before it."""
        moved: list[Tensor] = []
        known: list[Tensor] = []
        total = torch.zeros_like(box[..., 0])
        edge = torch.finfo(box.dtype).eps
        for k, head in enumerate(self.heads):
            x = box[..., self.n - 2 - k]
            parameters = head([self._context(k, context, known) for context in contexts]).to(box.dtype)
            y, log_slope = spline(x, parameters, self.bins, 0.0, 1.0, inverse)
            y = y.clamp(edge, 1 - edge)
            total = total + log_slope
            moved.insert(0, y)
            before = y if inverse else x
            known += [torch.cos(math.pi * (h + 1) * before) for h in range(HARMONICS)]
        return torch.stack(moved, -1), total

    def _context(self, k: int, context: Tensor, known: list[Tensor]) -> Tensor:
        if k == 0:
            return context
        return silu(self.mixers[k - 1](torch.cat((context, torch.stack(known, -1).to(context.dtype)), -1)))


class _Recompose(torch.autograd.Function):
    """``V exp(i theta') V^dagger`` as a function of the matrix that V diagonalises and of the new angles.

    With ``x = V^dagger dP V`` the matrix changes off the diagonal by ``r_ij x_ij``, where
    ``r_ij = (exp(i theta'_j) - exp(i theta'_i)) / (exp(i theta_j) - exp(i theta_i))``. The ratio stays finite where
    eigenvalues coincide, as do the gaps; a derivative of the eigenvectors alone does not.
    """

    @staticmethod
    def forward(ctx: Any, p: Tensor, theta: Tensor, v: Tensor, c: Tensor, new: Tensor) -> Tensor:
        ctx.save_for_backward(theta, v, c, new)
        return (v * _phase(theta)[..., None, :]) @ v.mH

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        theta, v, c, new = ctx.saved_tensors
        inner = v.mH @ grads[0] @ v
        before, sine = angles(c), torch.sin(math.pi * spans(c))
        diagonal = torch.eye(theta.shape[-1], dtype=torch.bool, device=theta.device)
        ratio = torch.sin(math.pi * spans(new)) / torch.where(diagonal, 1, sine)  # zero on the diagonal
        turned = (theta - before) / 2
        ratio = ratio * _phase(turned[..., None, :] + turned[..., :, None])
        grad_p = v @ (ratio.conj() * inner) @ v.mH
        grad_theta = (inner.diagonal(dim1=-2, dim2=-1) * (-1j * _phase(-theta))).real
        return grad_p, grad_theta, None, None, None


def _phase(theta: Tensor) -> Tensor:
    return torch.polar(torch.ones_like(theta), theta)
