"""Wavefunctions for the tests: the exact ones, and small networks in every combination."""

import math
from functools import cache, partial

import torch

from gaugeflow.symmetry import Electrons
from gaugeflow.symmetry.examples.orbital_overlaps import BENT, KINDS, SHELLS, summed_overlaps
from gaugeflow.wavefunctions import (
    EGNN,
    CentreOfMass,
    ContactCusp,
    DeepSets,
    Descriptors,
    Determinants,
    Features,
    FermiNet,
    Gaussian,
    GaussianBasis,
    GaussianOrbitals,
    HarmonicOrbitals,
    MessagePassing,
    NeuralOrbitals,
    NuclearCusp,
    PairJastrow,
    PairProducts,
    Particles,
    Pfaffians,
    PlaneWaves,
    Power,
    Product,
    Psiformer,
    SlaterEnvelope,
    Symmetric,
    SymmetricNetwork,
    Tensors,
    VectorCloud,
    calogero,
    fit_matrices,
    harmonic_trap,
    molecule,
    quantum_dot,
    ring,
)


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def determinant(particles, omega):
    return Determinants(HarmonicOrbitals(particles, omega, particles.counts))


def pfaffian(particles, omega):
    """Of doubly occupied orbitals, and with all of the larger spin in the border where one spin is alone."""
    sizes = Pfaffians.sizes(particles, max(particles.counts))
    ansatz = Pfaffians(HarmonicOrbitals(particles, omega, sizes), max(particles.counts), seeded())
    torch.nn.init.eye_(ansatz.unlike[0].data)
    return ansatz


def pair_product(particles, omega):
    return PairProducts(HarmonicOrbitals(particles, omega, (2, 2)))


def unpaired(particles, omega):
    """Every particle in the border of the Pfaffian: the matrix has the determinant in its corner."""
    orbitals = HarmonicOrbitals(particles, omega, (2 * particles.n_up, 2 * particles.n_up))
    border = Pfaffians(orbitals, particles.n_up, seeded())
    orbitals.powers = [*orbitals.powers[particles.n_up :], *orbitals.powers[: particles.n_up]]
    return border


def exact_dot(n_up, n_down, dimension, omega, ansatz=determinant):
    """(1 + c r) times the free state, with the slope c of the cusp."""
    particles = Particles(n_up, n_down, dimension)
    c = 1 / (dimension - 1) if n_down else 1 / (dimension + 1)
    factors = [Gaussian(particles, omega), PairJastrow(particles, (c, c))]
    return quantum_dot(particles, omega), Product(ansatz(particles, omega), factors)


def exact_free(n_up, n_down, dimension, omega=1.0, ansatz=determinant):
    particles = Particles(n_up, n_down, dimension)
    return harmonic_trap(particles, omega), Product(ansatz(particles, omega), [Gaussian(particles, omega)])


def exact_pairs(n_up, n_down, dimension, omega, g):
    particles = Particles(n_up, n_down, dimension)
    relative = math.sqrt(omega**2 + particles.n * g)
    factors = [Gaussian(particles, relative), CentreOfMass(particles, relative - omega)]
    return harmonic_trap(particles, omega, g), Product(determinant(particles, relative), factors)


def exact_calogero(n, omega, exponent, ansatz=determinant):
    particles = Particles(n, 0, 1)
    psi = Product(Power(ansatz(particles, omega), exponent), [Gaussian(particles, omega)])
    return calogero(n, omega, exponent), psi


def constant(hamiltonian):
    """psi = 1: a symmetric network whose readout is zero."""
    return Symmetric(SymmetricNetwork(DeepSets(Features(hamiltonian), 4, 1, seeded()), seeded()))


def exact_bosons(n, dimension, omega, g):
    hamiltonian = harmonic_trap(Particles(n, 0, dimension, statistics="boson"), omega, g)
    relative = math.sqrt(omega**2 + n * g)
    factors = [Gaussian(hamiltonian.particles, relative), CentreOfMass(hamiltonian.particles, relative - omega)]
    return hamiltonian, Product(constant(hamiltonian), factors)


def exact_waves(n_up, length):
    """Fermions of one spin on a ring, which never meet: a determinant of plane waves."""
    particles = Particles(n_up, 0, 1)
    return ring(particles, length, 1.0), Product(Determinants(PlaneWaves(particles, length, (n_up, 0))))


def hydrogen():
    """exp(-r), by the envelope's own factors: a constant orbital times the cusp that never bends."""
    hamiltonian = molecule(["H"], [[0.0, 0.0, 0.0]], "bohr")
    particles = hamiltonian.particles
    cusp = NuclearCusp(particles, hamiltonian.centres, hamiltonian.charges)
    cusp.log_decay.data.fill_(-25.0)
    return hamiltonian, Product(Determinants(HarmonicOrbitals(particles, 1.0, (1, 0))), [cusp])


