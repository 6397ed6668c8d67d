"""The `system` section of a configuration of the task `vmc`: what the particles are and what holds them."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Number, Positive, Section
from gaugeflow.tasks.objects import load
from gaugeflow.wavefunctions import (
    Hamiltonian,
    Particles,
    Reference,
    calogero,
    confined,
    harmonic_trap,
    molecule,
    quantum_dot,
)

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


def _atom(line: list[Any]) -> list[Any]:
    """YAML reads 1e-3 as text."""
    try:
        places = [float(part) if isinstance(part, str) else part for part in line[1:]]
        right = len(line) == 4 and isinstance(line[0], str) and all(math.isfinite(place) for place in places)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(f"expected a symbol and three finite numbers as [Li, 0, 0, 3.015], came {line}")
    return [line[0], *places]


class MoleculeConfig(Section):
    """Electrons around nuclei: `atoms` are lines of a symbol and three coordinates in `unit`, as [Li, 0, 0, 0]."""

    name: Literal["molecule"]
    unit: Literal["bohr", "angstrom"]
    atoms: Annotated[list[Annotated[list[Any], AfterValidator(_atom)]], Field(min_length=1)]
    charge: int = 0
    spin: int | None = None

    def build(self) -> Hamiltonian:
        """Raises UserError as `molecule`."""
        places = [[float(part) for part in atom[1:]] for atom in self.atoms]
        return molecule([atom[0] for atom in self.atoms], places, self.unit, self.charge, self.spin)


class PythonConfig(Section):
    """A potential of your own: `object: package.module:function`, coordinates (batch, n, d) to energies (batch,).

    A class is made with `options` as keywords. `repulsion` adds 1/r between the particles; `omega` is the frequency of
    a trap of about the same size, from which the wavefunction starts; `energy` is a reference, if there is one.
    """

    name: Literal["python"]
    object: str
    options: dict[str, Any] = Field(default_factory=dict)
    n_up: Spins
    n_down: Spins
    dimension: Dimension
    omega: Positive = 1.0
    repulsion: bool = False
    energy: Number | None = None

    def build(self) -> Hamiltonian:
        """Raises UserError where the object is no such function."""
        found = load(self.object, "system.object")
        potential = found(**self.options) if isinstance(found, type) else found
        if not callable(potential):
            raise UserError(f"system.object: {self.object}: expected a function, came {type(potential).__name__}")
        reference = None if self.energy is None else Reference(self.energy, "system.energy", exact=False)
        particles = Particles(self.n_up, self.n_down, self.dimension)
        return confined(particles, potential, self.omega, self.repulsion, reference)


SystemConfig = Annotated[
    QuantumDotConfig | HarmonicTrapConfig | CalogeroConfig | MoleculeConfig | PythonConfig, Field(discriminator="name")
]
