"""The lowest states without correlation: unrestricted Hartree-Fock, and pairs of an up and a down particle (BCS)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.mean_fields.energy import Uncorrelated

__all__ = ["MeanField", "hartree_fock", "paired"]

Fill = Callable[[Tensor], Tensor]

STEPS = 200
"""Of one search at most."""
KEPT = 8
"""Fields that the next one is extrapolated from."""
CONVERGED = 1e-12
"""What the energy may still fall by to first order, beside its size."""
LEAST = 1e-4
"""The amplitude of an empty place in a pair is at least so large: without a gap it is zero."""


@dataclass(frozen=True)
class MeanField:
    """The lowest of several searches.

    Attributes:
        energy: of the state; with pairs, the mean over its numbers of particles.
        energies: of each search, rising.
        orbitals: a column each, ``(2, sites, k)``; column m of up is paired with column m of down, the most occupied
            first, and behind the pairs stand those of particles without a partner. Of Hartree-Fock they are all
            orbitals in the order of their energies.
        pairs: how many columns are pairs.
    """

    energy: float
    energies: tuple[float, ...]
    orbitals: Tensor
    pairs: int


def hartree_fock(hamiltonian: SiteHamiltonian, generator: torch.Generator, starts: int = 8) -> MeanField:
    """The lowest determinant for each spin, from random starts: densities and spins may alternate.

    Each search takes the way to the lowest determinant of the present field as far as the energy falls, which is
    quadratic (the algorithm of M. Frank and P. Wolfe, Naval Res. Logist. Quart. 3 (1956) 95; in quantum chemistry the
    optimal damping of E. Cances and C. Le Bris, Int. J. Quantum Chem. 79 (2000) 82), or that of extrapolated fields
    where it is lower.

    Raises:
        UserError: as `Uncorrelated`.
    """
    particles, sites = hamiltonian.particles, hamiltonian.particles.sites
    counts = particles.n_up, sites - particles.n_down

    def fill(field: Tensor) -> Tensor:
        blocks = field[:sites, :sites], field[sites:, sites:]
        return torch.block_diag(*(_projector(b, count) for b, count in zip(blocks, counts, strict=True)))

    def closed(energy: Uncorrelated, r: Tensor) -> tuple[float, Tensor]:
        field = energy.slope(r)[1]
        orbitals = torch.stack([torch.linalg.eigh(b)[1] for b in (field[:sites, :sites], -field[sites:, sites:])])
        return float(energy(fill(field))), orbitals

    energies, orbitals = _best(hamiltonian, generator, starts, fill, closed, None)
    return MeanField(energies[0], energies, orbitals, min(particles.counts))


def paired(hamiltonian: SiteHamiltonian, generator: torch.Generator, starts: int = 8) -> MeanField:
    """The lowest state ``exp(sum_ij F_ij c+_i,up c+_j,down) |0>`` with so many particles on average (J. Bardeen,
    L. N. Cooper, J. R. Schrieffer, Phys. Rev. 108 (1957) 1175), from random starts.

    Its part with exactly so many particles is a Pfaffian of F, ``F = sum_m phi_up,m phi_down,m^T`` over the columns of
    the result. A chemical potential holds the mean number; the difference of spins is exact.

    Raises:
        UserError: no particle of one spin, more down than up ones, or as `Uncorrelated`.
    """
    particles, sites = hamiltonian.particles, hamiltonian.particles.sites
    if not 0 < particles.n_down <= particles.n_up:
        raise UserError(f"mean field of pairs: expected down particles, and not fewer up ones, came {particles}")
    single = particles.n_up - particles.n_down
    rank = sites + single
    kinds = torch.cat((torch.ones(sites), -torch.ones(sites))).double()
    wanted = float(particles.n - sites)

    def fill(field: Tensor) -> Tensor:
        return _filled(field, rank, kinds, wanted)

    def closed(energy: Uncorrelated, r: Tensor) -> tuple[float, Tensor]:
        return float(energy(r)), _pairs(torch.linalg.eigh(r)[1][:, -rank:], single)

    energies, orbitals = _best(hamiltonian, generator, starts, fill, closed, kinds)
    return MeanField(energies[0], energies, orbitals, sites)


def _best(
    hamiltonian: SiteHamiltonian,
    generator: torch.Generator,
    starts: int,
    fill: Fill,
    closed: Callable[[Uncorrelated, Tensor], tuple[float, Tensor]],
    held: Tensor | None,
) -> tuple[tuple[float, ...], Tensor]:
    """The energies of all searches, rising, and the orbitals of the lowest."""
    energy, sites = Uncorrelated(hamiltonian.operators), hamiltonian.particles.sites
    up, down = torch.from_numpy(hamiltonian.one_body.real)
    free = torch.block_diag(up, -down)
    spread = float(torch.linalg.eigvalsh(free).std()) or 1.0
    found = []
    for _ in range(starts):
        noise = torch.randn(2 * sites, 2 * sites, generator=generator, dtype=torch.float64)
        noise = (noise + noise.T) * spread / (4 * sites) ** 0.5
        found.append(closed(energy, _settled(energy, fill, free + noise, held)))
    found.sort(key=lambda entry: entry[0])
    return tuple(value for value, _ in found), found[0][1]


def _settled(energy: Uncorrelated, fill: Fill, field: Tensor, held: Tensor | None) -> Tensor:
    """R where no other filling is lower to first order; of two steps from each the lower one is taken."""
    r = fill(field)
    fields: list[Tensor] = []
    errors: list[Tensor] = []
    for _ in range(STEPS):
        value, field = energy.slope(r)
        move = fill(field) - r
        first = float((field * move).sum())
        if -first < CONVERGED * max(1.0, abs(value)):
            break
        second = float(energy(r + move)) - value - first
        way = 1.0 if second <= -first / 2 else -first / (2 * second)
        fields, errors = [*fields[1 - KEPT :], field], [*errors[1 - KEPT :], _error(field, r, held)]
        ahead = fill(_extrapolated(fields, errors))
        r = ahead if float(energy(ahead)) < value + way * (first + way * second) else r + way * move
    return r


def _error(field: Tensor, r: Tensor, held: Tensor | None) -> Tensor:
    """The commutator of field and R, flat, zero where R is settled; the multiple of what is held is free."""
    error = field @ r - r @ field
    if held is not None:
        free = held[:, None] * r - r * held
        error = error - (error * free).sum() / free.square().sum().clamp(min=1e-300) * free
    return error.flatten()


def _extrapolated(fields: list[Tensor], errors: list[Tensor]) -> Tensor:
    """The sum of fields, with coefficients of the sum 1, whose error is the least (P. Pulay, Chem. Phys. Lett. 73
    (1980) 393)."""
    made = torch.stack(errors)
    made = made / made.norm(dim=1).min().clamp(min=1e-300)
    shares = torch.linalg.pinv(made @ made.T, hermitian=True).sum(1)
    return torch.einsum("k,kij->ij", shares / shares.sum(), torch.stack(fields))


def _projector(field: Tensor, count: int) -> Tensor:
    """On the lowest states."""
    states = torch.linalg.eigh(field)[1][:, :count]
    return states @ states.T


def _filled(field: Tensor, rank: int, kinds: Tensor, wanted: float) -> Tensor:
    """The lowest states with this mean of `kinds`; of both sides where the mean jumps."""
    from scipy.optimize import brentq  # takes long to load

    def beside(potential: float) -> tuple[Tensor, float]:
        r = _projector(field - potential * kinds.diag(), rank)
        return r, float(r.diagonal() @ kinds) - wanted

    reach = float(torch.linalg.matrix_norm(field, 2)) + 1.0
    root = brentq(lambda potential: beside(potential)[1], -2 * reach, 2 * reach, xtol=1e-13)
    (below, few), (above, many) = beside(root - 1e-9), beside(root + 1e-9)
    share = min(max(-few / (many - few), 0.0), 1.0) if many > few else 0.5
    return (1 - share) * below + share * above


def _pairs(states: Tensor, single: int) -> Tensor:
    """The columns of F, and those without a partner, of the filled states ``(2 sites, rank)``: with
    ``B = U u C^T`` of the places without down particles, ``A C = v phi`` of those with up ones."""
    sites = len(states) // 2
    holes, empty, mixed = torch.linalg.svd(states[sites:])
    filled = (states[:sites] @ mixed.T).flip(-1)  # rising u: first those without a partner, then the fullest pairs
    alone, ups = filled[:, :single], filled[:, single:] / empty.flip(-1).clamp(min=LEAST)
    root = ups.norm(dim=0).clamp(min=1e-300).sqrt()
    up = torch.cat((ups / root, alone), 1)
    return torch.stack((up, torch.cat((holes.flip(-1) * root, torch.zeros_like(alone)), 1)))
