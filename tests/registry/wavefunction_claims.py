"""What is said to be symmetric in wavefunctions of fermions and bosons, their parts, and their Hamiltonians."""

from functools import partial

import torch

from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.jumps import Carry, Exchange
from gaugeflow.symmetry import (
    Atoms,
    CartesianTensors,
    Irreps,
    OrbitalMatrices,
    PairFeatures,
    PointFeatures,
    Points,
    Scalars,
    SignedLog,
)
from gaugeflow.symmetry.claims import Balance, Equivariance
from gaugeflow.symmetry.examples.orbital_overlaps import BENT, KINDS, SHELLS
from gaugeflow.wavefunctions import (
    Backflow,
    CentreOfMass,
    ContactCusp,
    Coulomb,
    Determinants,
    Features,
    Gaussian,
    HarmonicOrbitals,
    HarmonicPairs,
    NuclearCusp,
    Nuclei,
    PairJastrow,
    Particles,
    PlaneWaves,
    PointGroup,
    Product,
    Projected,
    ShellDensity,
    SlaterEnvelope,
    calogero,
    confined,
    harmonic_trap,
    local_energy,
    molecule,
    quantum_dot,
)
from tests.wavefunctions.cases import (
    ANSATZ,
    BACKBONES,
    EXACT,
    RING,
    SYSTEMS,
    bosons,
    electrons,
    exact_dot,
    exact_free,
    fitted_overlaps,
    flowing,
    gaussian_orbitals,
    network,
    neural_orbitals,
    vector_cloud,
)

ATOM = molecule(["Be"], [[0.0, 0.0, 0.0]], "bohr")
PLACES = torch.tensor([[0.0, 0.1, 0.0], [0.3, 0.0, 1.6]], dtype=torch.float64)
CHARGES = torch.tensor([3.0, 1.0], dtype=torch.float64)


def claim(f, particles, label, group, out):
    return Equivariance(f, electrons(particles), label, group, out)


def antisymmetry_claims():
    """Every ansatz in a molecule and in a trap, every backbone below one of them, and exact wavefunctions."""
    nets = [(system, ansatz, "ferminet") for system in ("LiH", "dot 3 + 0") for ansatz in ANSATZ]
    nets += [("LiH", ansatz, row) for ansatz, row in zip(ANSATZ, BACKBONES, strict=False) if row != "ferminet"]
    cases = {", ".join(net): network(*net)[1] for net in nets}
    lih = SYSTEMS["LiH"]()
    cases["Gaussian orbitals"] = Product(Determinants(gaussian_orbitals(lih, lih.particles.counts)))
    names = ("dot triplet", "Calogero", "harmonic pairs 3D")
    cases |= {name: make()[1] for name, (make, _) in EXACT.items() if name in names}
    return [claim(psi, psi.particles, name, "spin-fermions", SignedLog) for name, psi in cases.items()]


def rotation_claims():
    """The modulus of psi with closed shells, and with a cusp."""
    cases = [
        ("closed shells", exact_free(3, 3, 2)[1], "spin-permutations * orthogonal"),
        ("Hooke singlet", exact_dot(1, 1, 3, 0.5)[1], "permutations * orthogonal"),
    ]

    def log(psi):
        return lambda x: psi(x).log

    return [claim(log(psi), psi.particles, f"log psi, {name}", group, Scalars) for name, psi, group in cases]


def boson_claims():
    """In a trap and on a ring, and with constant plane waves of fermions under shifts along the ring."""
    cases = {system: bosons(system) for system in ("3 bosons in a trap", "3 bosons on a ring")}
    found = [claim(psi, psi.particles, name, "permutations", SignedLog) for name, (_, psi) in cases.items()]
    particles = Particles(3, 3, 1)
    waves = Product(Determinants(PlaneWaves(particles, RING, (3, 3))), [ContactCusp(particles, 2.0, RING)])
    moved = claim(lambda x: waves(x).log, particles, "log psi on a ring", "spin-permutations * euclidean", Scalars)
    return [*found, moved]


def projection_claims():
    """Of a network without any symmetry of space: its invariant part, and the modulus of another."""
    _, psi = network("dot 3 + 0")
    group = PointGroup("D4", torch.zeros(2))
    whole, other = (Projected(psi, group, character) for character in ("A1", "B1"))
    return [
        claim(whole, psi.particles, "projected on A1", group, SignedLog),
        claim(other, psi.particles, "projected on B1", "spin-fermions", SignedLog),
        claim(lambda x: other(x).log, psi.particles, "modulus of the part B1", group, Scalars),
    ]


