"""The residual map of a link: stout smearing with frozen staples, its exact Jacobian and its inverse.

``U -> exp(i X(U)) U`` with ``X = P[U A]``, where A is a sum ``sum_j c_j S_j`` of group elements that hold no active
link, and P the projection to the algebra, ``(L - L^dagger) / 2i`` without its trace (arXiv:2305.02402). X changes by
at most ``sum_j |c_j|`` times the distance of two links: with :func:`bounded` coefficients the map is a bijection, and
``U -> exp(-i X(U)) U'`` contracts to its inverse.
"""

import math

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.nn.layers.sources import link_matrices

__all__ = ["bounded", "check_bound", "stout", "unstout"]

NEWTON_STEPS = 2
MOST_TERMS = 30
"""Of the exponential series, enough for generators of norm 4 in double precision."""


def check_bound(bound: float) -> None:
    """Raises UserError unless the bound makes a contraction."""
    if not 0 < bound < 1:
        raise UserError(f"residual layer: expected a bound between 0 and 1, got {bound}")


def bounded(raw: Tensor, bound: float) -> Tensor:
    """Coefficients ``(..., staples)`` of any size, as ones with ``sum_j |c_j| < bound``."""
    return bound * raw / (1 + raw.abs().sum(-1, keepdim=True))


def stout(group: Group, active: Tensor, staples: Tensor) -> tuple[Tensor, Tensor]:
    """The links after the map, and ``log |det J|`` of all, ``(batch,)``.

    Args:
        group: of the links.
        active: ``(batch, ..., N, N)``, or angles ``(batch, ...)``.
        staples: A of each, matrices ``(batch, ..., N, N)``; of angles 1 x 1.
    """
    new = _moved(group, active, _vector(group, active, staples))
    return new, _log_det(_jacobian(group, active, staples))


def unstout(group: Group, target: Tensor, staples: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """The links that :func:`stout` takes to the target, and ``log |det|`` of this inverse map, ``(batch,)``."""
    active = _solve(group, target, staples, bound)
    return active, -_log_det(_jacobian(group, active, staples))


def _solve(group: Group, target: Tensor, staples: Tensor, bound: float) -> Tensor:
    """The fixed point to half the digits, and Newton steps for the others; the last one carries the derivatives."""
    eps = torch.finfo(staples.real.dtype).eps
    with torch.no_grad():
        x = torch.zeros_like(_vector(group, target, staples))
        for _ in range(math.ceil(math.log(eps) / math.log(bound))):
            before, x = x, _vector(group, _moved(group, target, -x), staples)
            if float((x - before).abs().max()) < eps**0.5:
                break
        active = _moved(group, target, -x)
        for _ in range(NEWTON_STEPS):
            active = _newton(group, active, target, staples)
    return _newton(group, active, target, staples)


def _newton(group: Group, active: Tensor, target: Tensor, staples: Tensor) -> Tensor:
    new = _moved(group, active, _vector(group, active, staples))
    miss = _vector(group, new, link_matrices(group.dagger(target)))
    slope = _jacobian(group, active, staples).detach()
    return _moved(group, active, -torch.linalg.solve(slope, miss[..., None])[..., 0])


def _moved(group: Group, active: Tensor, x: Tensor) -> Tensor:
    w = x if group.algebra_shape else x[..., 0]
    return group.mul(group.exp(w), active)


def _vector(group: Group, active: Tensor, staples: Tensor) -> Tensor:
    """``X_a = Im tr(T_a U A) / tr(T_a T_a)``, the algebra part of ``U A`` for every active link: ``(..., dim)``."""
    basis, norm = _basis(group, staples)
    return torch.einsum("aij,...ji->...a", basis, link_matrices(active) @ staples).imag / norm


def _jacobian(group: Group, active: Tensor, staples: Tensor) -> Tensor:
    """That of ``U -> exp(i X(U)) U`` at every active link, ``(..., dim, dim)``, in coordinates ``exp(i w T) U``.

    With ``D_ab = dX_a/dw_b`` and z the adjoint matrix of ``i ad X`` it is ``phi(z) D + exp(z)`` where
    ``phi(z) = (exp(z) - 1) / z``, that is ``1 + phi(z) (D + z)``.
    """
    basis, norm = _basis(group, staples)
    x = _vector(group, active, staples)
    pairs = torch.einsum("aij,bjk->abik", basis, basis)
    slope = torch.einsum("abik,...ki->...ab", pairs, link_matrices(active) @ staples).real / norm
    structure = -torch.einsum("abik,cki->abc", pairs - pairs.transpose(0, 1), basis).imag / norm
    z = torch.einsum("bca,...b->...ac", structure, x)
    eye = torch.eye(group.dim, dtype=x.dtype, device=x.device)
    phi = eye
    for k in range(_terms(z), 1, -1):
        phi = eye + z @ phi / k
    return eye + phi @ (slope + z)


def _terms(z: Tensor) -> int:
    """How many terms of the exponential series are not below rounding for any of the matrices."""
    norm, eps = float(z.detach().abs().sum(-1).max()) if z.numel() else 0.0, torch.finfo(z.dtype).eps
    count, term = 1, norm
    while term > eps and count < MOST_TERMS:
        count += 1
        term *= norm / count
    return count


def _basis(group: Group, like: Tensor) -> tuple[Tensor, float]:
    """The generators T_a and ``tr(T_a T_a)``."""
    basis = group.basis(like.real.dtype, like.device)
    return basis, float(basis[0].abs().square().sum())


def _log_det(jacobian: Tensor) -> Tensor:
    return torch.linalg.slogdet(jacobian).logabsdet.flatten(1).sum(1)
