"""Products of antisymmetric pair functions, as Vandermonde's determinant is one, and sums of such products."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import Scaled, scaled_product, signed_log_sum
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["PairProducts"]


class PairProducts(Ansatz):
    """``psi = sum_k prod_s prod_{i<j of spin s} f_k(i, j)``, in the manner of arXiv:2002.03370.

    The pair functions ``f_k(i, j) = sum_p phi_{k,2p}(i) phi_{k,2p+1}(j) - phi_{k,2p+1}(i) phi_{k,2p}(j)`` change their
    sign with i and j exchanged, so each product does; the cost grows with the number of pairs only. A particle alone
    with its spin has no pair, and the factor ``phi_{k,0}``.

    Args:
        orbitals: of the sizes of `sizes`.
        pairing: p runs over so many.

    Raises:
        UserError: orbitals of other sizes, or no pair of orbitals.
    """

    def __init__(self, orbitals: Orbitals, pairing: int = 1) -> None:
        super().__init__(orbitals.particles)
        expected = self.sizes(self.particles, pairing)
        if orbitals.sizes != expected:
            raise UserError(f"pair products: expected {expected} orbitals for up and down, came {orbitals.sizes}")
        self.orbitals = orbitals

    @staticmethod
    def sizes(particles: Particles, pairing: int = 1) -> Sizes:
        """How many orbitals each spin needs."""
        if pairing < 1:
            raise UserError(f"pair products: expected at least one pair of orbitals, came {pairing}")
        return (2 * pairing, 2 * pairing)

    def log_psi(self, x: Any) -> LogPsi:
        up, down = (wide(phi) for phi in self.orbitals(x))
        parts = [_product(phi) for phi in (up, down) if phi.shape[-2]]
        return LogPsi(*signed_log_sum(parts[0] * parts[1] if len(parts) == 2 else parts[0]))


def _product(phi: Tensor) -> Scaled:
    """Over one spin, from orbitals ``(batch, terms, n, 2 pairing)``."""
    n = phi.shape[-2]
    if n == 1:
        return scaled_product(phi[..., 0])
    even, odd = phi[..., 0::2], phi[..., 1::2]
    first, second = torch.triu_indices(n, n, offset=1)
    pairs = even[..., first, :] * odd[..., second, :] - odd[..., first, :] * even[..., second, :]
    return scaled_product(pairs.sum(-1))
