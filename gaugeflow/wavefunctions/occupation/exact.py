"""Exact diagonalisation in float64 by Lanczos's method: SciPy's `eigsh` on an operator that stores no matrix.

With numbers of up and down particles fixed, a state is a matrix ``V[up, down]``, and a product of operators is one of
the up spins times one of the down spins (the latter pass all up particles in pairs). So

    ``H V = T_up V + V T_down^T + D * V + sum_k A_k V B_k^T``,

where T, A, B are sparse and as large as one spin's space. The signs are those of `Operators`.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Reference
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions, subsets
from gaugeflow.wavefunctions.occupation.enumeration.orbits import Orbits
from gaugeflow.wavefunctions.occupation.memory import memory_bytes
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators, Products, is_diagonal
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup

__all__ = [
    "ExactStates",
    "Split",
    "exact_states",
    "known_energies",
    "require_double",
    "require_memory",
    "sector_energies",
]

AT_ONCE = 70_000
"""Spaces up to this size are diagonalised where a reference is asked for: within seconds."""
DENSE = 200
"""Spaces up to this size have a matrix: Lanczos's method needs a few more states than it gives."""
LISTED = 200_000_000
"""The largest space of which the orbits of a sector are made."""
VECTORS = 30
"""Vectors of the size of the space that a diagonalisation needs."""


class Model(Protocol):
    """What is diagonalised, such as a `SiteHamiltonian`."""

    @property
    def particles(self) -> SiteFermions: ...
    @property
    def operators(self) -> Operators: ...
    @property
    def sector(self) -> SiteGroup | None: ...


@dataclass(frozen=True)
class ExactStates:
    """The lowest energies ``(k,)`` and their states ``(k, up, down)``, of the space of `subsets` of each spin."""

    energies: np.ndarray
    states: np.ndarray


class Split:
    """A Hamiltonian as sums of products of one spin's matrices, which acts on states ``V[up, down]``."""

    def __init__(self, hamiltonian: Model) -> None:
        particles = hamiltonian.particles
        self.particles = particles
        self.spaces = tuple(subsets(particles.sites, count) for count in particles.counts)
        self.shape = len(self.spaces[0]), len(self.spaces[1])
        self.kind = float if hamiltonian.operators.real else complex
        self._parts = _sorted_products(hamiltonian.operators.products)

    @cached_property
    def alone(self) -> tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]:
        """T_up and T_down."""
        up, down = ({part[spin]: c for part, c in self._parts.items() if not part[1 - spin]} for spin in (0, 1))
        return self.matrix(up, 0), self.matrix({part: c for part, c in down.items() if part}, 1)

    @cached_property
    def diagonal(self) -> np.ndarray | float:
        """D, ``(up, down)``, of the products with densities of both spins."""
        both = [(p, c) for p, c in self._parts.items() if p[0] and p[1] and is_diagonal(p[0]) and is_diagonal(p[1])]
        if not both:
            return 0.0
        up = np.stack([c * self.matrix({p[0]: 1.0}, 0).diagonal() for p, c in both])
        down = np.stack([self.matrix({p[1]: 1.0}, 1).diagonal() for p, _ in both])
        return up.T @ down

    @cached_property
    def mixed(self) -> list[tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]]:
        """A_k and B_k; those with the same B are one."""
        groups: dict[tuple[Factor, ...], Products] = defaultdict(dict)
        for (up, down), value in self._parts.items():
            if up and down and not (is_diagonal(up) and is_diagonal(down)):
                groups[down][up] = value
        return [(self.matrix(up, 0), self.matrix({down: 1.0}, 1)) for down, up in groups.items()]

    @cached_property
    def allowed(self) -> np.ndarray | float:
        """1 for what the space holds, ``(up, down)``."""
        if not self.particles.exclusive:
            return 1.0
        return (self.spaces[0].numpy() @ self.spaces[1].numpy().T == 0).astype(float)

    def matrix(self, products: Products, spin: int) -> scipy.sparse.csr_array:
        """A sum of products of one spin in the space of that spin, as if the other had no particles."""
        space, sites = self.spaces[spin], self.particles.sites
        sums = Operators([(value, factors) for factors, value in products.items()], sites)
        x = space.new_zeros(len(space), 2, sites)
        x[:, spin] = space
        found = sums.connected(x)
        keys = _keys(space.numpy())
        order = np.argsort(keys)
        rows = order[np.searchsorted(keys[order], _keys(found.y[:, spin].numpy()))]
        size = len(space)
        moved = scipy.sparse.coo_array((found.elements.numpy(), (rows, found.walkers.numpy())), (size, size))
        return (moved.tocsr() + scipy.sparse.diags_array(found.diagonal.numpy())).tocsr()

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """H times a state, flat."""
        state = vector.reshape(self.shape) * self.allowed
        up, down = self.alone
        result = up @ state + (down @ state.T).T + self.diagonal * state
        for a, b in self.mixed:
            result += (b @ (a @ state).T).T
        return (result * self.allowed).ravel()


