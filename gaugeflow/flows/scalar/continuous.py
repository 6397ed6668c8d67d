"""Continuous flow of scalar fields, arXiv:2207.00283: an ordinary differential equation with its log-determinant."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gaugeflow.errors import UserError
from gaugeflow.flows.integrated import Integrated
from gaugeflow.flows.scalar.velocity import ScalarVelocity
from gaugeflow.lattice.spaces import SCALARS

__all__ = ["ScalarContinuousFlow", "integrate"]


class ScalarContinuousFlow(Integrated):
    """``dphi/dt = v(phi, t)`` from t = 0 to 1 with ``log|det J| = int div v dt``, by Runge-Kutta of order 4.

    The weights of the velocity are given at Chebyshev points of [0, 1] and interpolated by the polynomial through
    them. They do not know the extents: a flow fitted on one lattice runs on another.

    The inverse runs the equation backwards. It inverts the map, and the log-determinant is that of the discrete map,
    up to an error of order ``steps^-4``, see :class:`~gaugeflow.flows.integrated.Integrated`. Gradients cost the memory
    of one step, see :class:`_Integrate`.

    Args:
        shape: extents.
        frequencies: of the functions of the field, see :class:`ScalarVelocity`.
        radius: reach of the kernels along each axis.
        knots: number of Chebyshev points, at least 2.
        steps: Runge-Kutta steps.
        dtype: real dtype of the fields.
        extrapolated: see :class:`~gaugeflow.flows.integrated.Integrated`.

    Raises:
        UserError: fewer than 2 knots or 1 step, or what :class:`ScalarVelocity` refuses.
    """

    order = 4

    def __init__(
        self,
        shape: Sequence[int],
        frequencies: Sequence[float] = (2.0, 4.0),
        radius: int = 3,
        knots: int = 7,
        steps: int = 20,
        dtype: torch.dtype = torch.float64,
        extrapolated: bool = False,
    ) -> None:
        super().__init__()
        if knots < 2 or steps < 1:
            raise UserError(f"continuous flow: expected knots >= 2 and steps >= 1, got {knots} and {steps}")
        self.velocity, self.steps, self.extrapolated = (
            ScalarVelocity(shape, frequencies, radius, dtype),
            steps,
            extrapolated,
        )
        self.knots = tuple(0.5 - 0.5 * math.cos(math.pi * k / (knots - 1)) for k in range(knots))
        self.weights = nn.Parameter(torch.zeros(knots, *self.velocity.weight_shape, dtype=dtype))

    def beyond(self, fine: Tensor, coarse: Tensor, share: float) -> Tensor:
        return fine + share * (fine - coarse)

    def integrate(self, field: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        SCALARS.check_layout(field)
        if tuple(field.shape[1:]) != self.velocity.kernels.shape:
            raise UserError(
                f"continuous flow: expected fields (batch, {', '.join(map(str, self.velocity.kernels.shape))}), "
                f"got {tuple(field.shape)}"
            )
        table = self.table(times)
        if any(map(torch._C._functorch.is_functorch_wrapped_tensor, (field, table))):
            return integrate(self.velocity, field, table)  # functions with an own backward have no rules for torch.func
        moved, log_det = _Integrate.apply(field, table, self.velocity)
        return moved, log_det

    def table(self, times: Sequence[float]) -> Tensor:
        """The weights at the beginning, the middle and the end of every step, ``(2 steps + 1, g, f, o)``.

        Of equal steps from 0 to 1, or from 1 to 0 with the opposite sign: the same motion seen in reversed time.
        """
        matrix = _interpolation(self.knots, len(times) - 1).to(self.weights)
        table = torch.tensordot(matrix, self.weights, 1)
        return table if times[0] < times[-1] else _backwards(table)

    def extra_repr(self) -> str:
        return f"knots={len(self.knots)}, steps={self.steps}"


def integrate(velocity: ScalarVelocity, field: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """The field at the end and the integral of the divergence, differentiable by plain autograd.

    Args:
        velocity: linear in its weights.
        field: ``(batch, *shape)``.
        table: ``(2 steps + 1, ...)``, the weights at the ends and in the middle of every step; time runs from 0 to 1.
    """
    total = torch.zeros(len(field), dtype=field.dtype, device=field.device)
    for n in range(len(table) // 2):
        field, gain = _step(velocity, field, table[2 * n : 2 * n + 3], 2 / (len(table) - 1))
        total = total + gain
    return field, total


class _Integrate(torch.autograd.Function):
    """:func:`integrate` with gradients in the memory of one step.

    Backwards, every step is undone by a step with the opposite velocity and then differentiated where it started. The
    gradient is that of the discrete map up to the error of going back, of order ``steps^-4``.
    """

    @staticmethod
    def forward(ctx: Any, field: Tensor, table: Tensor, velocity: ScalarVelocity) -> tuple[Tensor, Tensor]:
        moved, log_det = integrate(velocity, field, table)
        ctx.velocity = velocity
        ctx.save_for_backward(moved, table)
        return moved, log_det

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_field: Tensor, to_log_det: Tensor) -> tuple[Tensor, Tensor, None]:
        field, table = ctx.saved_tensors
        to_table = torch.zeros_like(table)
        h = 2 / (len(table) - 1)
        for n in reversed(range(len(table) // 2)):
            rows = table[2 * n : 2 * n + 3]
            field, _ = _step(ctx.velocity, field, _backwards(rows), h)
            with torch.enable_grad():
                leaves = field.detach().requires_grad_(), rows.detach().requires_grad_()
                ends = _step(ctx.velocity, *leaves, h)
                to_field, to_rows = torch.autograd.grad(ends, leaves, (to_field, to_log_det))
            to_table[2 * n : 2 * n + 3] += to_rows
        return to_field, to_table, None


def _step(velocity: ScalarVelocity, field: Tensor, rows: Tensor, h: float) -> tuple[Tensor, Tensor]:
    """One step of the classical Runge-Kutta method for the field and the integral of its divergence."""
    first, middle, last = rows
    v1, d1 = velocity(field, first)
    v2, d2 = velocity(field + h / 2 * v1, middle)
    v3, d3 = velocity(field + h / 2 * v2, middle)
    v4, d4 = velocity(field + h * v3, last)
    return field + h / 6 * (v1 + 2 * (v2 + v3) + v4), h / 6 * (d1 + 2 * (d2 + d3) + d4)


def _backwards(table: Tensor) -> Tensor:
    """The weights of the same motion seen in reversed time."""
    return -table.flip(0)


@lru_cache(maxsize=32)
def _interpolation(knots: tuple[float, ...], steps: int) -> Tensor:
    """From the values at the knots to those at the ends and in the middle of every step, float64."""
    times = [n / (2 * steps) for n in range(2 * steps + 1)]
    return torch.tensor([_lagrange(knots, t) for t in times], dtype=torch.float64)


def _lagrange(knots: Sequence[float], t: float) -> list[float]:
    """The values at ``t`` of the polynomials that are one at one knot and zero at the others."""
    return [math.prod((t - b) / (a - b) for b in knots if b != a) for a in knots]