def orbital_claims():
    """A row for each particle; of those of equal spin here."""
    dot, lih = SYSTEMS["dot 3 + 0"](), molecule(["Li", "H"], PLACES.tolist(), "bohr", spin=4)

    def rows(orbitals):
        return lambda x: orbitals(x)[0].transpose(1, 2)

    cases = [
        HarmonicOrbitals(dot.particles, 0.7, (5, 0)),
        gaussian_orbitals(lih, (4, 0)),
        PlaneWaves(Particles(4, 0, 1), RING, (5, 0)),
        flowing(Backflow(HarmonicOrbitals(dot.particles, 0.7, (5, 0)), dot, 2)),
        neural_orbitals(dot, BACKBONES["ferminet"](Features(dot)), (3, 0)),
        neural_orbitals(lih, BACKBONES["deep sets"](Features(lih)), (4, 0)),
    ]
    named = [(f"{type(o).__name__}, {o.particles}", o) for o in cases]
    found = [claim(rows(o), o.particles, name, "spin-permutations", PointFeatures) for name, o in named]
    envelope = SlaterEnvelope(ATOM, 2, 3)
    found.append(flow_claim())
    return [*found, claim(envelope, ATOM.particles, "SlaterEnvelope", "permutations * orthogonal", PointFeatures)]


def flow_claim():
    """The places of quasi-particles move with the particles, wherever these are."""
    dot = quantum_dot(Particles(2, 2, 3), 1.0)
    flow = flowing(Backflow(HarmonicOrbitals(dot.particles, 0.7, (2, 2)), dot, 2)).flow
    return claim(flow, dot.particles, "quasi-particles", "spin-permutations * euclidean", Points)


def backbone_claims():
    rows = [make(Features(SYSTEMS["LiH"]())) for make in BACKBONES.values()]
    return [claim(row, row.particles, type(row).__name__, "spin-permutations", PointFeatures) for row in rows]


def feature_claims():
    """About a single centre: the last numbers of particles and pairs are invariant, the others are vectors."""
    features, particles = Features(ATOM), ATOM.particles
    n = particles.n

    def between(x, part):
        pairs = features(x)[1]
        whole = pairs.new_zeros(len(x), n, n, pairs.shape[-1])
        whole[:, torch.arange(n)[:, None], particles.others] = pairs
        return whole[..., part]

    own = "spin-permutations * orthogonal"
    whole = "spin-permutations * euclidean"
    distance, vector = slice(3, 4), slice(0, 3)
    return [
        claim(lambda x: features(x)[0][..., vector], particles, "displacements", own, partial(PointFeatures, rank=1)),
        claim(lambda x: features(x)[0][..., 3:], particles, "distances and spins", own, PointFeatures),
        claim(partial(between, part=vector), particles, "pair vectors", whole, partial(PairFeatures, rank=1)),
        claim(partial(between, part=distance), particles, "pair distances", whole, PairFeatures),
    ]


def factor_claims():
    particles = Particles(2, 2, 3)
    _, psi = network("LiH")
    line, group = Particles(2, 2, 1), "spin-permutations * euclidean"
    pairs = [
        claim(PairJastrow(particles), particles, "PairJastrow", group, Scalars),
        claim(ContactCusp(line, 2.0), line, "ContactCusp", group, Scalars),
        claim(ContactCusp(line, 2.0, RING), line, "ContactCusp on a ring", group, Scalars),
    ]
    still = [claim(f, f.particles, f"{type(f).__name__}, LiH", "spin-permutations", Scalars) for f in psi.factors]
    at_centre = NuclearCusp(particles, ATOM.centres, ATOM.charges)
    centred = [
        claim(f, particles, type(f).__name__, "permutations * orthogonal", Scalars)
        for f in (Gaussian(particles, 0.7), CentreOfMass(particles, 0.5), at_centre)
    ]
    moved = _moved_with_nuclei("cusps and nuclei", lambda places: NuclearCusp(particles, places, CHARGES))
    return [*pairs, *still, *centred, moved, *cloud_claims()]


def cloud_claims():
    """About one centre, and about nuclei that move with the electrons."""
    cloud = vector_cloud(ATOM)
    central = claim(cloud, cloud.particles, "VectorCloud", "spin-permutations * orthogonal", Scalars)
    moved = _moved_with_nuclei("vector cloud and nuclei", lambda p: vector_cloud(lih(p)).to(p.dtype))
    return [central, moved]


def lih(places):
    """Lithium hydride with its nuclei at these places, in bohr."""
    return molecule(["Li", "H"], places.tolist(), "bohr")


def _moved_with_nuclei(label, of_positions, out=Scalars):
    """A function of electrons and nuclei, both moved."""

    def f(x, positions):
        return torch.cat([of_positions(place)(one[None]) for one, place in zip(x, positions, strict=True)])

    x = electrons(Particles(2, 2, 3), 2)
    return Equivariance(f, (x, Points(PLACES.repeat(2, 1, 1))), label, "euclidean", out)


