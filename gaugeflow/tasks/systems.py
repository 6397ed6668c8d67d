"""The `system` section of a configuration of the task `vmc`: what the particles are and what holds them."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.fermions import Hamiltonian, Particles, calogero, harmonic_trap, molecule, quantum_dot
from gaugeflow.runs import Count, Number, Positive, Section

__all__ = ["SystemConfig"]

Spins = Annotated[int, Field(ge=0)]
Dimension = Annotated[int, Field(ge=1, le=3)]


class QuantumDotConfig(Section):
    """Electrons in a harmonic trap, repelling each other by 1/r."""

    name: Literal["quantum_dot"]
    n_up: Spins
    n_down: Spins
    dimension: Dimension = 2
    omega: Positive = 1.0

    def build(self) -> Hamiltonian:
        return quantum_dot(Particles(self.n_up, self.n_down, self.dimension), self.omega)


class HarmonicTrapConfig(Section):
    """A harmonic trap with harmonic pair forces of strength g, or none."""

    name: Literal["harmonic_trap"]
    n_up: Spins
    n_down: Spins
    dimension: Dimension = 2
    omega: Positive = 1.0
    g: Number = 0.0

    def build(self) -> Hamiltonian:
        return harmonic_trap(Particles(self.n_up, self.n_down, self.dimension), self.omega, self.g)


class CalogeroConfig(Section):
    """Particles on a line with a repulsion ``exponent (exponent - 1) / x_ij^2``."""

    name: Literal["calogero"]
    n: Count
    omega: Positive = 1.0
    exponent: Annotated[Number, Field(ge=1)] = 2.0

    def build(self) -> Hamiltonian:
        return calogero(self.n, self.omega, self.exponent)


class MoleculeConfig(Section):
    """Electrons around nuclei: `atoms` are lines of a symbol and three coordinates in `unit`, as [Li, 0, 0, 0]."""

    name: Literal["molecule"]
    unit: Literal["bohr", "angstrom"]
    atoms: Annotated[list[list[str | int | float]], Field(min_length=1)]
    charge: int = 0
    spin: int | None = None

    def build(self) -> Hamiltonian:
        """Raises UserError for an atom that is not a symbol and three numbers, and as `molecule`."""
        for atom in self.atoms:
            if len(atom) != 4 or not isinstance(atom[0], str) or any(isinstance(part, str) for part in atom[1:]):
                raise UserError(f"system.atoms: expected lines [symbol, x, y, z], came {atom}")
        places = [[float(part) for part in atom[1:]] for atom in self.atoms]
        return molecule([str(atom[0]) for atom in self.atoms], places, self.unit, self.charge, self.spin)


SystemConfig = Annotated[
    QuantumDotConfig | HarmonicTrapConfig | CalogeroConfig | MoleculeConfig, Field(discriminator="name")
]
