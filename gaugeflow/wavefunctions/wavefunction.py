"""What a wavefunction is, and how a part with the statistics of the particles and symmetric factors make one."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.particles import Particles, Statistics

__all__ = ["Ansatz", "Factor", "LogPsi", "Product", "Wavefunction"]


class LogPsi(NamedTuple):
    """psi = sign * exp(log), each of shape ``(batch,)``; sign is 0 on a node, log stays finite.

    The sign of a complex psi is its phase, of modulus one and with derivatives; log is real.
    """

    sign: Tensor
    log: Tensor


class Wavefunction(nn.Module):
    """A function of particles, antisymmetric among those of equal spin, of bosons symmetric: ``psi(x) -> LogPsi``.

    To write a new one, give ``log_psi(x)``, made of plain operations of torch: then it serves the forward Laplacian,
    the moves and the optimisers. In space psi is real; on sites it may be complex. Parts are `Ansatz` (with the
    statistics) and `Factor` (symmetric), see `Product`.
    """

    untrained: ClassVar[str] = ""
    """Why its parameters are not to be trained; empty where they are."""

    def __init__(self, particles: Particles) -> None:
        super().__init__()
        self.particles = particles

    def forward(self, x: Tensor) -> LogPsi:
        """Sign and logarithm for coordinates ``(batch, n, d)``. Raises UserError for another n or d."""
        self.particles.check(x)
        return self.log_psi(x)

    def log_psi(self, x: Any) -> LogPsi:
        raise NotImplementedError(f"{type(self).__name__} must say how psi is calculated")

    def extra_repr(self) -> str:
        return str(self.particles)


class Ansatz(Wavefunction):
    """A wavefunction that carries the sign: antisymmetric among particles of equal spin.

    That of bosons has no sign and says so by its `statistics`.

    Raises:
        UserError: particles of the other statistics.
    """

    statistics: ClassVar[Statistics] = "fermion"

    def __init__(self, particles: Particles) -> None:
        super().__init__(particles)
        if particles.statistics != self.statistics:
            other = "symmetric" if particles.bosons else "determinant, pfaffian or pair_product"
            raise UserError(
                f"{type(self).__name__.lower()}: expected {self.statistics}s, came {particles}, whose ansatz is {other}"
            )


class Factor(nn.Module):
    """A positive factor exp(J), ``factor(x) -> J`` of shape ``(batch,)``: the same for any order of equal spins."""

    def __init__(self, particles: Particles) -> None:
        super().__init__()
        self.particles = particles


class Product(Wavefunction):
    """A wavefunction times symmetric factors, ``psi(x) = A(x) exp(sum_f J_f(x))``.

    Raises:
        UserError: parts made for different particles.
    """

    def __init__(self, ansatz: Wavefunction, factors: Sequence[Factor] = ()) -> None:
        super().__init__(ansatz.particles)
        for factor in factors:
            if not isinstance(factor, Factor):
                raise UserError(f"product: expected factors with a symmetric exponent, came a {type(factor).__name__}")
            self.particles.same_as(factor.particles, type(factor).__name__)
        self.ansatz = ansatz
        self.factors = nn.ModuleList(factors)

    def log_psi(self, x: Any) -> LogPsi:
        sign, log = self.ansatz(x)
        for factor in self.factors:
            log = log + factor(x)
        return LogPsi(sign, log)
