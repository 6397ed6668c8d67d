"""Hamiltonians of particles of mass one: ``H = -(1/2) sum_i Lap_i + V``."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from gaugeflow.wavefunctions.particles import Particles

__all__ = ["Hamiltonian", "Potential", "Reference"]

Potential = Callable[[Tensor], Tensor]
"""Coordinates ``(batch, n, d)`` -> energy ``(batch,)``."""


@dataclass(frozen=True)
class Reference:
    """A known energy of the ground state.

    `exact`: no variational energy may lie below it; otherwise it is the best that others have found.
    """

    energy: float
    source: str
    exact: bool


@dataclass(frozen=True, eq=False)
class Hamiltonian:
    """The particles, the terms of their potential energy, and what is known of the ground state.

    Args:
        centres: where particles are bound, ``(I, d)``: nuclei, or the middle of a trap.
        lengths: the size of what is bound there, ``(I,)``: 1/Z, or the oscillator length.
        charges: those of the nuclei, ``(I,)``; None for a trap.
    """

    particles: Particles
    potentials: tuple[Potential, ...]
    centres: Tensor
    lengths: Tensor
    charges: Tensor | None = None
    reference: Reference | None = None

    def potential(self, x: Tensor) -> Tensor:
        """V, shape ``(batch,)``."""
        terms = (term(x) for term in self.potentials)
        return sum(terms, start=x.new_zeros(len(x)))
