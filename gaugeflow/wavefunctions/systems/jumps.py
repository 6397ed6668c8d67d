"""Moves of electrons that lead from one nucleus to another."""

from gaugeflow.montecarlo.jumps import Carry, Exchange
from gaugeflow.montecarlo.moves import Move
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian

__all__ = ["jumps_between"]


def jumps_between(hamiltonian: Hamiltonian) -> list[Move]:
    """One that carries an electron, and one that exchanges two of opposite spin; none for an atom or a trap."""
    if len(hamiltonian.centres) == 1:
        return []
    exchange = [Exchange()] if min(hamiltonian.particles.counts) > 0 else []
    return [Carry(hamiltonian.centres), *exchange]
