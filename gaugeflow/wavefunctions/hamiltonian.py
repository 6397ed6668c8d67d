"""Hamiltonians of particles of mass one: ``H = -(1/2) sum_i Lap_i + V``, on a line, in space, or on a ring."""

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

    Attributes:
        energy: in Hartree.
        source: who says so, where.
        exact: no variational energy may lie below it; otherwise it is what others have found.
        kind: how it was found, as "fixed-node diffusion".
        error: its statistical error, where it has one.
    """

    energy: float
    source: str
    exact: bool
    kind: str = "closed form"
    error: float | None = None


@dataclass(frozen=True, eq=False)
class Hamiltonian:
    """The particles, the terms of their potential energy, and what is known of the ground state.

    Args:
        centres: where particles are bound, ``(I, d)``: nuclei, or the middle of a trap.
        lengths: the size of what is bound there, ``(I,)``: 1/Z, or the oscillator length.
        charges: those of the nuclei, ``(I,)``; None for a trap.
        references: what is known of the ground state, the first to be compared with.
        period: the length of the ring on which particles move, one-dimensional; None for open space.
    """

    particles: Particles
    potentials: tuple[Potential, ...]
    centres: Tensor
    lengths: Tensor
    charges: Tensor | None = None
    references: tuple[Reference, ...] = ()
    period: float | None = None

    @property
    def reference(self) -> Reference | None:
        """The one to be compared with."""
        return self.references[0] if self.references else None

    def potential(self, x: Tensor) -> Tensor:
        """V, shape ``(batch,)``."""
        terms = (term(x) for term in self.potentials)
        return sum(terms, start=x.new_zeros(len(x)))
