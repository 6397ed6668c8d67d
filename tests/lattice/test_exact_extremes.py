"""Closed forms in two dimensions at extreme couplings: limits, symmetries, and one way of summing against the other."""

import time

import mpmath
import numpy as np
import pytest
from mpmath import mp

from gaugeflow.errors import UserError
from gaugeflow.lattice.exact import Exact2D, exact_report, solution, weak_coupling

GROUPS = ("u1", "su2", "su3")
SHAPES = (None, (8, 8), (4, 4))


def dimension(group):
    return 1 if group == "u1" else int(group[2:]) ** 2 - 1


def rank(group):
    return 1 if group == "u1" else int(group[2:]) - 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("beta", [0, -2, 1e4, 1e5, 1e6])
@pytest.mark.parametrize("group", GROUPS)
def test_every_legal_coupling_has_an_answer_soon(group, beta, shape):
    began = time.process_time()
    found = exact_report(group, shape, beta)
    assert time.process_time() - began < 4  # about a tenth of that where nothing else runs
    if beta == 0:
        assert found["plaquette"] == found["log_z_per_plaquette"] == 0
        assert found["susceptibility"] == (None if group != "u1" else pytest.approx(1 / 12, rel=1e-14))
    if beta > 0 and shape is None:  # equipartition
        assert beta * (1 - found["plaquette"]) == pytest.approx(dimension(group) / 2, rel=20 / beta)


@pytest.mark.parametrize("group", GROUPS)
def test_modes_of_a_torus_at_weak_coupling(group):
    """The constant fields of the torus, one a Cartan generator, cost nothing: N^2 - 1 - rank / V modes a plaquette."""
    modes = [2 * beta * (1 - Exact2D(group, (4, 4), beta).plaquette) for beta in (1e4, 1e6)]
    expected = dimension(group) - rank(group) / 16
    near, nearer = (abs(float(found) - expected) for found in modes)
    assert nearer < 0.2 * near < 0.01 or nearer < 1e-6  # corrections of order beta^-1/2 where the group has roots


@pytest.mark.parametrize(
    ("group", "shape", "beta"),
    [
        ("u1", (8, 8), 2000.0),
        ("u1", (2, 3), 1500.0),
        ("su2", (8, 8), 2000.0),
        ("su2", (2, 2), 20000.0),
        pytest.param("su3", (4, 4), 160.0, marks=pytest.mark.slow),
    ],
)
def test_weak_coupling_against_the_exact_sums(group, shape, beta, monkeypatch):
    """Both ways serve these couplings."""

    def values():
        exact = Exact2D(group, shape, beta)
        loops = [exact.wilson_loop(1, 1), exact.wilson_loop(2, 1), exact.wilson_loop(2, 2), exact.wilson_loop(*shape)]
        return exact._weak is not None, [*loops, exact.log_z], exact

    used, quick, _ = values()
    monkeypatch.setattr(weak_coupling, "CROSSING", {1: float("inf")})
    also, slow, _ = values()
    assert (used, also) == (True, False)
    for one, other in zip(quick, slow, strict=True):
        assert abs(one - other) < 3e-15 * abs(other)
    assert abs((1 - quick[0]) / (1 - slow[0]) - 1) < 1e-11


@pytest.mark.parametrize(("shape", "beta"), [((16, 16), 1000.0), ((20, 20), 1200.0)])
def test_rare_charges_against_the_sum_over_theta(shape, beta, monkeypatch):
    quick = Exact2D("u1", shape, beta).charge_squared
    monkeypatch.setattr(weak_coupling, "CROSSING", {1: float("inf")})
    slow = Exact2D("u1", shape, beta).charge_squared
    assert 0 < slow < 1e-20
    assert abs(quick / slow - 1) < 1e-11
    # one charge spread over all plaquettes
    volume = shape[0] * shape[1]
    assert mp.log(slow / 2) == pytest.approx(-beta * volume * (1 - mp.cos(2 * mp.pi / volume)), abs=0.05)


@pytest.mark.parametrize("shape", [None, (4, 4), (3, 2)])
@pytest.mark.parametrize("beta", ["0.7", "40", "3000"])
@pytest.mark.parametrize("group", ["u1", "su2"])
def test_the_centre_turns_the_sign_of_beta(group, beta, shape):
    """-1 is in U(1) and SU(2): on an even torus the plaquette changes sign, and log Z by the constant in S."""
    here, there = Exact2D(group, shape, beta), Exact2D(group, shape, f"-{beta}")
    assert abs(here.plaquette + there.plaquette) < 1e-15
    assert abs(here.wilson_loop(2, 2) - there.wilson_loop(2, 2)) < 1e-15
    shift = 2 * mpmath.mpf(beta)
    assert abs(here.log_z_per_plaquette + shift - there.log_z_per_plaquette) < 1e-15 * shift


def test_sums_that_need_too_many_irreps_are_refused(monkeypatch):
    monkeypatch.setattr(solution, "MOST_IRREPS", 20)
    with pytest.raises(UserError, match=r"su4 at beta 1e\+05|su4 at beta 100000.0 needs more than 20 irreps"):
        _ = Exact2D("su4", (4, 4), 1e5).plaquette


@pytest.mark.parametrize("beta", [-3.0, -40.0])
def test_su3_below_zero_by_quadrature(beta):
    """The plane: one plaquette with Weyl's measure on a grid, where the integrand is periodic."""
    angle = np.arange(96) * 2 * np.pi / 96
    a, b = np.meshgrid(angle, angle, indexing="ij")
    z = np.stack([np.exp(1j * a), np.exp(1j * b), np.exp(-1j * (a + b))])
    measure = np.prod([abs(z[i] - z[j]) ** 2 for i in range(3) for j in range(i)], axis=0)
    trace = z.sum(0).real / 3
    weight = measure * np.exp(-beta * (trace.min() - trace))
    expected = (weight * trace).sum() / weight.sum()
    assert float(Exact2D("su3", None, beta).plaquette) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("beta", [-3.0, -20.0])
def test_an_odd_torus_below_zero_by_quadrature(beta):
    """1 x 3 plaquettes of U(1) that add up to a multiple of 2 pi: they cannot all be at pi."""
    angle = np.arange(128) * 2 * np.pi / 128
    a, b = np.meshgrid(angle, angle, indexing="ij")
    cosines = np.cos(a) + np.cos(b) + np.cos(a + b)
    weight = np.exp(beta * (cosines + 1.5))
    expected = (weight * cosines / 3).sum() / weight.sum()
    exact = Exact2D("u1", (1, 3), beta)
    assert float(exact.plaquette) == pytest.approx(expected, rel=1e-12)
    assert float(exact.log_z) == pytest.approx(np.log(weight.mean()) - beta * 4.5, rel=1e-12)