def potential_claims():
    cases = {
        "permutations * orthogonal": {
            "harmonic trap": harmonic_trap(Particles(2, 1, 2), 1.0, 0.3),
            "quantum dot": quantum_dot(Particles(2, 2, 3), 0.5),
            "atom": ATOM,
            "confined": confined(Particles(2, 1, 2), HarmonicPairs(0.5), 1.0, repulsion=True),
        },
        "permutations": {"Calogero": calogero(3, 1.0, 2.0), "molecule": SYSTEMS["LiH"]()},
    }
    found = [
        claim(h.potential, h.particles, name, group, Scalars)
        for group, hamiltonians in cases.items()
        for name, h in hamiltonians.items()
    ]
    free = [
        claim(term, Particles(2, 2, 3), type(term).__name__, "permutations * euclidean", Scalars)
        for term in (Coulomb(), HarmonicPairs(0.4))
    ]
    return [*found, *free, _moved_with_nuclei("electrons and nuclei", lambda p: Nuclei(p, CHARGES))]


def density_claims():
    """The numbers of an atom turn with the electrons, those of a molecule with its nuclei too, those of a dot as a
    vector and a tensor of the plane."""
    density, dot = ShellDensity(3, 3), Particles(2, 1, 2)
    parts, origin = Irreps(density.irreps), torch.zeros(1, 2)

    def vector(x):
        return density(x, origin)[..., 1:3]

    def tensor(x):
        cos, sin = density(x, origin)[..., 3:5].unbind(-1)
        return torch.stack([torch.stack([cos, sin], -1), torch.stack([sin, -cos], -1)], -2)

    own = "permutations * orthogonal"
    return [
        claim(lambda x: density(x, ATOM.centres), ATOM.particles, "shells of an atom", own, parts),
        _moved_with_nuclei("shells of a molecule", lambda p: partial(density, centres=p), parts),
        claim(vector, dot, "first harmonics of a dot", own, partial(CartesianTensors, rank=1)),
        claim(tensor, dot, "second harmonics of a dot", own, partial(CartesianTensors, rank=2)),
    ]


def local_energy_claims():
    """Of a network, and where psi and the potential are symmetric that of a state that is no eigenstate."""
    hamiltonian, psi = network()
    energy = partial(local_energy, psi, hamiltonian)
    own = claim(energy, psi.particles, "local energy", "spin-permutations", Scalars)
    dot, shells = quantum_dot(Particles(3, 3, 2), 0.6), exact_free(3, 3, 2)[1]
    correlated = Product(shells.ansatz, [*shells.factors, PairJastrow(dot.particles)])
    turned = partial(local_energy, correlated, dot)
    group = "spin-permutations * orthogonal"
    return [own, claim(turned, dot.particles, "local energy of closed shells", group, Scalars)]


def move_claims():
    """Moves balance the density of two free fermions on a line, with a node between them."""
    _, psi = exact_free(2, 0, 1)
    x = Points(torch.zeros(1, 2, 1, dtype=torch.float64))

    def log_density(x):
        return 2 * psi(x).log

    moves = [
        Balance(Metropolis(log_density, move, 0.8, steps=1).update, x, f"{move} move", log_density)
        for move in ("all", "one", "langevin")
    ]
    return [*moves, *jump_claims()]


def jump_claims():
    """Jumps balance the density of an up and a down particle that prefer different ones of three centres on a line."""
    centres = torch.tensor([[-0.8], [0.5], [1.5]], dtype=torch.float64)
    weights = torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]], dtype=torch.float64)
    x = Points(torch.zeros(1, 2, 1, dtype=torch.float64))

    def log_density(x):
        near = (-2 * (x - centres.flatten()).square()).exp()  # (batch, 2, 3)
        return (near * weights).sum(-1).log().sum(-1) + 0.5 * (x[:, 0] - x[:, 1]).square().sum(-1).clamp(max=1.0)

    return [
        Balance(Metropolis(log_density, jump, steps=1).update, x, type(jump).__name__, log_density)
        for jump in (Carry(centres), Exchange())
    ]


def matrix_claims():
    """Learned matrices of s, p and d functions of a bent molecule with two equal atoms."""
    x, out = Atoms(torch.tensor([BENT, BENT]).double(), kinds=KINDS), partial(OrbitalMatrices, shells=SHELLS)
    model, group = fitted_overlaps(), "euclidean * spin-permutations"
    return [Equivariance(lambda r: model(r, list(KINDS)), x, "learned matrices", group, out)]
