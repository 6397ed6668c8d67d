"""Markov chains against closed forms in two dimensions and against published numbers in four.

Chains of one batch are independent, so the error of a mean over them is the spread of the chain means.
"""

import math

import pytest
import torch

from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    IWASAKI,
    LoopAction,
    RectangleAction,
    WilsonAction,
    charge_geometric,
    hot_start,
    plaquette,
    wilson_loops,
)
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath, Sampler

pytestmark = pytest.mark.slow

SIGMAS = 4.0  # of the difference; some fifty comparisons stand in this file


def run(
    sampler: Sampler, group: str, shape: tuple[int, ...], chains: int, sweeps: int, measure, generator, skip: int = 20
) -> torch.Tensor:
    """Chain means of ``measure``, ``(chains, ...)``."""
    field = hot_start(get_group(group), shape, generator, chains)
    for _ in range(skip):
        field, _ = sampler.update(field, generator)
    sampler.warmup = False
    total = torch.zeros_like(measure(field))
    for _ in range(sweeps):
        field, _ = sampler.update(field, generator)
        total = total + measure(field)
    return total / sweeps


def assert_mean(
    samples: torch.Tensor, expected: float, expected_error: float = 0.0, largest_error: float = math.inf
) -> None:
    error = float(samples.std()) / math.sqrt(len(samples))
    assert error < largest_error, f"the test has lost its power: error {error}"
    difference = float(samples.mean()) - expected
    assert abs(difference) < SIGMAS * math.hypot(error, expected_error), f"{samples.mean()} +- {error}, not {expected}"


CASES_2D = [("u1", 1.0, (8, 8)), ("u1", 3.0, (5, 7)), ("su2", 2.2, (8, 8)), ("su3", 6.0, (6, 8)), ("su4", 8.0, (4, 5))]
SLOW = ("u1", 3.0)  # its charge moves seldom


@pytest.mark.parametrize("move", ["heatbath", "hmc"])
@pytest.mark.parametrize(("group", "beta", "shape"), CASES_2D, ids=lambda v: str(v))
def test_plaquette_and_wilson_loops_in_two_dimensions(group, beta, shape, move, generator):
    action = WilsonAction(2, beta)
    sampler = HeatBath(action, overrelaxation=2) if move == "heatbath" else HMC(action)
    chains, sweeps, skip = (192, 90, 40) if (group, beta) == SLOW else (32, 60, 20)
    samples = run(sampler, group, shape, chains, sweeps, lambda links: wilson_loops(links, 2, 2), generator, skip)
    exact = Exact2D(group, shape, beta)
    for r, t in ((1, 1), (1, 2), (2, 2)):
        assert_mean(samples[:, r - 1, t - 1], float(exact.wilson_loop(r, t)), largest_error=3e-3)


@pytest.mark.parametrize("move", ["heatbath", "hmc"])
def test_topological_charge_of_u1(move, generator):
    """At beta = 2 on 8 x 8 the charge moves freely; <Q^2> is known exactly."""
    action = WilsonAction(2, 2.0)
    sampler = HeatBath(action) if move == "heatbath" else HMC(action, length=1.5)
    samples = run(sampler, "u1", (8, 8), 100, 80, lambda links: charge_geometric(links) ** 2, generator)
    assert_mean(samples, float(Exact2D("u1", (8, 8), 2.0).charge_squared), largest_error=0.05)


def test_overrelaxation_alone_keeps_the_action_and_moves_the_field(generator):
    for group in ("u1", "su2", "su3"):
        links = hot_start(get_group(group), (4, 5, 3), generator, 2)
        action = WilsonAction(3, 2.0)
        kernels = action.kernels(links)
        moved = kernels.unpack(kernels.overrelax_(kernels.pack(links)))
        assert torch.allclose(action(moved), action(links), rtol=1e-12)
        assert (moved - links).abs().max() > 0.5


def test_heatbath_and_hmc_agree_for_an_improved_action(generator):
    """No closed form: the two algorithms, which share nothing but the loops, must give one plaquette."""
    action = RectangleAction(3, 1.2, IWASAKI)
    a = run(HeatBath(action, overrelaxation=1), "su2", (4, 5, 6), 24, 40, plaquette, generator)
    b = run(HMC(action), "su2", (4, 5, 6), 24, 40, plaquette, generator)
    assert_mean(a, float(b.mean()), float(b.std()) / math.sqrt(len(b)), largest_error=1e-3)


def test_su3_at_strong_coupling_in_four_dimensions(generator):
    """beta = 3.36 on 8^3 x 4: 0.23439(18), the test value of SIMULATeQCD."""
    sampler = HeatBath(WilsonAction(4, 3.36), overrelaxation=1)
    samples = run(sampler, "su3", (8, 8, 8, 4), 8, 12, plaquette, generator, 6)
    assert_mean(samples, 0.23439, 0.00018, largest_error=3e-4)


def test_su2_in_four_dimensions(generator):
    """beta = 2.3 on 8^4: 0.60242(60) from an independent heat bath."""
    sampler = HeatBath(WilsonAction(4, 2.3), overrelaxation=3)
    samples = run(sampler, "su2", (8, 8, 8, 8), 6, 18, plaquette, generator, 8)
    assert_mean(samples, 0.60242, 0.0006, largest_error=6e-4)


def test_strong_coupling_expansion_of_su2(generator):
    """P = beta/4 - beta^3/96 + O(beta^5) at beta = 0.4, in three dimensions and on odd extents."""
    samples = run(HeatBath(WilsonAction(3, 0.4)), "su2", (5, 3, 4), 64, 110, plaquette, generator, 5)
    assert_mean(samples, 0.1 - 0.4**3 / 96, 0.4**5 / 1000, largest_error=5e-4)


def test_zero_coupling_is_haar(generator):
    sampler = HeatBath(LoopAction.of_orbits(2, {"+x +t -x -t": 0.0}))
    samples = run(sampler, "su3", (4, 4), 64, 20, plaquette, generator, 1)
    assert_mean(samples, 0.0, largest_error=2e-3)
