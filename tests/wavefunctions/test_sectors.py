"""Irreducible parts of wavefunctions under point groups, against functions of which they are known."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.symmetry import Points, Scalars, check, group_named, routes
from gaugeflow.symmetry.algebra.stabiliser import stabiliser
from gaugeflow.wavefunctions import (
    Adam,
    LogPsi,
    Particles,
    PointGroup,
    Projected,
    Wavefunction,
    gradient_and_laplacian,
    harmonic_trap,
    molecule,
    sector_energy,
    sector_shares,
)
from gaugeflow.wavefunctions.analysis.sectors import require_symmetric
from tests.wavefunctions.cases import electrons, network, seeded

PLANE = torch.zeros(2, dtype=torch.float64)


class Function(Wavefunction):
    """A function of two distinguishable particles in the plane, over a Gaussian, times a number beyond all doubles."""

    def __init__(self, value, dimension=2):
        super().__init__(Particles(1, 1, dimension))
        self.value = value

    def log_psi(self, x):
        value = self.value(x)
        return LogPsi(value.sign(), value.abs().log() - x.square().sum((1, 2)) / 2 + 900)


def points(count=50, dimension=2):
    return torch.randn(count, 2, dimension, generator=seeded(), dtype=torch.float64)


HARMONICS = {
    "1": lambda x: 1 + 0 * x[:, 0, 0],
    "x": lambda x: x[:, 0, 0] + x[:, 1, 0],
    "x2 - y2": lambda x: x[:, 0, 0] * x[:, 1, 0] - x[:, 0, 1] * x[:, 1, 1],
    "xy": lambda x: x[:, 0, 0] * x[:, 1, 1] + x[:, 0, 1] * x[:, 1, 0],
    "x cross y": lambda x: x[:, 0, 0] * x[:, 1, 1] - x[:, 0, 1] * x[:, 1, 0],
}
PARTS = {
    "D4": ("A1", "E", "B1", "B2", "A2"),
    "C4": ("A", "E", "B", "B", "A"),
    "D2": ("A1", None, "A1", "A2", "A2"),
    "C2": ("A", "B", "A", "A", "A"),
    "D1": ("A1", "A1", "A1", "A2", "A2"),
    "C1": ("A", "A", "A", "A", "A"),
    "D3": ("A1", "E", "E", "E", "A2"),
    "C3": ("A", "E", "E", "E", "A"),
    "D5": ("A1", "E1", "E2", "E2", "A2"),
    "C6": ("A", "E1", "E2", "E2", "A"),
    "D6": ("A1", "E1", "E2", "E2", "A2"),
    "Ci": ("Ag", "Au", "Ag", "Ag", "Ag"),
}


@pytest.mark.parametrize("symbol", PARTS)
def test_functions_of_one_part(symbol):
    """Each lies in one part of the group: wholly so on every orbit, and what is projected on it is the function."""
    group, x = PointGroup(symbol, PLANE), points()
    for value, part in zip(HARMONICS.values(), PARTS[symbol], strict=True):
        shares = sector_shares(Function(value), group, x)
        torch.testing.assert_close(sum(shares.values()), torch.ones(len(x), dtype=torch.float64))
        if part is None:  # the odd functions of D2 are B1 and B2
            assert float((shares["B1"] + shares["B2"] - 1).abs().max()) < 1e-12
            continue
        assert float((shares[part] - 1).abs().max()) < 1e-12
        projected, psi = Projected(Function(value), group, part)(x), Function(value)(x)
        assert torch.equal(projected.sign, psi.sign)
        torch.testing.assert_close(projected.log, psi.log, rtol=0, atol=1e-9)


def test_a_mixture_has_its_weights_and_its_energy():
    """1 + a (x_1 + x_2) over the ground state of a trap: 1 / (1 + a^2) of it is A1, whose energy is 2 everywhere."""
    a, group, trap = 0.7, PointGroup("D4", PLANE), harmonic_trap(Particles(1, 1, 2), 1.0, 0.0)
    psi = Function(lambda x: 1 + a * (x[:, 0, 0] + x[:, 1, 0]))
    x = points(4000) / math.sqrt(2)  # of the density exp(-x^2)
    weights = psi.value(x).square()
    for name, wanted in (("A1", 1 / (1 + a**2)), ("E", a**2 / (1 + a**2)), ("B1", 0.0)):
        share = sector_shares(psi, group, x, chunk_size=1500)[name]
        found = float((weights * share).sum() / weights.sum())
        error = float((weights * (share - found)).std() / weights.mean()) / len(x) ** 0.5
        assert abs(found - wanted) <= 4 * error + 1e-12
        assert wanted == 0 or error < 0.02
    local, counts = sector_energy(psi, trap, group, "A1", x[:50])
    torch.testing.assert_close(local, torch.full_like(local, 2.0))
    torch.testing.assert_close(counts, sector_shares(psi, group, x[:50])["A1"])
    with pytest.raises(UserError, match="expected a part of one dimension for its energy, came E of D4"):
        sector_energy(psi, trap, group, "E", x)


def test_derivatives_of_a_projected_network():
    """By the forward Laplacian and by autograd, and its sign on the orbit is the character."""
    _, psi = network("dot 3 + 0")
    group, x = PointGroup("D4", PLANE), electrons(psi.particles, 3).data
    projected = Projected(psi, group, "B1")
    for first, second in zip(*(gradient_and_laplacian(projected, x, m) for m in ("forward", "autograd")), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-6, atol=1e-6)
    here, turned = projected(x), projected(torch.stack((-x[..., 1], x[..., 0]), -1))
    torch.testing.assert_close(turned.log, here.log)
    assert torch.equal(turned.sign, -here.sign)
    assert isinstance(here, LogPsi)
    with pytest.raises(UserError, match="expected a wavefunction to train, came one that is not: projecting in the"):
        Adam(projected)


def test_a_centre_that_is_not_the_origin():
    group = PointGroup("D4", torch.tensor([0.0, 0.0, 1.5]))
    hydride = molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.0]], "bohr")
    x = electrons(hydride.particles, 4).data
    require_symmetric(hydride, group, x)
    with pytest.raises(UserError, match=r"which changes by .* hartree under Ci about \(0, 0, 1.5\)"):
        require_symmetric(hydride, PointGroup("Ci", group.centre), x)
    two = molecule(["H", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.0]], "bohr")
    require_symmetric(two, PointGroup("Ci", group.centre), x[:, :2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PointGroup("S4", PLANE), "expected C or D with a number as in D4, or Ci, came 'S4'"),
        (lambda: PointGroup("C0", PLANE), "came 'C0'"),
        (lambda: PointGroup("C4", PLANE[:1]), "came one, which has Ci alone"),
        (
            lambda: Projected(Function(HARMONICS["x"]), PointGroup("D4", PLANE), "B3"),
            "expected one of A1, A2, B1, B2, E",
        ),
        (lambda: Projected(Function(HARMONICS["x"], 3), PointGroup("D4", PLANE), "A1"), "a centre in 3D, came 2D"),
    ],
)
def test_groups_and_parts_that_there_are_not(make, message):
    with pytest.raises(UserError, match=message):
        make()


@pytest.mark.parametrize("route", [routes.Average, routes.Frame, routes.Canonical])
def test_a_point_group_is_a_finite_group_of_the_routes(route):
    """Its elements are listed: none of the other motions of the plane is taken for one of them."""
    group, generator = PointGroup("D4", PLANE), torch.Generator().manual_seed(1)
    r = torch.randn(3, 4, 2, dtype=torch.float64, generator=generator)
    weight = torch.arange(8.0, dtype=torch.float64).reshape(4, 2)
    invariant = route(lambda r: torch.tanh(r * weight + 0.5).sum((1, 2)), Points, group, out=Scalars)
    assert check(invariant, Points(r)).holds
    assert not check(invariant, Points(r), PointGroup("C3", PLANE), out=Scalars).holds


def test_a_symmetric_cloud_keeps_the_elements_of_its_point_group_alone():
    square = Points(torch.tensor([[[1.0, 1], [-1, 1], [-1, -1], [1, -1]]], dtype=torch.float64))
    permutations = group_named("permutations")
    assert [stabiliser(square, PointGroup(name, PLANE) * permutations).order for name in ("D1", "D2", "D4")] == [
        2,
        4,
        8,
    ]
