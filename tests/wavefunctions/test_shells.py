"""The density in shells and harmonics, against states of which it is known in closed form."""

import math

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.symmetry import Irreps
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from gaugeflow.wavefunctions import ShellDensity
from tests.wavefunctions.cases import seeded

ORIGIN = {d: torch.zeros(1, d, dtype=torch.float64) for d in (1, 2, 3)}


def shells_of(falling, radial):
    """The numbers of a density whose mean of ``exp(-j r / length)`` is `falling(j)`, by the binomial theorem."""
    last = radial - 1
    return [
        math.comb(last, k) * sum((-1) ** i * math.comb(k, i) * falling(last - k + i) for i in range(k + 1))
        for k in range(radial)
    ]


def hydrogen(z, length):
    """``<exp(-j r / length)>`` in the 1s orbital of a nucleus: (2Z / (2Z + j / length))^3."""
    return lambda j: (2 * z / (2 * z + j / length)) ** 3


def oscillator(omega, length):
    """The same in the ground state of a plane trap, of density ``exp(-omega r^2)``."""

    def falling(j):
        b = j / length / (2 * math.sqrt(omega))
        return 1 - math.sqrt(math.pi) * b * math.exp(b**2) * math.erfc(b)

    return falling


def on_directions(decay, power, count=24):
    """Points and weights of ``int r^2 dr dOmega r^power exp(-decay r)``, exact for harmonics of low degree."""
    s, radial = np.polynomial.laguerre.laggauss(60)
    height, around = np.polynomial.legendre.leggauss(count)
    phi = 2 * np.pi * np.arange(count) / count
    r, c, p = (part.ravel() for part in np.meshgrid(s / decay, height, phi, indexing="ij"))
    weights = np.einsum("r,c,p->rcp", radial * (s / decay) ** (2 + power) / decay, around, 2 * np.pi / count + 0 * phi)
    flat = np.sqrt(1 - c**2)
    x = np.stack([r * flat * np.cos(p), r * c, r * flat * np.sin(p)], -1)  # the polar axis is y
    return torch.tensor(x[:, None]), torch.tensor(weights.ravel())


@pytest.mark.parametrize(("z", "length", "radial"), [(1.0, 1.0, 6), (3.0, 0.5, 4), (1.5, 2.0, 1)])
def test_a_hydrogen_like_atom_has_its_shells(z, length, radial):
    x, weights = on_directions(2 * z, 0, count=6)
    found = torch.einsum("b,bikm->ikm", weights * z**3 / math.pi, ShellDensity(radial, 2, length)(x, ORIGIN[3]))
    exact = torch.zeros_like(found)
    exact[0, :, 0] = torch.tensor(shells_of(hydrogen(z, length), radial), dtype=torch.float64)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-9)


def test_a_p_orbital_points_along_its_axis():
    """Of the 2p orbital along y the harmonics of degree two and m = 0 have 2/5 of each shell, others nothing."""
    x, weights = on_directions(1.0, 2)
    density = ShellDensity(4, 3)
    weights = weights * x[:, 0, 1].square() / x[:, 0].square().sum(-1) / (32 * math.pi)
    found = torch.einsum("b,bikm->ikm", weights, density(x, ORIGIN[3]))[0]
    exact = torch.zeros_like(found)
    exact[:, 0] = found[:, 0]
    exact[:, density.names(3).index("2,0")] = 0.4 * found[:, 0]
    assert float(found[:, 0].sum()) == pytest.approx(1, rel=1e-9)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-9)


