"""The `system` section of a configuration of the task `vmc`: what the particles are and what holds them."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Number, Positive, Section
from gaugeflow.runs.configuration.schema import absolute_path
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
    ring,
)
from gaugeflow.wavefunctions.particles import Statistics
from gaugeflow.wavefunctions.systems.elements import atomic_number
from gaugeflow.wavefunctions.systems.xyz import read_xyz

__all__ = ["MoleculeConfig", "SystemConfig"]

Spins = Annotated[int, Field(ge=0)]
Dimension = Annotated[int, Field(ge=1, le=3)]


class QuantumDotConfig(Section):
    """Electrons in a harmonic trap, repelling each other by 1/r."""

    name: Literal["quantum_dot"]
    n_up: Spins
    """Electrons with spin up."""
    n_down: Spins
    """Electrons with spin down."""
    dimension: Dimension = 2
    """Dimension of space."""
    omega: Positive = 1.0
    """Frequency of the trap, in hartree."""

    def build(self) -> Hamiltonian:
        return quantum_dot(Particles(self.n_up, self.n_down, self.dimension), self.omega)


class HarmonicTrapConfig(Section):
    """A harmonic trap with harmonic pair forces of strength g, or none."""

    name: Literal["harmonic_trap"]
    n_up: Spins
    """Particles with spin up."""
    n_down: Spins
    """Particles with spin down."""
    dimension: Dimension = 2
    """Dimension of space."""
    omega: Positive = 1.0
    """Frequency of the trap, in hartree."""
    g: Number = 0.0
    """Strength of the pair forces, in hartree per square bohr."""
    contact: Annotated[Number, Field(ge=0)] = 0.0
    """Strength c of a repulsion `c delta(x_i - x_j)` in one dimension, in hartree bohr."""
    statistics: Statistics = "fermion"
    """What the particles are; bosons have no spin, there are `n_up` of them."""

    def build(self) -> Hamiltonian:
        particles = Particles(self.n_up, self.n_down, self.dimension, statistics=self.statistics)
        return harmonic_trap(particles, self.omega, self.g, self.contact)


class RingConfig(Section):
    """Particles on a ring that repel each other by ``contact delta(x_i - x_j)``: Lieb and Liniger, Gaudin and Yang."""

    name: Literal["ring"]
    n_up: Spins
    """Particles with spin up; all of them if they are bosons."""
    n_down: Spins = 0
    """Particles with spin down."""
    dimension: Dimension = 1
    """Dimension of space: a ring has one."""
    length: Positive
    """Length of the ring, in bohr."""
    contact: Positive
    """Strength of the repulsion at contact, in hartree bohr."""
    statistics: Statistics = "fermion"
    """What the particles are; bosons have no spin."""

    def build(self) -> Hamiltonian:
        return ring(
            Particles(self.n_up, self.n_down, self.dimension, statistics=self.statistics), self.length, self.contact
        )


class CalogeroConfig(Section):
    """Particles on a line with a repulsion ``exponent (exponent - 1) / x_ij^2``."""

    name: Literal["calogero"]
    n: Count
    """Particles, all of one spin."""
    omega: Positive = 1.0
    """Frequency of the trap, in hartree."""
    exponent: Annotated[Number, Field(ge=1)] = 2.0
    """The power of `|x_i - x_j|` in the ground state."""

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
    """Electrons around nuclei."""

    name: Literal["molecule"]
    xyz: str | None = None
    """An XYZ file, from the folder of this one, in place of `unit` and `atoms`, which the run keeps instead of it."""
    unit: Literal["bohr", "angstrom"]
    """Unit of the coordinates."""
    atoms: Annotated[list[Annotated[list[Any], AfterValidator(_atom)]], Field(min_length=1)]
    """Nuclei, each a symbol and three coordinates, as in `[Li, 0, 0, 3.015]`."""
    charge: int = 0
    """Net charge of the molecule."""
    spin: int | Literal["hund"] | None = "hund"
    """n_up - n_down; `hund` is the ground state of an atom by Hund's rule, and for a molecule 0, or 1 for an odd number
    of electrons. `null` is 0 or 1 for atoms too, as it once was by default."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("xyz"), str):
            return data
        if "atoms" in data or data.get("unit", "angstrom") != "angstrom":
            raise ValueError("expected an xyz file, whose unit is angstrom, or unit and atoms, came both")
        return {**data, "xyz": None, "unit": "angstrom", "atoms": read_xyz(Path(absolute_path(data["xyz"], info)))}

    @property
    def assumption(self) -> str:
        """By what rule the spin was found; nothing if it was given."""
        if isinstance(self.spin, int):
            return ""
        return "by Hund's rule" if self.spin == "hund" and len(self.atoms) == 1 else "assumed, the lowest"

    def build(self) -> Hamiltonian:
        """Raises UserError as `molecule`."""
        symbols, places = [atom[0] for atom in self.atoms], [[float(part) for part in atom[1:]] for atom in self.atoms]
        spin = None if self.spin == "hund" else self.spin
        if self.spin is None:
            spin = (sum(map(atomic_number, symbols)) - self.charge) % 2
        return molecule(symbols, places, self.unit, self.charge, spin)


class PythonConfig(Section):
    """A potential of your own: coordinates (batch, n, d) in bohr to energies (batch,) in hartree.

    The wavefunction starts from the orbitals of a trap with frequency `omega`.
    """

    name: Literal["python"]
    object: str
    """The potential, as `package.module:function`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments, where the object is a class."""
    n_up: Spins
    """Particles with spin up."""
    n_down: Spins
    """Particles with spin down."""
    dimension: Dimension
    """Dimension of space."""
    omega: Positive = 1.0
    """Frequency of a trap of about the same size, in hartree."""
    repulsion: bool = False
    """Whether the particles repel each other by 1/r."""
    energy: Number | None = None
    """A reference for the ground-state energy, in hartree."""

    def build(self) -> Hamiltonian:
        """Raises UserError where the object is no such function."""
        found = load(self.object, "system.object")
        potential = found(**self.options) if isinstance(found, type) else found
        if not callable(potential):
            raise UserError(f"system.object: {self.object}: expected a function, came {type(potential).__name__}")
        reference = None if self.energy is None else Reference(self.energy, "system.energy", exact=False, kind="given")
        particles = Particles(self.n_up, self.n_down, self.dimension)
        return confined(particles, potential, self.omega, self.repulsion, reference)


SystemConfig = Annotated[
    QuantumDotConfig | HarmonicTrapConfig | RingConfig | CalogeroConfig | MoleculeConfig | PythonConfig,
    Field(discriminator="name"),
]
