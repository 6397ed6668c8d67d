"""SU(N), stored as complex matrices of the defining representation."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups.group import Group
from gaugeflow.linalg import polar_unitary, unitary_eig, unitary_log

__all__ = ["SUN"]


class SUN(Group):
    """SU(N) for any N >= 2, generators with ``tr(T_a T_b) = delta_ab / 2``.

    The basis is that of Gell-Mann: Pauli matrices over 2 for N = 2, Gell-Mann matrices over 2 for N = 3.
    """

    def __init__(self, n: int) -> None:
        if not isinstance(n, int) or n < 2:
            raise UserError(f"SU(N) needs N >= 2, got N = {n}; for U(1) use 'u1'")
        self.n = n
        self.name = f"su{n}"
        self.dim = n * n - 1
        self.element_shape = (n, n)
        self.algebra_shape = (self.dim,)

    def element_dtype(self, dtype: torch.dtype) -> torch.dtype:
        return dtype.to_complex()

    def basis(self, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None) -> Tensor:
        return torch.tensor(_gell_mann(self.n), dtype=dtype.to_complex(), device=device)

    def identity(
        self,
        size: Sequence[int] = (),
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> Tensor:
        eye = torch.eye(self.n, dtype=dtype.to_complex(), device=device)
        return eye.expand(*size, self.n, self.n).clone()

    def haar(self, size: Sequence[int], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Tensor:
        """QR of a Ginibre matrix with the phases of diag R divided out (Mezzadri, math-ph/0609050), det scaled to 1."""
        z = torch.randn(*size, self.n, self.n, generator=generator, dtype=dtype.to_complex(), device=generator.device)
        q, r = torch.linalg.qr(z)
        diagonal = r.diagonal(dim1=-2, dim2=-1)
        return _unit_determinant(q * (diagonal / diagonal.abs())[..., None, :])

    def exp(self, w: Tensor) -> Tensor:
        if w.shape[-1:] != self.algebra_shape:
            raise UserError(f"{self.name}: expected {self.dim} coefficients on the last axis, got {tuple(w.shape)}")
        if self.n == 2:
            return _exp_su2(w)
        return torch.linalg.matrix_exp(1j * self.algebra(w))

    def log(self, u: Tensor) -> Tensor:
        if self.n == 2:
            return _log_su2(u)
        return self.coefficients(unitary_log(u))

    def algebra(self, w: Tensor) -> Tensor:
        return torch.einsum("...a,aij->...ij", w.to(w.dtype.to_complex()), self.basis(w.dtype, w.device))

    def coefficients(self, h: Tensor) -> Tensor:
        return 2 * torch.einsum("aij,...ji->...a", self.basis(h.real.dtype, h.device), h).real

    def project(self, u: Tensor) -> Tensor:
        """Polar factor divided by the N-th root of its determinant: commutes with gauge rotations from both sides."""
        return _unit_determinant(polar_unitary(u))

    def eigenangles(self, u: Tensor) -> Tensor:
        return unitary_eig(u)[0]

    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        return a @ b

    def dagger(self, u: Tensor) -> Tensor:
        return u.mH

    def trace(self, u: Tensor) -> Tensor:
        return u.diagonal(dim1=-2, dim2=-1).sum(-1) / self.n

    def violation(self, u: Tensor) -> Tensor:
        eye = torch.eye(self.n, dtype=u.dtype, device=u.device)
        unitarity = (u @ u.mH - eye).abs().amax((-2, -1))
        return torch.maximum(unitarity, (torch.linalg.det(u) - 1).abs())


def _unit_determinant(u: Tensor) -> Tensor:
    phase = torch.angle(torch.linalg.det(u)) / u.shape[-1]
    return u * torch.polar(torch.ones_like(phase), -phase)[..., None, None]


def _exp_su2(w: Tensor) -> Tensor:
    """``cos(|w|/2) + i (w . sigma) sin(|w|/2)/|w|``, smooth in ``|w|^2`` so that all derivatives exist at 0."""
    square = (w * w).sum(-1) / 4
    small = square < 1e-4  # below, six terms of the series are exact to rounding
    x = torch.where(small, 1, square).sqrt()
    cosine = torch.where(small, _series(square, 0), torch.cos(x))
    sinc = torch.where(small, _series(square, 1), torch.sin(x) / x)
    b = w * (sinc / 2)[..., None]
    upper = torch.complex(b[..., 1], b[..., 0])
    first = torch.complex(cosine, b[..., 2])
    return torch.stack((first, upper, -upper.conj(), first.conj()), -1).unflatten(-1, (2, 2))


def _series(square: Tensor, odd: int) -> Tensor:
    total = torch.zeros_like(square)
    for k in reversed(range(6)):
        total = (-1) ** k / math.factorial(2 * k + odd) + total * square
    return total


def _log_su2(u: Tensor) -> Tensor:
    """``u = a0 + i a . sigma``, ``w = 2 a theta / sin(theta)``; at -1 the direction is taken as ``sigma_3``."""
    a0 = (u[..., 0, 0] + u[..., 1, 1]).real / 2
    off, diagonal = (u[..., 0, 1] - u[..., 1, 0].conj()) / 2, (u[..., 0, 0] - u[..., 1, 1]) / 2
    a = torch.stack((off.imag, off.real, diagonal.imag), -1)
    square = (a * a).sum(-1)
    tiny = square < torch.finfo(a0.dtype).tiny ** 0.5
    small = (square < 1e-4) & (a0 > 0)
    sine = torch.where(tiny | small, 1, square).sqrt()
    # asin(s)/s = 1 + s^2/6 + 3 s^4/40 + 15 s^6/336 + 105 s^8/3456
    series = 1 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336 + square * 105 / 3456)))
    ratio = torch.where(small, series, torch.atan2(sine, a0) / sine)
    w = 2 * a * ratio[..., None]
    antipode = torch.tensor([0.0, 0.0, 2 * math.pi], dtype=a0.dtype, device=a0.device)
    return torch.where((tiny & (a0 < 0))[..., None], antipode, w)


@lru_cache
def _gell_mann(n: int) -> np.ndarray:
    """For each column k: the symmetric and antisymmetric pairs (j, k), j < k, then the k-th diagonal generator."""
    generators = []
    for k in range(1, n):
        for j in range(k):
            symmetric, antisymmetric = np.zeros((2, n, n), complex)
            symmetric[j, k] = symmetric[k, j] = 0.5
            antisymmetric[j, k], antisymmetric[k, j] = -0.5j, 0.5j
            generators += [symmetric, antisymmetric]
        diagonal = np.zeros(n, complex)
        diagonal[:k], diagonal[k] = 1, -k
        generators.append(np.diag(diagonal) / math.sqrt(2 * k * (k + 1)))
    return np.stack(generators)
