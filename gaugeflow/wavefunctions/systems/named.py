"""The Hamiltonians by name: quantum dots and Hooke's atoms, traps, rings, Calogero's model, atoms and molecules."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian, Potential, Reference
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.systems.bethe import gaudin_yang_energy, lieb_liniger_energy, two_in_a_trap_energy
from gaugeflow.wavefunctions.systems.elements import BOHR_PER_UNIT, atomic_number, ground_spin
from gaugeflow.wavefunctions.systems.levels import lowest_levels
from gaugeflow.wavefunctions.systems.potentials import (
    Contact,
    Coulomb,
    HarmonicPairs,
    HarmonicTrap,
    InverseSquare,
    Nuclei,
)
from gaugeflow.wavefunctions.systems.references import dot_references, molecule_references

__all__ = ["calogero", "confined", "free_energy", "harmonic_trap", "molecule", "quantum_dot", "ring"]


def quantum_dot(particles: Particles, omega: float) -> Hamiltonian:
    """Electrons in a harmonic trap, ``V = (omega^2/2) sum r_i^2 + sum 1/r_ij``; in 3D with two of them Hooke's atom."""
    if particles.dimension == 1:
        raise UserError("quantum dot: expected two or three dimensions, 1/r is not integrable in one")
    return _trapped(particles, omega, (Coulomb(),), dot_references(particles, omega))


def harmonic_trap(particles: Particles, omega: float, g: float = 0.0, contact: float = 0.0) -> Hamiltonian:
    """A harmonic trap with harmonic pair forces ``(g/2) (r_i - r_j)^2``; free particles for g = 0.

    The relative motion has the frequency ``Omega = sqrt(omega^2 + n g)``, and with closed shells, or for bosons,
    ``E = (Omega/omega) E_free - (d/2) (Omega - omega)``. `contact` adds ``c sum_{i<j} delta(x_i - x_j)`` on a line.

    Raises:
        UserError: a repulsion that the trap does not hold, ``omega^2 + n g <= 0``, or a contact outside of one
            dimension.
    """
    squared = omega**2 + particles.n * g
    if squared <= 0:
        raise UserError(f"harmonic trap: expected omega^2 + n g > 0, came {squared:g}: nothing is bound")
    pairs: tuple[Potential, ...] = (HarmonicPairs(g),) if g else ()
    if contact:
        return _trapped(particles, omega, (*pairs, _contact(particles, contact)), _busch(particles, omega, g, contact))
    relative = math.sqrt(squared)
    closed = particles.bosons or all(_is_closed_shell(count, particles.dimension) for count in particles.counts)
    energy = free_energy(particles, relative) - particles.dimension / 2 * (relative - omega)
    known = (Reference(energy, "closed form", exact=True),) if closed or g == 0 else ()
    return _trapped(particles, omega, pairs, known)


def ring(particles: Particles, length: float, contact: float) -> Hamiltonian:
    """Particles on a ring that repel each other by ``c sum_{i<j} delta(x_i - x_j)``: Lieb and Liniger's bosons, Gaudin
    and Yang's fermions.

    Raises:
        UserError: another dimension than one, no length, or no repulsion.
    """
    if not length > 0:
        raise UserError(f"ring: expected a length > 0, came {length:g}")
    term = _contact(particles, contact)
    centre, unit = torch.zeros(1, 1, dtype=torch.float64), torch.tensor([length / (2 * math.pi)], dtype=torch.float64)
    return Hamiltonian(particles, (term,), centre, unit, None, _bethe(particles, length, contact), length)


def calogero(n: int, omega: float, exponent: float) -> Hamiltonian:
    """F. Calogero, J. Math. Phys. 12 (1971) 419: ``V = (omega^2/2) sum x_i^2 + lambda (lambda-1) sum 1/x_ij^2``.

    ``E = omega (n/2 + lambda n (n-1)/2)``. Raises UserError unless lambda >= 1.
    """
    if exponent < 1:
        raise UserError(f"Calogero: expected an exponent lambda >= 1, came {exponent}")
    particles = Particles(n, 0, 1)
    reference = Reference(omega * (n / 2 + exponent * n * (n - 1) / 2), "closed form", exact=True)
    return _trapped(particles, omega, (InverseSquare(exponent),), (reference,))