def exact_states(hamiltonian: Model, count: int = 1, dtype: str = "float64", tolerance: float = 0.0) -> ExactStates:
    """The lowest states with the numbers of particles that the Hamiltonian has.

    Args:
        count: how many; degenerate ones count one by one, and Lanczos's method may miss some of them.
        dtype: "float64" alone.
        tolerance: relative, of the energies; 0 is the precision of the machine.

    Raises:
        UserError: float32, or a space that memory does not hold.
    """
    require_double(dtype)
    require_memory(hamiltonian)
    split = Split(hamiltonian)
    size = split.shape[0] * split.shape[1]
    allowed = np.broadcast_to(split.allowed, split.shape).ravel() > 0
    if int(allowed.sum()) <= max(DENSE, 2 * count + 1):
        energies, vectors = _dense(split, np.flatnonzero(allowed), count)
    else:
        start = np.where(allowed, np.random.default_rng(0).normal(size=size), 0.0).astype(split.kind)
        shift = 0.0 if allowed.all() else _bound(split)
        operator: Any = LinearOperator((size, size), lambda v: split(v) - shift * v * allowed, dtype=split.kind)
        energies, vectors = eigsh(operator, k=count, which="SA", v0=start, tol=tolerance)
        energies = energies + shift
    order = np.argsort(energies)
    return ExactStates(energies[order], vectors.T[order].reshape(count, *split.shape))


def require_double(dtype: str) -> None:
    """Raises UserError for another precision than "float64"."""
    if dtype != "float64":
        raise UserError(
            f"exact diagonalisation: expected float64, came {dtype}: in single precision Lanczos's method ends below "
            "the true minimum"
        )


def sector_energies(hamiltonian: Model, group: SiteGroup, count: int = 1) -> np.ndarray:
    """The lowest energies ``(count,)`` of the states with a character, from the matrix among orbits.

    With ``sqrt(size_a) psi_a`` of each orbit a it is hermitian; it has as many rows as the sector has states.

    Args:
        group: with the character, which the Hamiltonian keeps.

    Raises:
        UserError: a larger space than `LISTED`, or more energies than the sector has states.
    """
    orbits = Orbits(hamiltonian.particles, group, LISTED)
    found, size = orbits.hermitian(orbits.among(hamiltonian.operators)), len(orbits.sizes)
    if count > size:
        raise UserError(f"exact diagonalisation: expected at most {size} states of this sector, came {count}")
    places = found.rows.numpy(), found.columns.numpy()
    moved = scipy.sparse.coo_array((found.values.numpy(), places), (size, size)).tocsr()
    matrix = moved + scipy.sparse.diags_array(found.diagonal.numpy().real)
    if size <= max(DENSE, 2 * count + 1):
        return np.linalg.eigvalsh(matrix.toarray())[:count]
    start = np.random.default_rng(0).normal(size=size).astype(matrix.dtype)
    return np.sort(eigsh(matrix, k=count, which="SA", v0=start, return_eigenvectors=False))


def _dense(split: Split, places: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    size = split.shape[0] * split.shape[1]
    if count > len(places):
        raise UserError(f"exact diagonalisation: expected at most {len(places)} states of this space, came {count}")
    columns = np.zeros((size, len(places)), dtype=split.kind)
    columns[places, np.arange(len(places))] = 1
    matrix = np.stack([split(column)[places] for column in columns.T], 1)
    energies, inside = np.linalg.eigh(matrix)
    return energies[:count], columns @ inside[:, :count]


def _bound(split: Split) -> float:
    """No energy lies above it: states outside of the space, whose energy is 0, are not to be the lowest."""
    parts = [abs(m).sum(0).max() for m in split.alone]
    both = sum(float(abs(a).sum(0).max() * abs(b).sum(0).max()) for a, b in split.mixed)
    return float(sum(parts) + np.abs(split.diagonal).max() + both) + 1.0


def require_memory(hamiltonian: Model) -> None:
    """Raises UserError, with the number, for a space that the memory of this machine does not hold."""
    particles = hamiltonian.particles
    states = _product_states(hamiltonian)
    each = 8 if hamiltonian.operators.real else 16
    most = memory_bytes() // (each * VECTORS)
    if states > most:
        raise UserError(
            f"exact diagonalisation: {particles} have {states:,} states, which need "
            f"{states * each * VECTORS / 1e9:,.0f} GB; expected at most {most:,} on this machine"
        )


def _product_states(hamiltonian: Model) -> int:
    particles = hamiltonian.particles
    return math.prod(math.comb(particles.sites, count) for count in particles.counts)


def known_energies(hamiltonian: Model) -> tuple[Reference, ...]:
    """The ground state, or the lowest one of the sector, by exact diagonalisation, where that takes seconds."""
    if _product_states(hamiltonian) > AT_ONCE:
        return ()
    source = "exact diagonalisation by gaugeflow"
    if hamiltonian.sector is None:
        energy = float(exact_states(hamiltonian).energies[0])
    else:
        energy, source = float(sector_energies(hamiltonian, hamiltonian.sector)[0]), f"{source}, in the sector"
    return (Reference(energy, source, True, "exact diagonalisation"),)


def _sorted_products(products: Products) -> dict[tuple[tuple[Factor, ...], tuple[Factor, ...]], complex]:
    """Each product as one of up spins times one of down spins, with the sign of the exchange."""
    parts: dict[tuple[tuple[Factor, ...], tuple[Factor, ...]], complex] = defaultdict(float)
    for factors, value in products.items():
        up, down = (tuple(f for f in factors if f.spin == spin) for spin in (0, 1))
        passed = sum(1 for k, f in enumerate(factors) if f.spin == 0 for g in factors[:k] if g.spin == 1)
        parts[up, down] += (-1) ** passed * value
    return parts


def _keys(occupied: np.ndarray) -> np.ndarray:
    """A whole number for each configuration of one spin."""
    return occupied.astype(np.int64) @ (1 << np.arange(occupied.shape[1], dtype=np.int64))
