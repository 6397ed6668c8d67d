"""Conjugate gradients: Hermitian positive systems that are known by what they do to a vector."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["LinearMap", "Solution", "conjugate_gradients"]

LinearMap = Callable[[Tensor], Tensor]
"""A linear map of vectors ``(batch, ...)``, each entry of the batch by itself."""


@dataclass(frozen=True)
class Solution:
    """What came of a solve, for each entry of the batch."""

    x: Tensor
    """The solutions, in the shape of the right-hand sides."""
    residual: Tensor
    """``|b - A x| / |b|`` as the recursion has it, real ``(batch,)``."""
    iterations: Tensor
    """Steps until the tolerance was reached, integers ``(batch,)``; each applies A once."""


def conjugate_gradients(
    operator: LinearMap,
    b: Tensor,
    *,
    precondition: LinearMap | None = None,
    tolerance: float = 1e-8,
    iterations: int = 1000,
) -> Solution:
    """``A x = b`` by preconditioned conjugate gradients from x = 0 (Hestenes and Stiefel, J. Res. NBS 49 (1952) 409).

    After n steps x has the smallest error ``<e, A e>`` in the space of ``M b, (M A) M b, ..., (M A)^(n-1) M b``. Where
    M is a polynomial in A, this lies in the space that plain conjugate gradients search with the same number of
    applications of A: such an M saves steps and their scalar products, never applications. Differentiable.

    Args:
        operator: A, Hermitian and positive.
        b: right-hand sides ``(batch, ...)``, real or complex.
        precondition: M, Hermitian and positive, close to a multiple of the inverse of A; the unit by default.
        tolerance: an entry is done when ``|b - A x| <= tolerance |b|``, and keeps its x.
        iterations: the most steps; ``residual`` tells whether they were enough.

    Raises:
        UserError: A or M is not positive on a vector met, or gave no finite number.
    """
    m = precondition or (lambda r: r)
    size = _dot(b, b)
    x, r, p = torch.zeros_like(b), b, m(b)
    rz, count = _dot(r, p), torch.zeros(len(b), dtype=torch.int64, device=b.device)
    for _ in range(iterations):
        active = ~(_dot(r, r) <= tolerance**2 * size)  # true for NaN, which is refused below
        if not bool(active.any()):
            break
        a_p = operator(p)
        step = torch.where(active, rz, 0) / _positive(_dot(p, a_p), active)
        x, r = x + _scaled(step, p), r - _scaled(step, a_p)
        z = m(r)
        new = _dot(r, z)
        p = z + _scaled(new / _positive(rz, active), p)
        rz, count = new, count + active
    return Solution(x, (_dot(r, r) / size.clamp_min(torch.finfo(size.dtype).tiny)).sqrt(), count)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """The real part of ``<a, b>`` of each entry."""
    return torch.linalg.vecdot(a.flatten(1), b.flatten(1)).real


def _scaled(factor: Tensor, v: Tensor) -> Tensor:
    return factor.reshape(-1, *[1] * (v.ndim - 1)) * v


def _positive(form: Tensor, active: Tensor) -> Tensor:
    """``<v, A v>`` or ``<v, M v>`` where an entry still moves, one elsewhere."""
    form = torch.where(active, form, 1)
    worst = float(form.detach().min())
    if not 0 < worst < float("inf"):
        raise UserError(
            "conjugate gradients: expected a Hermitian positive operator and preconditioner, "
            f"met <v, A v> = {worst:.3g}"
        )
    return form