def molecule(
    elements: Sequence[str],
    positions: Sequence[Sequence[float]],
    unit: str,
    charge: int = 0,
    spin: int | None = None,
) -> Hamiltonian:
    """Electrons around fixed nuclei.

    Args:
        elements: symbols, as "Li".
        positions: of the nuclei, three numbers each, in the `unit` "bohr" or "angstrom".
        charge: of the whole in units of e.
        spin: ``n_up - n_down``; by default that of the ground state for one nucleus, by Hund's rule, else 0 or 1.

    Raises:
        UserError: an unknown element or unit, no electron, a charge and a spin that do not fit each other, or no spin
            for a heavy ion, see `ground_spin`.
    """
    if unit not in BOHR_PER_UNIT:
        raise UserError(f"molecule: expected the unit bohr or angstrom, came {unit!r}")
    numbers = [atomic_number(symbol) for symbol in elements]
    n = sum(numbers) - charge
    if n < 1:
        raise UserError(f"molecule: expected an electron at least, the charge {charge} leaves {n} of {sum(numbers)}")
    if spin is None:
        spin = ground_spin(numbers[0], n) if len(numbers) == 1 else n % 2
    if (n + spin) % 2 or abs(spin) > n:
        spins = ", ".join(str(allowed) for allowed in range(n % 2, n + 1, 2))
        raise UserError(
            f"molecule: {n} electrons ({sum(numbers)} of the neutral atoms, charge {charge}) cannot have the spin "
            f"n_up - n_down = {spin}; expected one of {spins}, or its negative"
        )
    charges = torch.tensor(numbers, dtype=torch.float64)
    centres = torch.tensor(positions, dtype=torch.float64) * BOHR_PER_UNIT[unit]
    particles = Particles((n + spin) // 2, (n - spin) // 2, 3)
    known = molecule_references(elements, centres, particles) if charge == 0 else ()
    terms = (Nuclei(centres, charges), Coulomb()) if n > 1 else (Nuclei(centres, charges),)
    return Hamiltonian(particles, terms, centres, 1 / charges, charges, known)


def confined(
    particles: Particles,
    potential: Potential,
    omega: float,
    repulsion: bool = False,
    reference: Reference | None = None,
) -> Hamiltonian:
    """Particles in a potential of the user's own that holds them together.

    Args:
        potential: energies ``(batch,)`` of coordinates ``(batch, n, d)``.
        omega: the frequency of a trap of about the same size, whose orbitals the wavefunction starts from.
        repulsion: adds ``sum 1/r_ij``, whose cusps the wavefunction then has.

    Raises:
        UserError: the potential gives no such energies, or finds another one if equal spins change places.
    """
    if repulsion and particles.dimension == 1:
        raise UserError("potential: expected two or three dimensions, the repulsion 1/r is not integrable in one")
    _try(potential, particles)
    terms = (potential, Coulomb()) if repulsion and particles.n > 1 else (potential,)
    return _around_origin(particles, omega, terms, () if reference is None else (reference,))


def _try(potential: Potential, particles: Particles) -> None:
    """Calls the potential once, before a calculation is begun with it."""
    x = torch.randn(3, particles.n, particles.dimension, generator=torch.Generator().manual_seed(0)).double()
    found = potential(x)
    if not isinstance(found, Tensor) or found.shape != (3,) or not bool(torch.isfinite(found).all()):
        what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise UserError(
            f"potential: expected finite energies (batch,) of coordinates (batch, n, d), came {what} for "
            f"{tuple(x.shape)}"
        )
    order = [*reversed(range(particles.n_up)), *reversed(range(particles.n_up, particles.n))]
    if not torch.allclose(potential(x[:, order]), found, rtol=1e-9):
        raise UserError("potential: expected the same energy if particles of equal spin change places, came another")


def free_energy(particles: Particles, omega: float) -> float:
    """The energy of non-interacting particles in a harmonic trap."""
    if particles.bosons:
        return omega * particles.n * particles.dimension / 2
    levels = lowest_levels(particles.dimension, max(particles.counts))
    quanta = [sum(level) + particles.dimension / 2 for level in levels]
    return omega * sum(sum(quanta[:count]) for count in particles.counts)


def _trapped(
    particles: Particles, omega: float, others: tuple[Potential, ...], known: tuple[Reference, ...]
) -> Hamiltonian:
    return _around_origin(particles, omega, (HarmonicTrap(omega), *others), known)


def _around_origin(
    particles: Particles, omega: float, terms: tuple[Potential, ...], known: tuple[Reference, ...]
) -> Hamiltonian:
    if not omega > 0:
        raise UserError(f"trap: expected a frequency omega > 0, came {omega}")
    centre = torch.zeros(1, particles.dimension, dtype=torch.float64)
    length = torch.tensor([omega**-0.5], dtype=torch.float64)
    return Hamiltonian(particles, terms, centre, length, None, known)


def _contact(particles: Particles, strength: float) -> Contact:
    if particles.dimension != 1:
        raise UserError(f"contact: expected particles in one dimension, came {particles}")
    return Contact(strength)


def _busch(particles: Particles, omega: float, g: float, contact: float) -> tuple[Reference, ...]:
    """Of two particles that meet, without other forces."""
    if particles.n != 2 or particles.exclude or g:
        return ()
    return (Reference(two_in_a_trap_energy(omega, contact), "T. Busch et al., Found. Phys. 28 (1998) 549", exact=True),)


def _bethe(particles: Particles, length: float, contact: float) -> tuple[Reference, ...]:
    """Of bosons, of fermions with odd numbers of both spins or of one alone."""
    if particles.bosons:
        energy = lieb_liniger_energy(particles.n, length, contact)
        return (Reference(energy, "E. H. Lieb and W. Liniger, Phys. Rev. 130 (1963) 1605", True, "Bethe ansatz"),)
    if any(count and count % 2 == 0 for count in particles.counts):
        return ()
    energy = gaudin_yang_energy(*particles.counts, length, contact)
    source = "M. Gaudin, Phys. Lett. A 24 (1967) 55, and C. N. Yang, Phys. Rev. Lett. 19 (1967) 1312"
    return (Reference(energy, source, True, "Bethe ansatz"),)


def _is_closed_shell(count: int, dimension: int) -> bool:
    return any(count == math.comb(shells + dimension - 1, dimension) for shells in range(count + 1))
