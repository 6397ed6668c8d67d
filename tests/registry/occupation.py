"""Fermions on sites: what is claimed of their wavefunctions, factors and energies under motions of the lattice."""

from functools import partial

import torch

from gaugeflow.symmetry import Scalars, SignedLog
from gaugeflow.symmetry.claims import Action, Equivariance
from gaugeflow.wavefunctions import Determinants, NeuralOrbitals, occupation
from gaugeflow.wavefunctions.wavefunction import LogPsi
from tests.registry.line import BATCH, Line, line


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


RING = occupation.hubbard(occupation.lattice("chain", [4]), 2, 2, 3.0)
TORUS = occupation.hubbard(occupation.lattice("square", vectors=[[2, 1], [-1, 2]]), 2, 2, 3.0)
SQUARE = occupation.hubbard(occupation.lattice("square", [4, 4]), 2, 1, 3.0)
TWISTED = occupation.hubbard(occupation.lattice("chain", [4], boundary=0.9), 2, 2, 3.0)


def states(hamiltonian=RING):
    return occupation.Occupations(hamiltonian.particles.draw(BATCH, seeded()), torch.ones(BATCH, dtype=torch.float64))


def varied():
    """States of the ring that no motion takes to each other: few numbers on few sites are often the same by chance."""
    every = RING.particles.every()
    places = [int(occupation.double_occupancy(every).sub(wanted).abs().argmin()) for wanted in (0.0, 0.25, 0.5)]
    apart = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 1]], dtype=torch.float64)
    return occupation.Occupations(torch.stack([*every[places], apart]), torch.ones(BATCH, dtype=torch.float64))


def network(hamiltonian=RING):
    """Neural backflow without any symmetry of the lattice."""
    particles = hamiltonian.particles
    start = occupation.lowest_orbitals(hamiltonian.one_body)
    base = occupation.SiteOrbitals(particles, 1, particles.counts, start, seeded())
    backbone = occupation.SiteDense(particles, 6, 3, seeded())
    return Determinants(NeuralOrbitals(backbone, 1, particles.counts, seeded(), base=base))


def twisted(hamiltonian=TWISTED):
    """The same of complex orbitals."""
    particles = hamiltonian.particles
    start = occupation.lowest_orbitals(hamiltonian.one_body)
    parts = [
        NeuralOrbitals(
            occupation.SiteDense(particles, 6, 3, seeded(seed)),
            1,
            particles.counts,
            seeded(),
            base=occupation.SiteOrbitals(particles, 1, particles.counts, part, seeded()),
        )
        for seed, part in enumerate((start.real, start.imag))
    ]
    return Determinants(occupation.ComplexOrbitals(*parts))


def hidden(hamiltonian=RING, pairing=None, counts=1):
    """Hidden fermions, as many as asked for, in a determinant, or in a Pfaffian of so many orbitals."""
    particles = hamiltonian.particles
    up, down = occupation.lowest_orbitals(hamiltonian.one_body)[:, :, : max(particles.counts)]
    if pairing is None:
        size = occupation.HiddenDeterminants.columns(particles, counts)
        start = occupation.side_by_side(up[:, : particles.n_up], down[:, : particles.n_down], particles.n_up, size)
        orbitals = occupation.SiteOrbitals(particles, 1, (size, size), start, seeded())
        attention = occupation.SiteAttention(particles, 4, 2, 1, seeded())
        return occupation.HiddenDeterminants(orbitals, attention, counts, seeded())
    size = occupation.HiddenPfaffians.columns(pairing, counts)
    laid = occupation.pair_columns(torch.stack((up, down)), min(particles.counts), particles, pairing)
    start = occupation.side_by_side(*laid, pairing, size)
    orbitals = occupation.SiteOrbitals(particles, 1, (size, size), start, seeded())
    backbone = occupation.SiteDense(particles, 4, 2, seeded())
    return occupation.HiddenPfaffians(orbitals, backbone, counts, pairing, seeded())


def hidden_pairs(hamiltonian=RING):
    """Two hidden fermions in a Pfaffian."""
    return hidden(hamiltonian, pairing=3, counts=2)


def signed(psi):
    """The wavefunction of states that carry a sign."""

    def f(x, sign):
        value = psi(x)
        return LogPsi(value.sign * sign, value.log)

    return f