def test_walkers_of_an_oscillator_give_it_within_the_error():
    """Two electrons in the ground state of a plane trap, draws without a chain: so is the error that of a mean."""
    omega, length = 0.7, 1.3
    noise = torch.randn(4, 1000, 2, 2, generator=seeded(), dtype=torch.float64)
    walkers = noise / math.sqrt(2 * omega)
    density = ShellDensity(5, 3, length)
    value, error = density.measured(walkers, ORIGIN[2])
    exact = torch.zeros(5, 7, dtype=torch.float64)
    exact[:, 0] = 2 * torch.tensor(shells_of(oscillator(omega, length), 5), dtype=torch.float64)
    assert value.shape == error.shape == (1, 5, 7)
    assert float(((value[0] - exact) / error[0]).abs().max()) < 4
    spread = density(walkers.flatten(0, 1), ORIGIN[2]).std(0) / 4000**0.5
    torch.testing.assert_close(error, spread, rtol=0.15, atol=0)


@pytest.mark.parametrize("dimension", [2, 3])
def test_all_shells_together_count_the_particles(dimension):
    """Exactly, about each centre; and no other number of a shell is larger than that of its particles."""
    walkers = 2 * torch.randn(2, 30, 5, dimension, generator=seeded(), dtype=torch.float64)
    centres = torch.randn(3, dimension, generator=seeded(4), dtype=torch.float64)
    density = ShellDensity(6, 3, 0.8)
    value, error = density.measured(walkers, centres)
    torch.testing.assert_close(value[..., 0].sum(1), torch.full((3,), 5.0, dtype=torch.float64))
    count = density(walkers[0], centres)[..., 0].sum(-1)
    torch.testing.assert_close(count, torch.full_like(count, 5.0))
    degrees = torch.tensor(density.degrees(dimension))
    for l in range(4):
        assert bool((value[..., degrees == l].norm(dim=-1) <= value[..., 0] + 1e-12).all())
    assert len(degrees) == len(density.names(dimension)) == value.shape[-1]
    assert float(error[..., 0].min()) > 0


def test_numbers_turn_with_the_walkers_and_the_centres():
    """In space by the matrices of `Irreps`, reflections too; in the plane as exp(i m phi)."""
    density = ShellDensity(3, 3, 0.9)
    walkers = torch.randn(2, 20, 4, 3, generator=seeded(), dtype=torch.float64)
    centres = torch.randn(2, 3, generator=seeded(5), dtype=torch.float64)
    before, _ = density.measured(walkers, centres)
    for rotation in haar_orthogonal(4, 3, seeded(6), reflections=True):
        after, _ = density.measured(walkers @ rotation.mT, centres @ rotation.mT)
        matrices = Irreps(density.irreps).D_from_matrix(rotation)
        torch.testing.assert_close(after, before @ matrices.mT, rtol=0, atol=1e-12)
    angle = 0.7
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    walkers = walkers[..., :2]
    plane, turned = (density(x, ORIGIN[2])[..., 1:].unflatten(-1, (3, 2)) for x in (walkers[0], walkers[0] @ turn.mT))
    for m in (1, 2, 3):
        phase = complex(math.cos(m * angle), math.sin(m * angle))
        wanted = torch.view_as_complex(plane[..., m - 1, :].contiguous()) * phase
        torch.testing.assert_close(torch.view_as_complex(turned[..., m - 1, :].contiguous()), wanted)


def test_shells_lie_where_they_are_said_to_lie():
    density = ShellDensity(5, 0, 1.7)
    r = torch.linspace(0, 20, 20001, dtype=torch.float64)
    thickest = r[density.shells(r).argmax(0)]
    assert thickest[:-1].tolist() == pytest.approx(density.radii(), abs=1e-3)
    assert float(thickest[-1]) == 20
    assert ShellDensity(1).radii() == []


@pytest.mark.parametrize(
    "options", [{"degree": -1}, {"radial": 0}, {"length": 0.0}, {"length": math.nan}, {"length": math.inf}]
)
def test_shells_that_there_are_not(options):
    with pytest.raises(UserError, match=r"density: expected a shell at least, a degree of 0 or more and a length > 0"):
        ShellDensity(**options)


def test_on_a_line_there_are_no_harmonics():
    with pytest.raises(UserError, match="density: expected particles in two or three dimensions, came 1"):
        ShellDensity()(torch.zeros(2, 3, 1), ORIGIN[1])
