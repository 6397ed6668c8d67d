"""Spectra, logarithm and polar projection of unitary matrices, with gradients that survive degeneracy."""

import math
from typing import Any

import torch
from torch import Tensor

__all__ = ["polar_unitary", "unitary_eig", "unitary_log"]


def unitary_eig(u: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenangles and orthonormal eigenvectors of unitary matrices, ``u = v diag(exp(i theta)) v^dagger``.

    Args:
        u: unitary matrices, complex, shape ``(..., N, N)``.

    Returns:
        ``theta`` of shape ``(..., N)``, real, ascending in (-pi, pi], and ``v`` of shape ``(..., N, N)``.

    A unitary matrix is the sum of two commuting Hermitian ones, cos and sin of its phases, so the Hermitian part of
    ``exp(-i phi) u`` has the same eigenvectors, orthonormal also where eigenvalues of ``u`` coincide. Two different
    eigenvalues share a cosine only for phi = (theta_i + theta_j)/2 mod pi, so of N(N-1)/2 + 1 equidistant phi one is
    safe for every pair; the one with the smallest residual is kept for each matrix.

    Both outputs are differentiable, twice too. The gradient of the angles exists everywhere (at a degeneracy: along
    the eigenvectors that were returned); that of ``v`` takes no part from degenerate pairs, where it does not exist.
    So second derivatives, even of symmetric functions of the angles, lack those parts at an exact degeneracy; a
    function of the matrix logarithm (:func:`unitary_log`) has all of them.

    Raises:
        ValueError: ``u`` is not finite.
    """
    return _UnitaryEig.apply(u)


def unitary_log(u: Tensor) -> Tensor:
    """Hermitian traceless ``h`` with ``exp(i h) = u`` for special unitary ``u``, shape ``(..., N, N)``.

    The eigenangles lie in (-pi, pi] except that, where these add up to 2 pi k, k of them (the outermost on that side)
    are moved by 2 pi so that the trace vanishes. Derivatives of any order are exact, also at degenerate eigenvalues,
    up to the cut where two angles differ by 2 pi.
    """
    return _UnitaryLog.apply(u)


def polar_unitary(m: Tensor) -> Tensor:
    """The unitary factor of the polar decomposition of ``m``, shape ``(..., N, N)``: the unitary closest to ``m``.

    Newton's iteration ``x <- (g x + x^{-dagger} / g) / 2`` with the scaling g of Higham, SIAM J. Sci. Stat. Comput. 7
    (1986) 1160. A step maps an error h to h^2/2, so the one that is taken after convergence makes the derivatives
    exact up to the third. Two by two and three by three matrices are inverted by their cofactors.

    Raises:
        ValueError: a matrix is singular or not finite, so that no factor is closest.
    """
    x, converged = m, False
    tolerance = 8 * torch.finfo(m.dtype).eps * m.shape[-1]
    for _ in range(60):
        inverse = _inverse(x)
        if not bool(torch.isfinite(torch.view_as_real(inverse)).all()):
            raise ValueError("the polar projection needs invertible matrices; at least one is singular or not finite")
        scale = (_norm(inverse) / _norm(x)).sqrt().detach()
        step = (scale * x + inverse.mH / scale) / 2
        change = float(_norm((step - x).detach()).max()) if x.numel() else 0.0
        x = step
        if converged:
            break
        converged = change <= tolerance
    return x


def _inverse(x: Tensor) -> Tensor:
    """Inverses, not finite where a matrix is singular."""
    n = x.shape[-1]
    if n == 2:
        (a, b), (c, d) = (row.unbind(-1) for row in x.unbind(-2))
        return torch.stack((d, -b, -c, a), -1).unflatten(-1, (2, 2)) / (a * d - b * c)[..., None, None]
    if n == 3:
        a, b, c = x.unbind(-2)
        cofactors = torch.stack([torch.linalg.cross(*pair) for pair in ((b, c), (c, a), (a, b))], -1)
        return cofactors / (a * cofactors[..., 0]).sum(-1)[..., None, None]
    inverse, info = torch.linalg.inv_ex(x)
    return torch.where((info == 0)[..., None, None], inverse, torch.nan)


def _norm(x: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(x, keepdim=True)


@torch.no_grad()
def _decompose(u: Tensor) -> tuple[Tensor, Tensor]:
    if not bool(torch.isfinite(torch.view_as_real(u)).all()):
        raise ValueError("the spectral decomposition needs finite matrices, got NaN or infinity")
    n = u.shape[-1]
    candidates = n * (n - 1) // 2 + 1
    best, residual = (
        torch.empty_like(u),
        torch.full(u.shape[:-2], math.inf, dtype=u.real.dtype, device=u.device),
    )
    tolerance = 4 * n * torch.finfo(u.dtype).eps
    for k in range(candidates):
        todo = residual > tolerance
        if not bool(todo.any()):
            break
        part = u[todo]
        phase = complex(math.cos(0.4 + math.pi * k / candidates), -math.sin(0.4 + math.pi * k / candidates))
        v = torch.linalg.eigh(_hermitian(part * phase)).eigenvectors
        rotated = v.mH @ part @ v
        off = (rotated - torch.diag_embed(rotated.diagonal(dim1=-2, dim2=-1))).abs().amax((-2, -1))
        better = off < residual[todo]
        best[todo] = torch.where(better[..., None, None], v, best[todo])
        residual[todo] = torch.where(better, off, residual[todo])
    theta = torch.angle((best.mH @ u @ best).diagonal(dim1=-2, dim2=-1))
    theta = torch.where(theta <= -math.pi, theta + 2 * math.pi, theta)
    theta, order = theta.sort(dim=-1)
    return theta, best.gather(-1, order[..., None, :].expand_as(best))


def _hermitian(m: Tensor) -> Tensor:
    return (m + m.mH) / 2


class _UnitaryEig(torch.autograd.Function):
    """With x = v^dagger u^dagger du v, d theta = Im diag x and v^dagger dv = x_ij / (exp(i(theta_j - theta_i)) - 1)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
        theta, v = _decompose(u)
        ctx.save_for_backward(u, theta, v)
        return theta, v

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        u, theta, v = ctx.saved_tensors
        grad_theta, grad_v = grads
        turn = torch.exp(1j * (theta[..., None, :] - theta[..., :, None])) - 1
        degenerate = turn.abs() < 8 * torch.finfo(theta.dtype).eps
        f = torch.where(degenerate, 0, 1 / torch.where(degenerate, 1, turn))
        inner = 1j * torch.diag_embed(grad_theta) + f.conj() * (v.mH @ grad_v)
        return u @ v @ inner @ v.mH


class _UnitaryLog(torch.autograd.Function):
    """dh = v (g(theta_j - theta_i) x_ij) v^dagger with g(d) = d / (exp(i d) - 1), g(0) = -i, and x as above."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        theta, v = _decompose(u)
        theta = _traceless(theta)
        ctx.save_for_backward(u, theta, v)
        return _hermitian((v * theta[..., None, :].to(v.dtype)) @ v.mH)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        u, theta, v = ctx.saved_tensors
        grad = _hermitian(grads[0])
        if torch.is_grad_enabled():
            return 1j * u @ _inverse_dexp(unitary_log(u), grad)
        half = (theta[..., None, :] - theta[..., :, None]) / 2
        small = half.abs() < 1e-4
        ratio = torch.where(small, 1 + half * half / 6, half / torch.sin(torch.where(small, 1, half)))
        g = -1j * ratio * torch.exp(-1j * half)  # d/(e^{id} - 1) = -i (d/2)/sin(d/2) e^{-id/2}
        return u @ v @ (g.conj() * (v.mH @ grad @ v)) @ v.mH


def _inverse_dexp(h: Tensor, x: Tensor) -> Tensor:
    """Solves ``phi(i ad_h) y = x``, ``phi(z) = (exp(z) - 1)/z``, smoothly in ``h``: for derivatives of derivatives.

    phi is the upper right block of the exponential of [[i ad_h, 1], [0, 0]]; no eigenvectors, so no degeneracy.
    """
    n = h.shape[-1]
    eye = torch.eye(n, dtype=h.dtype, device=h.device)
    ad = torch.einsum("...ij,kl->...ikjl", h, eye) - torch.einsum("ij,...lk->...ikjl", eye, h)
    ad = ad.flatten(-2).flatten(-3, -2)
    block = torch.zeros(*ad.shape[:-2], 2 * n * n, 2 * n * n, dtype=h.dtype, device=h.device)
    block[..., : n * n, : n * n] = 1j * ad
    block[..., : n * n, n * n :] = torch.eye(n * n, dtype=h.dtype, device=h.device)
    phi = torch.linalg.matrix_exp(block)[..., : n * n, n * n :]
    return torch.linalg.solve(phi, x.flatten(-2)[..., None])[..., 0].unflatten(-1, (n, n))


def _traceless(theta: Tensor) -> Tensor:
    """Moves the k outermost of the ascending angles by 2 pi where they add up to 2 pi k."""
    n = theta.shape[-1]
    windings = torch.round(theta.sum(-1, keepdim=True) / (2 * math.pi))
    rank = torch.arange(n, device=theta.device)
    theta = torch.where(rank >= n - windings, theta - 2 * math.pi, theta)
    return torch.where(rank < -windings, theta + 2 * math.pi, theta)