def motions(hamiltonian):
    lattice = hamiltonian.lattice
    return occupation.SiteGroup(lattice.translations).times(occupation.SiteGroup(lattice.point_group))


SECTORS = {
    "k = pi / 2, even": ((0.5,), None, 1),
    "k = 0, A1, even": ((0,), "A1", 1),
    "k = pi, odd": ((1,), None, -1),
    "A2": (None, "A2", None),
}


COMPLEX = {
    "turns with a phase": (TORUS, network, ((0, 0), "E+", 1)),
    "a momentum and the mirror that keeps it": (SQUARE, network, ((0.5, 0), "A2", None)),
    "a momentum of complex orbitals": (TWISTED, twisted, ((0,), None, 1)),
}


def action_claims():
    """Motions of the lattice act as a group, with all signs; so does the exchange of spins."""
    groups = {name: occupation.sector(RING.lattice, *of) for name, of in SECTORS.items()}
    groups["torus of five sites"] = motions(TORUS)
    groups["torus, turns with a phase"] = occupation.sector(TORUS.lattice, (0, 0), "E+")
    return [Action(group, states(TORUS if "torus" in name else RING), name) for name, group in groups.items()]


def projection_claims():
    """A network in a sector has its character, by either route; the local energy of a projected one is invariant."""
    found, cases = [], {name: (RING, network, of) for name, of in SECTORS.items()} | COMPLEX
    for name, (hamiltonian, make, of) in cases.items():
        group = occupation.sector(hamiltonian.lattice, *of)
        routes = {"projected on": occupation.SiteProjected, "canonical in": occupation.SiteCanonical}
        for how, route in routes.items():
            psi = signed(route(make(hamiltonian), group))
            found.append(Equivariance(psi, states(hamiltonian), f"{how} {name}", group, SignedLog))
    even = occupation.SiteProjected(network(), occupation.sector(RING.lattice, (0,), "A1", 1))

    def energy(x, sign):
        return occupation.local_value(even, RING.operators, RING.particles, x)

    group = occupation.sector(RING.lattice, (0,), "A1", 1)
    return [*found, Equivariance(energy, states(), "local energy of a projected state", group, Scalars)]


def moving(hamiltonian=SQUARE, terms=2, isotropic=True):
    """Determinants with numbers of a network that moves with the lattice, and turns with it if it is isotropic."""
    particles = hamiltonian.particles
    start = occupation.lowest_orbitals(hamiltonian.one_body)
    base = occupation.SiteOrbitals(particles, terms, particles.counts, start, seeded())
    backbone = occupation.SiteConvolution(particles, hamiltonian.lattice, 3, 2, seeded(), isotropic)
    return Determinants(NeuralOrbitals(backbone, terms, particles.counts, seeded(), base=base))


IMAGES = {
    "k = 0, B1": (SQUARE, ((0, 0), "B1", None)),
    "k = (1, 1), A2": (SQUARE, ((1, 1), "A2", None)),
    "the turns of a torus": (TORUS, (None, "B", None)),
    "k = pi": (RING, ((1,), None, None)),
}


def image_claims():
    """Sums over images of orbitals have their character."""
    found = []
    for name, (hamiltonian, of) in IMAGES.items():
        group = occupation.sector(hamiltonian.lattice, *of)
        psi = signed(occupation.SiteImages(moving(hamiltonian), group))
        found.append(Equivariance(psi, states(hamiltonian), f"images in {name}", group, SignedLog))
    return found


def hidden_claims():
    """Projected states with hidden fermions have their character."""
    group = occupation.sector(RING.lattice, (0,), "A1", 1)
    made = {"hidden determinant": hidden(), "hidden Pfaffian": hidden_pairs()}
    return [
        Equivariance(signed(occupation.SiteProjected(psi, group)), states(), f"projected {name}", group, SignedLog)
        for name, psi in made.items()
    ]


SHELL = occupation.hubbard(occupation.lattice("chain", [6]), 3, 1, 3.0)
"""Both numbers fill shells: the momenta 0, and 0 and both nearest to it."""