EXACT = {
    "dot singlet": (partial(exact_dot, 1, 1, 2, 1.0), 3.0),
    "dot triplet": (partial(exact_dot, 2, 0, 2, 1 / 3), 4 / 3),
    "Hooke singlet": (partial(exact_dot, 1, 1, 3, 0.5), 2.0),
    "Hooke triplet": (partial(exact_dot, 2, 0, 3, 0.25), 1.25),
    "dot triplet, pair product": (partial(exact_dot, 2, 0, 2, 1 / 3, pair_product), 4 / 3),
    "dot singlet, Pfaffian": (partial(exact_dot, 1, 1, 2, 1.0, pfaffian), 3.0),
    "free 1D": (partial(exact_free, 4, 0, 1, 1.3), 16 / 2 * 1.3),
    "free 1D, pair product": (partial(exact_free, 4, 0, 1, 1.3, pair_product), 16 / 2 * 1.3),
    "free 2D, 2": (partial(exact_free, 1, 1, 2), 2.0),
    "free 2D, 6": (partial(exact_free, 3, 3, 2), 10.0),
    "free 2D, 6, Pfaffian": (partial(exact_free, 3, 3, 2, 1.0, pfaffian), 10.0),
    "free 2D, 12": (partial(exact_free, 6, 6, 2), 28.0),
    "free 2D, 20": (partial(exact_free, 10, 10, 2), 60.0),
    "free 2D, 3 + 0, unpaired": (partial(exact_free, 3, 0, 2, 1.0, unpaired), 5.0),
    "harmonic pairs": (partial(exact_pairs, 3, 0, 2, 1.0, 0.5), 7.32455532),
    "harmonic pairs 3D": (partial(exact_pairs, 4, 1, 3, 0.8, 0.3), 2.14**0.5 * 10.5 - 1.5 * (2.14**0.5 - 0.8)),
    "Calogero": (partial(exact_calogero, 4, 1.2, 2.5), 1.2 * (2 + 2.5 * 6)),
    "Calogero, pair product": (partial(exact_calogero, 4, 1.2, 2.0, pair_product), 1.2 * (2 + 2 * 6)),
    "hydrogen": (hydrogen, -0.5),
    "waves on a ring": (partial(exact_waves, 3, 3.0), (2 * math.pi / 3) ** 2),
}
"""The exact wavefunctions, each with its energy from elsewhere than the Hamiltonian's own reference."""


def well_apart(hamiltonian, batch, dtype=torch.float64):
    """Random coordinates without close pairs, where potentials that diverge would cost digits."""
    particles = hamiltonian.particles
    x = torch.randn(40 * batch, particles.n, particles.dimension, generator=seeded(8), dtype=torch.float64)
    if particles.dimension == 1:
        x = x.sort(1).values + 0.5 * torch.arange(particles.n).double()[:, None]
        x = x - x.mean(1, keepdim=True)
    first, second = particles.pairs
    near = (x[:, first] - x[:, second]).norm(dim=-1)
    closest = near.min(1).values if near.shape[1] else torch.ones(len(x))
    return x[closest.argsort(descending=True)[:batch]].to(dtype)


def gaussian_orbitals(hamiltonian, sizes):
    """Orbitals of random coefficients in a basis of an s, a p and a d shell at each nucleus."""
    nuclei = torch.arange(len(hamiltonian.centres)).repeat_interleave(3)
    powers = torch.tensor([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (1, 1, 0), (0, 1, 1)])
    shells = torch.cat([torch.tensor([0, 1, 1, 1, 2, 2, 2]) + 3 * k for k in range(len(hamiltonian.centres))])
    exponents, weights = torch.rand(2, len(nuclei), 2, generator=seeded(10), dtype=torch.float64)
    basis = GaussianBasis(
        hamiltonian.centres, nuclei, 0.2 + exponents, weights, shells, powers.repeat(len(nuclei) // 3, 1)
    )
    up, down = (torch.randn(len(shells), size, generator=seeded(11), dtype=torch.float64) for size in sizes)
    return GaussianOrbitals(hamiltonian.particles, basis, (up, down), sizes)


BACKBONES = {
    "ferminet": lambda f: FermiNet(f, [(8, 4), (8, 4)], seeded()),
    "psiformer": lambda f: Psiformer(f, 8, 2, 2, seeded()),
    "message passing": lambda f: MessagePassing(f, 8, 2, seeded()),
    "deep sets": lambda f: DeepSets(f, 8, 2, seeded()),
    "tensors": lambda f: Tensors(f, 8, 3, 2, seeded()),
    "egnn": lambda f: EGNN(f, 8, 2, seeded()),
}


def neural_orbitals(hamiltonian, backbone, sizes, terms=3):
    if hamiltonian.charges is None:
        base = HarmonicOrbitals(hamiltonian.particles, 1.0, sizes)
        return NeuralOrbitals(backbone, terms, sizes, seeded(4), base=base)
    up, down = (SlaterEnvelope(hamiltonian, terms, size) for size in sizes)
    return NeuralOrbitals(backbone, terms, sizes, seeded(4), envelopes=(up, down))


def _pfaffians(hamiltonian, backbone, triplets):
    pairing = max(hamiltonian.particles.counts)
    sizes = Pfaffians.sizes(hamiltonian.particles, pairing, triplets)
    return Pfaffians(neural_orbitals(hamiltonian, backbone, sizes), pairing, seeded(5), triplets)


ANSATZ = {
    "determinants": lambda h, b: Determinants(neural_orbitals(h, b, Determinants.sizes(h.particles))),
    "full determinants": lambda h, b: Determinants(
        neural_orbitals(h, b, Determinants.sizes(h.particles, True)), full=True
    ),
    "pfaffians": lambda h, b: _pfaffians(h, b, False),
    "pfaffians with triplets": lambda h, b: _pfaffians(h, b, True),
    "pair products": lambda h, b: PairProducts(neural_orbitals(h, b, PairProducts.sizes(h.particles, 2)), 2),
}
SYSTEMS = {
    "dot 2 + 1": lambda: quantum_dot(Particles(2, 1, 2), 1.0),
    "dot 3 + 0": lambda: quantum_dot(Particles(3, 0, 2), 0.7),
    "LiH": lambda: molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 1.6]], "angstrom"),
}


