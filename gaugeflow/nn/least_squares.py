"""Levenberg-Marquardt: least squares of small networks to the last digit.

A stack of bilinear layers is a polynomial of its weights, and a Wilson loop is a value of this polynomial, so that the
residuals can vanish. Gradient descent creeps along such valleys; the Gauss-Newton step ends in them with quadratic
convergence. With P parameters a step costs P forward derivatives, or as many backward ones as a sample has residuals,
and a P x P system: for networks of up to some hundred parameters this is less than one epoch of gradient descent.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, jvp, vmap

__all__ = ["Fit", "gather", "levenberg_marquardt", "scatter", "substituted"]

TRIALS = 12
"""Steps that may fail, with the damping growing faster and faster, before the place counts as a minimum."""
LEAST_DAMPING = 1e-15
DERIVATIVES_AT_ONCE = 64
ROWS_AT_ONCE, SAMPLES_AT_ONCE = 8, 16
"""Of a Jacobian by backward derivatives: more are slower, and take memory."""


@dataclass(frozen=True)
class Fit:
    """Where a fit stands.

    Attributes:
        x: the parameters, ``(P,)``.
        damping: lambda, in units of the mean diagonal entry of J^T J.
        loss: mean square of the residuals at x; infinite before the first step.
        at_rest: no step leads further down.
    """

    x: Tensor
    damping: float = 1e-2
    loss: float = torch.inf
    at_rest: bool = False


@torch.no_grad()
def levenberg_marquardt(residuals: Callable[..., Tensor], fit: Fit, samples: Sequence[Tensor] = ()) -> Fit:
    """One step ``x -> x - (J^T J + lambda d)^-1 J^T r`` with d the mean diagonal entry of J^T J.

    The damping follows the ratio of the gain to the gain that the linear model promised (H. B. Nielsen, Damping
    parameter in Marquardt's method, IMM-REP-1999-05, eq. (2.5)). A step that is not finite counts as uphill.

    Args:
        residuals: parameters ``(P,)``, and the samples, to residuals of any shape, differentiable.
        fit: from where; its loss is computed anew.
        samples: each ``(batch, ...)``; they tell that residuals are ``(batch, ...)`` and that each row hangs on the
            sample of its row alone.
    """
    r = residuals(fit.x, *samples).flatten()
    loss = r.square().mean()
    if samples and len(r) < len(fit.x) * len(samples[0]):
        jacobian = _jacobian_by_rows(residuals, fit.x, samples)
    else:
        jacobian = _jacobian_by_columns(lambda x: residuals(x, *samples).flatten(), fit.x)
    normal, slope = jacobian.mT @ jacobian, jacobian.mT @ r
    unit = normal.diagonal().mean() * torch.eye(len(slope), dtype=slope.dtype, device=slope.device)
    damping, growth = fit.damping, 2.0
    for _ in range(TRIALS):
        step = torch.linalg.solve_ex(normal + damping * unit, -slope).result
        new = residuals(fit.x + step, *samples).square().mean()
        if new < loss:
            promised = -(2 * slope @ step + step @ normal @ step) / len(r)
            gain = float((loss - new) / promised)
            damping = max(damping * max(1 / 5, 1 - (2 * gain - 1) ** 3), LEAST_DAMPING)
            return Fit(fit.x + step, damping, float(new))
        damping, growth = damping * growth, 2 * growth
    return Fit(fit.x, fit.damping, float(loss), at_rest=True)


def _jacobian_by_rows(residuals: Callable[..., Tensor], x: Tensor, samples: Sequence[Tensor]) -> Tensor:
    """``(R, P)`` in reverse mode, where a sample has fewer residuals than there are parameters."""

    def of_one(*sample: Tensor) -> Tensor:
        alone = [part[None] for part in sample]
        return jacrev(lambda y: residuals(y, *alone).flatten(), chunk_size=ROWS_AT_ONCE)(x)

    return vmap(of_one, chunk_size=SAMPLES_AT_ONCE)(*samples).flatten(0, 1)


def _jacobian_by_columns(residuals: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``(R, P)`` in forward mode, where there are fewer parameters."""

    def column(direction: Tensor) -> Tensor:
        return jvp(residuals, (x,), (direction,))[1]

    directions = torch.eye(len(x), dtype=x.dtype, device=x.device)
    with warnings.catch_warnings():
        # torch loads its rules of forward derivatives at their first use and warns of a function of its own
        warnings.filterwarnings("ignore", r"`torch\.jit", DeprecationWarning)
        return vmap(column, chunk_size=DERIVATIVES_AT_ONCE)(directions).mT


def gather(module: nn.Module) -> Tensor:
    """All parameters of a module as one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def scatter(module: nn.Module, x: Tensor) -> None:
    """Inverse of :func:`gather`: takes the parameters from a vector."""
    with torch.no_grad():
        for name, value in _named(module, x).items():
            module.get_parameter(name).copy_(value)


def substituted(module: nn.Module, x: Tensor, arguments: Sequence[Tensor]) -> Tensor:
    """What the module gives with the parameters of a vector in place of its own, differentiable in the vector."""
    return functional_call(module, dict(_named(module, x)), tuple(arguments))


def _named(module: nn.Module, x: Tensor) -> Mapping[str, Tensor]:
    named = dict(module.named_parameters())
    parts = x.split([parameter.numel() for parameter in named.values()])
    return {name: part.view_as(named[name]) for name, part in zip(named, parts, strict=True)}
