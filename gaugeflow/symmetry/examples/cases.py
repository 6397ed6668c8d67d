"""Every reference model as a claim: a case is built from a seed, so that it can be repeated with other numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gaugeflow.symmetry import routes
from gaugeflow.symmetry.actions.fields import Image, Links, SiteMatrices, SiteScalars
from gaugeflow.symmetry.actions.groups import group_named
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.actions.irreps import Irreps
from gaugeflow.symmetry.actions.orbital_matrices import Atoms, OrbitalMatrices
from gaugeflow.symmetry.actions.particles import Electrons, PointFeatures, Points
from gaugeflow.symmetry.actions.scalars import Cell, PolyakovLoop, Scalars, SignedLog
from gaugeflow.symmetry.algebra.lie_algebras import preserving
from gaugeflow.symmetry.algebra.matrix_group import MatrixGroup
from gaugeflow.symmetry.claims import (
    Action,
    Balance,
    Bijection,
    Claim,
    Complete,
    Conservation,
    Curie,
    Discovered,
    Equivariance,
    Extensive,
    Gradient,
    Local,
    Separating,
    Smooth,
)
from gaugeflow.symmetry.examples.degenerate import DEGENERATE
from gaugeflow.symmetry.examples.dynamics import LinkLeapfrog, ParticleLeapfrog
from gaugeflow.symmetry.examples.flows import AbelianFlow, SU2Flow
from gaugeflow.symmetry.examples.gauge_networks import AbelianNetwork, CovariantNetwork
from gaugeflow.symmetry.examples.image_networks import OddNetwork, PeriodicCNN, SymmetricCNN, SymmetricConv
from gaugeflow.symmetry.examples.invariant_features import plaquettes_and_windings, triangles
from gaugeflow.symmetry.examples.markov import LangevinMove, MetropolisMove, quartic_log_prob, wilson_log_prob
from gaugeflow.symmetry.examples.orbital_overlaps import BENT, KINDS, SHELLS, summed_overlaps
from gaugeflow.symmetry.examples.pair_potential import PairPotential
from gaugeflow.symmetry.examples.particle_networks import DeepSet, Determinant, PointNetwork
from gaugeflow.symmetry.examples.plain_networks import PlainNetwork
from gaugeflow.symmetry.examples.tensor_networks import METRIC, IrrepNetwork, LorentzNetwork

__all__ = ["CASES", "Case", "case"]


@dataclass(frozen=True)
class Case:
    """A model family: its name, and how to build its claim from a seed."""

    name: str
    build: Callable[[int], Claim]


CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Callable[[int], Claim]], Callable[[int], Claim]]:
    """Register `build(seed) -> Claim` as a family."""

    def register(build: Callable[[int], Claim]) -> Callable[[int], Claim]:
        CASES[name] = Case(name, build)
        return build

    return register


def _links(seed: int, *size: int, n: int) -> Links:
    return Links(haar(size, n, torch.Generator().manual_seed(seed), abelian=n == 1))


def _normal(seed: int, *size: int) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@case("SU(3) covariant network, 2D")
def _(seed: int) -> Claim:
    f = CovariantNetwork(2, layers=2, seed=seed)
    return Equivariance(f, _links(seed, 2, 2, 4, 4, n=3), group="gauge * translations", out=SiteMatrices)


@case("SU(2) covariant network, 4D")
def _(seed: int) -> Claim:
    f = CovariantNetwork(4, layers=1, seed=seed)
    return Equivariance(f, _links(seed, 2, 4, 2, 2, 2, 2, n=2), group="gauge * translations", out=SiteMatrices)


@case("SU(3) invariant network, 2D")
def _(seed: int) -> Claim:
    f = CovariantNetwork(2, layers=2, invariant=True, seed=seed)
    x = _links(seed, 2, 2, 4, 4, n=3)
    return Equivariance(f, x, group="gauge * translations * centre * charge", out=Scalars)


def wilson_action(u: Tensor) -> Tensor:
    """sum over x and mu < nu of 1 - Re tr P / N, `(b,)`."""
    total = torch.zeros(len(u), dtype=u.real.dtype, device=u.device)
    for mu in range(u.shape[1]):
        for nu in range(mu):
            p = u[:, mu] @ u[:, nu].roll(-1, 1 + mu) @ u[:, mu].roll(-1, 1 + nu).mH @ u[:, nu].mH
            total = total + (1 - torch.diagonal(p, dim1=-2, dim2=-1).mean(-1).real).flatten(1).sum(1)
    return total


@case("Wilson action of SU(3), 3D, all symmetries")
def _(seed: int) -> Claim:
    group = "gauge * hypercubic * translations * charge * centre * time-reversal"
    return Equivariance(wilson_action, _links(seed, 2, 3, 3, 3, 3, n=3), group=group, out=Scalars)


def polyakov(u: Tensor) -> Tensor:
    """tr of the product of the temporal links, averaged over space, `(b,)`."""
    line = u[:, -1].movedim(-3, 0)
    product = line[0]
    for link in line[1:]:
        product = product @ link
    return torch.diagonal(product, dim1=-2, dim2=-1).mean(-1).flatten(1).mean(1)


@case("Polyakov loop of SU(3), 3D")
def _(seed: int) -> Claim:
    group = "gauge * translations * charge * centre * time-reversal"
    return Equivariance(polyakov, _links(seed, 2, 3, 2, 3, 4, n=3), group=group, out=PolyakovLoop)


@case("U(1) network, 2D")
def _(seed: int) -> Claim:
    f = AbelianNetwork(seed=seed)
    return Equivariance(f, _links(seed, 2, 2, 4, 6, n=1), group="gauge * translations", out=SiteScalars)


@case("deep set")
def _(seed: int) -> Claim:
    return Equivariance(DeepSet(seed=seed), Points(_normal(seed, 2, 5, 3)), group="permutations", out=Scalars)


@case("determinant wavefunction")
def _(seed: int) -> Claim:
    x = Electrons(_normal(seed, 2, 5, 3), n_up=3)
    return Equivariance(Determinant(3, 2, seed=seed), x, group="spin-fermions", out=SignedLog)


@case("E(3) point cloud network")
def _(seed: int) -> Claim:
    x = (Points(_normal(seed, 2, 5, 3)), PointFeatures(_normal(seed + 1, 2, 5, 2)))
    out = (lambda v: PointFeatures(v, rank=1), PointFeatures)
    return Equivariance(PointNetwork(seed=seed), x, group="euclidean * permutations", out=out)


@case("O(3) network of irreps")
def _(seed: int) -> Claim:
    x = (Points(_normal(seed, 2, 5, 3)), Irreps("2x0e+1x1o").of_points(_normal(seed + 1, 2, 5, 5)))
    out = Irreps("1x2e+1x1o").of_points
    return Equivariance(IrrepNetwork(seed=seed), x, group="euclidean * permutations", out=out)


@case("overlaps of atomic orbitals")
def _(seed: int) -> Claim:
    x = Atoms(torch.tensor(BENT, dtype=torch.float64) + 0.1 * _normal(seed, 2, 3, 3), kinds=KINDS)
    group, out = "euclidean * spin-permutations", partial(OrbitalMatrices, shells=SHELLS)
    return Equivariance(summed_overlaps, x, group=group, out=out, label="summed_overlaps")


@case("O(1,3) network of momenta")
def _(seed: int) -> Claim:
    group = MatrixGroup(preserving(METRIC), discrete=[METRIC, -METRIC], name="O(1,3)")
    return Equivariance(LorentzNetwork(seed=seed), Points(_normal(seed, 2, 5, 4)), group=group, out=Points)


@case("periodic CNN")
def _(seed: int) -> Claim:
    return Equivariance(PeriodicCNN(seed=seed), Image(_normal(seed, 2, 1, 6, 6)), group="translations", out=Image)


@case("D4-symmetric CNN")
def _(seed: int) -> Claim:
    x = Image(_normal(seed, 2, 1, 6, 6))
    return Equivariance(SymmetricCNN(seed=seed), x, group="dihedral * translations", out=Image)


@case("odd network of a scalar field")
def _(seed: int) -> Claim:
    x = SiteScalars(_normal(seed, 2, 1, 6, 6))
    return Equivariance(OddNetwork(seed=seed), x, group="z2", out=lambda t: Scalars(t, odd=("z2",)))


@case("SU(2) flow layer, covariance")
def _(seed: int) -> Claim:
    x = _links(seed, 2, 2, 4, 2, n=2)
    return Equivariance(SU2Flow().forward, x, group="gauge", out=(Links, Scalars), label="SU2Flow.forward")


@case("SU(2) flow layer, bijection")
def _(seed: int) -> Claim:
    flow = SU2Flow()
    return Bijection(flow.forward, _links(seed, 2, 2, 4, 2, n=2), inverse=flow.inverse, label="SU2Flow")


@case("U(1) flow layer, bijection")
def _(seed: int) -> Claim:
    flow = AbelianFlow()
    return Bijection(flow.forward, _links(seed, 2, 2, 4, 3, n=1), inverse=flow.inverse, label="AbelianFlow")


@case("Metropolis move of U(1)")
def _(seed: int) -> Claim:
    return Balance(MetropolisMove(), _links(seed, 1, 2, 2, 2, n=1), log_prob=wilson_log_prob)


@case("Langevin move of a scalar field")
def _(seed: int) -> Claim:
    x = SiteScalars(torch.full((1, 1, 3), 1.0, dtype=torch.float64) * (1 - 2 * (torch.arange(3) % 2)))
    return Balance(LangevinMove(), x, log_prob=quartic_log_prob)


def wilson_force(u: Tensor) -> Tensor:
    """dS/dw_a of `wilson_action` under U -> exp(i w T) U, `(b, D, *shape, N^2 - 1)`: Im tr(T_a U A) / N."""
    from gaugeflow.symmetry.actions.coordinates import generators

    forces = []
    for mu in range(u.shape[1]):
        staples = torch.zeros_like(u[:, mu])
        for nu in range(u.shape[1]):
            if nu == mu:
                continue
            ahead = u[:, nu].roll(-1, 1 + mu)
            up = ahead @ u[:, mu].roll(-1, 1 + nu).mH @ u[:, nu].mH
            down = (ahead.mH @ u[:, mu].mH @ u[:, nu]).roll(1, 1 + nu)
            staples = staples + up + down
        loop = u[:, mu] @ staples
        forces.append(torch.einsum("aij,b...ji->b...a", generators(u.shape[-1]).to(u), loop).imag / u.shape[-1])
    return torch.stack(forces, dim=1)


@case("force of the Wilson action of SU(3), 3D")
def _(seed: int) -> Claim:
    return Gradient(wilson_action, _links(seed, 2, 3, 2, 3, 2, n=3), gradient=wilson_force)


@case("leapfrog of SU(3) links, 3D")
def _(seed: int) -> Claim:
    x = (_links(seed, 1, 3, 2, 2, 2, n=3), Scalars(_normal(seed, 1, 3, 2, 2, 2, 8)))
    return Conservation(LinkLeapfrog(wilson_force), x, group="gauge", steps=5)


@case("leapfrog of attracting particles")
def _(seed: int) -> Claim:
    x = (Points(_normal(seed, 2, 4, 3)), PointFeatures(_normal(seed + 1, 2, 4, 3), rank=1))
    return Conservation(ParticleLeapfrog(), x, group="rotations * point-translations", steps=5)


@case("D4-symmetric CNN of a square")
def _(seed: int) -> Claim:
    ring = torch.zeros(1, 1, 7, 7, dtype=torch.float64)
    ring[..., 1:6, 1:6] = 1 + torch.rand(1, generator=torch.Generator().manual_seed(seed))
    ring[..., 2:5, 2:5] = 0
    return Curie(SymmetricCNN(seed=seed), Image(ring), group="dihedral", out=Image)


@case("symmetries of the plaquette action of U(1), 2D")
def _(seed: int) -> Claim:
    x = _links(seed, 1, 2, 3, 3, n=1)
    return Discovered(wilson_log_prob, x, named={"gauge": 8, "centre": 2}, label="wilson_log_prob")


@case("symmetries of the Wilson action of SU(2), 2D")
def _(seed: int) -> Claim:
    return Discovered(wilson_action, _links(seed, 1, 2, 2, 3, n=2), named={"gauge": 18}, label="wilson_action")


@case("plaquettes and Polyakov loops of U(1), 2D")
def _(seed: int) -> Claim:
    pair = DEGENERATE["vacuum and twisted vacuum"]
    return Separating(plaquettes_and_windings, _links(seed, 1, 2, 3, 3, n=1), group="gauge", pairs=((pair.a, pair.b),))


@case("triangles of points")
def _(seed: int) -> Claim:
    pairs = (DEGENERATE["kite and trapezoid"], DEGENERATE["neighbours on a circle"])
    x = Points(_normal(seed, 1, 4, 3))
    return Separating(triangles, x, group="euclidean", pairs=tuple((pair.a, pair.b) for pair in pairs))


@case("autograd through the D4-symmetric CNN")
def _(seed: int) -> Claim:
    network = SymmetricCNN(seed=seed)
    return Gradient(lambda t: network(t).square().sum((1, 2, 3)), Image(_normal(seed, 2, 1, 4, 4)))


def _cell(seed: int) -> Cell:
    """Two skew cells of edges near four."""
    return Cell(4 * torch.eye(3, dtype=torch.float64) + 0.3 * _normal(seed, 2, 3, 3))


@case("copies of a periodic pair potential")
def _(seed: int) -> Claim:
    return Extensive(PairPotential(seed=seed), (Points(2 * _normal(seed, 2, 4, 3)), _cell(seed)))


@case("copies of the Wilson action of SU(2), 2D")
def _(seed: int) -> Claim:
    return Extensive(wilson_action, _links(seed, 2, 2, 3, 4, n=2))


@case("reach of a pair potential")
def _(seed: int) -> Claim:
    return Local(PairPotential(seed=seed), Points(2 * _normal(seed, 2, 6, 3)), radius=1.5)


@case("reach of a periodic CNN")
def _(seed: int) -> Claim:
    return Local(PeriodicCNN(seed=seed), Image(_normal(seed, 2, 1, 12, 12)), out=Image, radius=3)


@case("cut-off of a pair potential")
def _(seed: int) -> Claim:
    return Smooth(PairPotential(seed=seed), Points(_normal(seed, 2, 6, 3)))


@case("completeness of a D4-symmetric convolution")
def _(seed: int) -> Claim:
    f = SymmetricConv(1, 2, torch.Generator().manual_seed(seed))
    return Complete(f, Image(_normal(seed, 1, 1, 5, 5)), group="dihedral * translations", out=Image)


@case("average of a network over D4")
def _(seed: int) -> Claim:
    x = Image(_normal(seed, 2, 1, 4, 4))
    return Equivariance(routes.Average(PlainNetwork(16, seed), Image, "d4", out=Image), x, group="d4", out=Image)


def _vectors(tensor: Tensor) -> PointFeatures:
    return PointFeatures(tensor, rank=1)


@case("weighted frames of a network of points")
def _(seed: int) -> Claim:
    """One of the clouds is a square, turned: its principal axes are undetermined."""
    square = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]], dtype=torch.float64)
    angle = _normal(seed, 1)
    turn = torch.stack([torch.cat([angle.cos(), -angle.sin()]), torch.cat([angle.sin(), angle.cos()])])
    x = Points(torch.stack([square @ turn, _normal(seed + 1, 4, 2)]))
    f = routes.Frame(PlainNetwork(8, seed), Points, "orthogonal", out=_vectors)
    return Equivariance(f, x, group="orthogonal", out=_vectors)


@case("network of SU(2) links in the gauge of the tree")
def _(seed: int) -> Claim:
    f = routes.Canonical(PlainNetwork(2 * 6 * 8, seed), Links, "gauge", out=Links)
    return Equivariance(f, _links(seed, 2, 2, 3, 2, n=2), group="gauge", out=Links)


@case("canonical form of pictures with all mirrors")
def _(seed: int) -> Claim:
    half = _normal(seed, 2, 1, 4, 4)
    turned = half + half.rot90(1, (2, 3)) + half.rot90(2, (2, 3)) + half.rot90(3, (2, 3))
    f = routes.Canonical(PlainNetwork(16, seed), Image, "d4 * translations", out=Image)
    return Equivariance(f, Image(turned + turned.flip(2)), group="d4 * translations", out=Image)


@case("the hypercubic group on links of SU(2), 3D")
def _(seed: int) -> Claim:
    return Action(group_named("hypercubic"), _links(seed, 2, 3, 2, 2, 2, n=2), label="hypercubic on links")
