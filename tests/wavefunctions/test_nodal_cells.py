"""Nodal cells of wavefunctions of which they are known."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.wavefunctions import LogPsi, Particles, Wavefunction
from gaugeflow.wavefunctions.analysis.nodal_cells import count_nodal_cells
from tests.wavefunctions.cases import exact_free, seeded


class TwoPairs(Wavefunction):
    """``r_12 . M r_34 exp(-r^2)``: for M of rank one a product of two determinants, else a sum of two or three.

    The nodes of a beryllium atom are like these: four cells for one determinant, two for the exact state (D.
    Bressanini, Phys. Rev. B 86 (2012) 115120).
    """

    def __init__(self, weights):
        super().__init__(Particles(2, 2, 3))
        self.weights = torch.tensor(weights, dtype=torch.float64)

    def log_psi(self, x):
        value = ((x[:, 0] - x[:, 1]) * (x[:, 2] - x[:, 3]) * self.weights).sum(-1)
        return LogPsi(value.sign(), value.abs().log() - x.square().sum((1, 2)) / 2)


class Beryllium(Wavefunction):
    """``det(1s 2s)^2 + c sum_m det(1s 2p_m)^2`` of Slater's functions, the two configurations of the atom's shell."""

    def __init__(self, share):
        super().__init__(Particles(2, 2, 3))
        self.share = share

    def log_psi(self, x):
        r = x.norm(dim=-1)
        core, shell = (-3.7 * r).exp(), (-0.96 * r).exp()

        def determinants(outer):
            pairs = core[:, [0, 2]] * outer[:, [1, 3]] - core[:, [1, 3]] * outer[:, [0, 2]]
            return pairs.prod(-1)

        value = determinants(r * shell) + self.share * sum(determinants(x[..., m] * shell) for m in range(3))
        return LogPsi(value.sign(), value.abs().log())


def cells(psi, rounds=30, walkers=16):
    generator = seeded()
    particles = psi.particles
    x = torch.randn(walkers, particles.n, particles.dimension, generator=generator, dtype=torch.float64)
    x, _ = Metropolis(lambda x: 2 * psi(x).log, width=0.4, steps=60).update(x, generator)
    return count_nodal_cells(psi, x, particles, generator, rounds)


CASES = {
    "polarised 2D, 3": (exact_free(3, 0, 2)[1], 2),
    "polarised 2D, 4": (exact_free(4, 0, 2)[1], 2),
    "polarised 3D, 4": (exact_free(4, 0, 3)[1], 2),
    "two on a line": (exact_free(2, 0, 1)[1], 2),
    "four on a line": (exact_free(4, 0, 1)[1], math.factorial(4)),
    "one of each spin": (exact_free(1, 1, 2)[1], 1),
    "product of two determinants": (TwoPairs([1.0, 0.0, 0.0]), 4),
    "sum of two products": (TwoPairs([1.0, 0.4, 0.0]), 2),
    "beryllium, one configuration": (Beryllium(0.0), 4),
    "beryllium, two configurations": (Beryllium(-0.1), 2),
}


@pytest.mark.parametrize("name", CASES)
def test_known_numbers(name):
    psi, known = CASES[name]
    found = cells(psi)
    assert found.cells == known
    assert 0 < found.agreeing <= 1
    assert 0 < found.overlooked <= 1
    assert f"{known} nodal cells" in str(found)


def test_confidence_grows_with_attempts():
    few, many = (cells(CASES["product of two determinants"][0], rounds) for rounds in (5, 50))
    assert (few.attempts, many.attempts) == (5, 50)
    assert many.overlooked == pytest.approx(3 / (50 * 16))
    assert many.overlooked < few.overlooked


def test_too_many_permutations_are_refused():
    with pytest.raises(UserError, match="at most 5040 permutations of equal spins, came 40320"):
        count_nodal_cells(exact_free(8, 0, 2)[1], torch.zeros(1, 8, 2), Particles(8, 0, 2), seeded())
