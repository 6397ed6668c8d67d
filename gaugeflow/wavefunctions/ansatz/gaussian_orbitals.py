"""Orbitals in a basis of Gaussian functions at nuclei, as quantum chemistry has them."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["GaussianBasis", "GaussianOrbitals"]


@dataclass(frozen=True, eq=False)
class GaussianBasis:
    """Functions ``x^a y^b z^c sum_p w_p exp(-alpha_p r^2)``, x, y, z and r from a nucleus.

    Those of one shell (a nucleus and an angular momentum) share their radial part, of which there are S.

    Args:
        positions: of the nuclei in bohr, ``(I, 3)``.
        nuclei: the nucleus of each radial part, ``(S,)``.
        exponents: alpha, ``(S, P)``, and
        weights: w, ``(S, P)``, zero where a radial part has fewer terms.
        shells: the radial part of each function, ``(F,)``.
        powers: a, b, c of each function, ``(F, 3)``.
    """

    positions: Tensor
    nuclei: Tensor
    exponents: Tensor
    weights: Tensor
    shells: Tensor
    powers: Tensor


class GaussianOrbitals(Orbitals):
    """The first orbitals of each spin, ``phi_m = sum_f c_fm chi_f`` with the functions of a `GaussianBasis`.

    Plain operations of torch: they serve the forward Laplacian in any dtype and on any device. Gaussian functions have
    no cusps at nuclei.

    Args:
        coefficients: for up and down, ``(F, M)`` each, the orbitals in the order of their energy.

    Raises:
        UserError: fewer orbitals than `sizes`.
    """

    positions: Tensor
    nuclei: Tensor
    exponents: Tensor
    weights: Tensor
    shells: Tensor
    powers: Tensor
    up: Tensor
    down: Tensor

    def __init__(
        self, particles: Particles, basis: GaussianBasis, coefficients: tuple[Tensor, Tensor], sizes: Sizes
    ) -> None:
        super().__init__(particles, 1, sizes)
        for given, size in zip(coefficients, sizes, strict=True):
            if given.shape[1] < size:
                raise UserError(f"Gaussian orbitals: expected at least {size}, came a basis for {given.shape[1]}")
        columns = {name: c[:, :m] for name, c, m in zip(("up", "down"), coefficients, sizes, strict=True)}
        for name, value in {**vars(basis), **columns}.items():
            self.register_buffer(name, value, persistent=False)
        self.highest = int(basis.powers.max())

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        phi, n_up = self._functions(x), self.particles.n_up
        up, down = phi[:, :n_up] @ self.up.to(x.dtype), phi[:, n_up:] @ self.down.to(x.dtype)
        return up.unsqueeze(1), down.unsqueeze(1)

    def _functions(self, x: Any) -> Any:
        """chi of each particle, ``(batch, n, F)``."""
        apart = x.unsqueeze(2) - self.positions.to(x.dtype)  # (batch, n, I, 3)
        squared = apart.square().sum(-1)[:, :, self.nuclei].unsqueeze(-1)
        radial = ((squared * -self.exponents.to(x.dtype)).exp() * self.weights.to(x.dtype)).sum(-1)
        ladder = [apart * 0 + 1.0]
        for _ in range(self.highest):
            ladder.append(ladder[-1] * apart)
        monomials = torch.stack(ladder, -1)  # (batch, n, I, 3, highest power + 1)
        functions = radial[:, :, self.shells]
        for axis in range(3):
            functions = functions * monomials[:, :, self.nuclei[self.shells], axis, self.powers[:, axis]]
        return functions