def turned_lih(backbone, rotation=None, shift=0.0):
    """Lithium hydride with its nuclei turned and moved, and a wavefunction whose parameters do not depend on that."""
    places = torch.tensor([[0.1, 0.0, -0.2], [0.4, 1.0, 2.6]], dtype=torch.float64)
    places = (places if rotation is None else places @ rotation.T) + shift
    hamiltonian = molecule(["Li", "H"], places.tolist(), "bohr")
    particles, rows = hamiltonian.particles, BACKBONES[backbone](Features(hamiltonian))
    factors = [PairJastrow(particles), NuclearCusp(particles, hamiltonian.centres, hamiltonian.charges)]
    return hamiltonian, Product(ANSATZ["determinants"](hamiltonian, rows), factors)


def network(system="dot 2 + 1", ansatz="determinants", backbone="ferminet"):
    """A Hamiltonian and a wavefunction of random parameters with all its factors."""
    hamiltonian = SYSTEMS[system]()
    particles = hamiltonian.particles
    rows = BACKBONES[backbone](Features(hamiltonian))
    symmetric = SymmetricNetwork(rows, seeded(6))
    torch.nn.init.normal_(symmetric.readout.weight, generator=seeded(7))
    factors = [PairJastrow(particles), symmetric]
    if hamiltonian.charges is None:
        factors.append(Gaussian(particles, 1.0))
    else:
        factors.append(NuclearCusp(particles, hamiltonian.centres, hamiltonian.charges))
    return hamiltonian, Product(ANSATZ[ansatz](hamiltonian, rows), factors)


def flowing(backflow):
    """With shifts of random sizes."""
    torch.nn.init.normal_(backflow.flow.weight, std=0.3, generator=seeded(12))
    return backflow


def vector_cloud(hamiltonian):
    """With a readout of random numbers; the same for the same number of centres and particles."""
    cloud = VectorCloud(hamiltonian, 3, 6, seeded(13))
    torch.nn.init.normal_(cloud.readout.weight, generator=seeded(14))
    return cloud


RING = 4.0
BOSONS = {
    "3 bosons in a trap": lambda: harmonic_trap(Particles(3, 0, 2, statistics="boson"), 1.0, 0.3),
    "3 bosons on a ring": lambda: ring(Particles(3, 0, 1, statistics="boson"), RING, 2.0),
}


def bosons(system, backbone="ferminet"):
    """A Hamiltonian and a symmetric wavefunction of random parameters with its factors."""
    hamiltonian = BOSONS[system]()
    pooled = SymmetricNetwork(BACKBONES[backbone](Features(hamiltonian)), seeded(6))
    torch.nn.init.normal_(pooled.readout.weight, generator=seeded(7))
    particles, period = hamiltonian.particles, hamiltonian.period
    factor = Gaussian(particles, 1.0) if period is None else ContactCusp(particles, 2.0, period)
    return hamiltonian, Product(Symmetric(pooled), [factor])


def electrons(particles, batch=4):
    x = torch.randn(batch, particles.n, particles.dimension, generator=seeded(9), dtype=torch.float64)
    return Electrons(x, n_up=particles.n_up)


@cache
def fitted_overlaps():
    """Matrices of s, p and d functions, learned from 40 geometries."""
    noise = torch.randn(40, 3, 3, generator=seeded(), dtype=torch.float64)
    x = torch.tensor(BENT, dtype=torch.float64) + 0.1 * noise
    return fit_matrices(x, list(KINDS), summed_overlaps(x), "summed", SHELLS, descriptors=Descriptors(radial=2))
