"""A real power of an antisymmetric wavefunction."""

from typing import Any

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi, Wavefunction

__all__ = ["Power"]


class Power(Ansatz):
    """``psi = sign(A) |A|^exponent``, as in the ground state of Calogero's particles, ``|Vandermonde|^lambda``.

    Raises:
        UserError: the exponent is not positive.
    """

    def __init__(self, ansatz: Wavefunction, exponent: float) -> None:
        super().__init__(ansatz.particles)
        if not exponent > 0:
            raise UserError(f"power of a wavefunction: expected a positive exponent, came {exponent}")
        self.ansatz, self.exponent = ansatz, exponent

    def log_psi(self, x: Any) -> LogPsi:
        sign, log = self.ansatz(x)
        return LogPsi(sign, log * self.exponent)
