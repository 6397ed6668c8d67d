"""Updates of single links in a given environment: heat bath and overrelaxation, subgroup by subgroup.

``M = U A`` is the link times its staple; the conditional weight of ``g U`` is ``exp((1/N) Re tr(g M))``. A subgroup
SU(2) that mixes colours i < j sees only the quaternion part ``b0 + i b.sigma`` of that 2 x 2 block of M, of length k,
and with ``V = b / k`` the weight of ``h = g V`` is ``exp(alpha h0)``, ``alpha = 2 k / N``
(Cabibbo and Marinari, Phys. Lett. B 119 (1982) 387).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.kernels.torch.densities import Place, sample_su2, sample_von_mises

__all__ = ["LocalUpdate", "heatbath_update", "overrelax_update", "subgroups"]

LocalUpdate = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""From links U, ``M = U A`` (both ``(..., N, N)``), link and chain indices ``(...)`` to the new links."""


def subgroups(n: int) -> list[tuple[int, int]]:
    """The pairs of colours i < j in the order of a sweep."""
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def heatbath_update(n: int, key: int) -> LocalUpdate:
    """The heat bath of U(1) (n = 1) or SU(N) with the random numbers of ``key``."""

    def phase(u: Tensor, m: Tensor, links: Tensor, chains: Tensor) -> Tensor:
        angle = sample_von_mises(m.abs()[..., 0, 0].double(), Place(key, links, chains))
        return u * (torch.polar(torch.ones_like(angle), angle)[..., None, None].to(u.dtype) * _unit_phase(m).conj())

    def matrix(u: Tensor, m: Tensor, links: Tensor, chains: Tensor) -> Tensor:
        for stream, (i, j) in enumerate(subgroups(n)):
            v, k = _unit_quaternion(m, i, j)
            h = sample_su2(2 * k / n, Place(key, links, chains, stream))
            u, m = _rotate((u, m), _multiply(h, _conjugate(v)), i, j)
        return u

    return phase if n == 1 else matrix


def overrelax_update(n: int) -> LocalUpdate:
    """The reflection ``V -> g V = V^dagger`` keeps ``Re tr(g M)`` (M. Creutz, Phys. Rev. D 36 (1987) 515)."""

    def phase(u: Tensor, m: Tensor, links: Tensor, chains: Tensor) -> Tensor:
        return u * _unit_phase(m).conj() ** 2

    def matrix(u: Tensor, m: Tensor, links: Tensor, chains: Tensor) -> Tensor:
        for i, j in subgroups(n):
            back = _conjugate(_unit_quaternion(m, i, j)[0])
            u, m = _rotate((u, m), _multiply(back, back), i, j)
        return u

    return phase if n == 1 else matrix


def _unit_phase(m: Tensor) -> Tensor:
    """``m / |m|`` in double precision, 1 where m = 0."""
    wide = m.to(torch.complex128)
    size = wide.abs()
    return torch.where(size > 0, wide / torch.where(size > 0, size, 1), 1).to(m.dtype)


def _unit_quaternion(m: Tensor, i: int, j: int) -> tuple[Tensor, Tensor]:
    """``V = b / k`` as ``(..., 4)`` and ``k`` of the block (i, j), in double precision; V = 1 where k = 0."""
    m = m.to(torch.complex128)
    sum_, difference = m[..., i, i] + m[..., j, j], m[..., i, i] - m[..., j, j]
    b1, b2 = (m[..., i, j] + m[..., j, i]).imag, (m[..., i, j] - m[..., j, i]).real
    b = torch.stack((sum_.real, b1, b2, difference.imag), -1) / 2
    k = b.norm(dim=-1)
    one = torch.tensor([1.0, 0, 0, 0], dtype=b.dtype, device=b.device)
    return torch.where(k[..., None] > 0, b / torch.where(k > 0, k, 1)[..., None], one), k


def _conjugate(q: Tensor) -> Tensor:
    return q * torch.tensor([1.0, -1, -1, -1], dtype=q.dtype, device=q.device)


def _multiply(a: Tensor, b: Tensor) -> Tensor:
    """``(a0 + i a.sigma)(b0 + i b.sigma)``: scalar ``a0 b0 - a.b``, vector ``a0 b + b0 a - a x b``."""
    a0, b0, av, bv = a[..., :1], b[..., :1], a[..., 1:], b[..., 1:]
    scalar = a0 * b0 - (av * bv).sum(-1, keepdim=True)
    return torch.cat((scalar, a0 * bv + b0 * av - torch.linalg.cross(av, bv)), -1)


def _rotate(matrices: tuple[Tensor, Tensor], g: Tensor, i: int, j: int) -> tuple[Tensor, ...]:
    """Multiplies rows i and j of each matrix by the SU(2) element ``g`` from the left."""
    g = g.to(matrices[0].real.dtype)
    a = torch.complex(g[..., 0], g[..., 3])[..., None]
    b = torch.complex(g[..., 2], g[..., 1])[..., None]
    rotated = tuple(matrix.clone() for matrix in matrices)
    for new, old in zip(rotated, matrices, strict=True):
        new[..., i, :] = a * old[..., i, :] + b * old[..., j, :]
        new[..., j, :] = a.conj() * old[..., j, :] - b.conj() * old[..., i, :]
    return rotated