def backflow(backbone, hamiltonian=SHELL, reach=2):
    """Of fixed orbitals, with weights as large as they."""
    particles = hamiltonian.particles
    start = occupation.lowest_orbitals(hamiltonian.one_body)
    base = occupation.SiteOrbitals(particles, 2, particles.counts, start, seeded(), fixed=True)
    orbitals = occupation.SiteBackflow(backbone, base, hamiltonian.lattice, reach, seeded())
    for layer in orbitals.weights:
        torch.nn.init.normal_(layer.weight, generator=seeded())
    return Determinants(orbitals)


def backflow_claims():
    """The determinant of closed shells, with weights that move with the particles, stays in the sector of both."""
    convolution = occupation.SiteConvolution(SHELL.particles, SHELL.lattice, 3, 2, seeded())
    group = occupation.sector(SHELL.lattice, (0,))
    return [Equivariance(signed(backflow(convolution)), states(SHELL), "backflow of closed shells", group, SignedLog)]


def part_claims():
    """Factors and observables keep all motions; the features of a convolution move with the lattice."""
    lattice, particles = RING.lattice, RING.particles
    jastrow = occupation.SiteJastrow(particles, lattice.pair_classes, seeded())
    torch.nn.init.normal_(jastrow.weights.weight, generator=seeded())
    convolution = occupation.SiteConvolution(particles, lattice, 4, 2, seeded())
    cases = {
        "SiteJastrow": (jastrow, motions(RING)),
        "double occupancy": (occupation.double_occupancy, motions(RING)),
        "convolution, summed": (lambda x: convolution.of_sites(x).sum(1), occupation.SiteGroup(lattice.translations)),
    }

    def alone(f, x, sign):
        return f(x)

    return [Equivariance(partial(alone, f), varied(), name, group, Scalars) for name, (f, group) in cases.items()]


LINES: dict[str, Line] = {
    "motions of sites": line(
        occupation.SiteGroup, occupation.Occupations, occupation.moved, occupation.sector, claims=action_claims
    ),
    "wavefunctions on sites": line(
        occupation.SiteProjected,
        occupation.SiteCanonical,
        occupation.local_value,
        occupation.hubbard,
        claims=projection_claims,
    ),
    "images of orbitals on sites": line(occupation.SiteImages, claims=image_claims),
    "hidden fermions on sites": line(occupation.HiddenDeterminants, occupation.HiddenPfaffians, claims=hidden_claims),
    "backflow on sites": line(occupation.SiteBackflow, claims=backflow_claims),
    "parts of wavefunctions on sites": line(
        occupation.SiteJastrow,
        occupation.SiteConvolution,
        occupation.double_occupancy,
        claims=part_claims,
    ),
}

WITHOUT = {
    "ComplexOrbitals": "of no symmetry of the lattice",
    "Enumerated": "draws configurations",
    "ExactStates": "numbers",
    "Factor": "an operator",
    "MeanField": "numbers",
    "Uncorrelated": "the energy of density matrices, tested against all configurations",
    "begin_in_pairs": "sets coefficients, tested against all configurations",
    "hartree_fock": "numbers",
    "pair_columns": "orders columns",
    "paired": "numbers",
    "side_by_side": "orders columns",
    "Hop": "tested against all configurations",
    "SwapSites": "tested against all configurations",
    "Lattice": "makes groups, which have a line",
    "Operators": "tested against matrices",
    "Orbits": "sums, tested against matrices",
    "SiteAttention": "of no symmetry of the lattice",
    "SiteBackbone": "what every backbone on sites offers",
    "SiteDense": "of no symmetry of the lattice",
    "RankOne": "tested against all configurations",
    "RankTwo": "tested against all configurations",
    "SiteFermions": "counts",
    "SiteHamiltonian": "a sum of products",
    "SiteOrbitals": "of no symmetry of the lattice",
    "exact_states": "numbers",
    "sector_energies": "numbers",
    "from_lists": "tested against operators",
    "lattice": "makes groups, which have a line",
    "lowest_orbitals": "numbers",
    "of_products": "a sum of products",
    "parse": "reads text",
    "structure_factors": "numbers",
    "t_j": "a sum of products, as hubbard, which has a line",
    "t_v": "a sum of products, as hubbard, which has a line",
    "to_lists": "tested against operators",
    "total_spin_operator": "a sum of products",
}
