"""Inverses, log-determinants, gradients, detailed balance: held ones hold, each kind of mistake is named."""

import doctest
import importlib
import math

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import (
    Links,
    Points,
    SymmetryBroken,
    Verdict,
    assert_detailed_balance,
    assert_gradient,
    assert_invertible,
    assert_logdet,
    assert_reversible,
    check_detailed_balance,
    check_gradient,
    check_invertible,
    check_logdet,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.examples.cases import wilson_action, wilson_force
from gaugeflow.symmetry.examples.flows import SU2Flow
from gaugeflow.symmetry.examples.markov import MetropolisMove, wilson_log_prob
from tests.symmetry.samples import field


def links(*size, n=3, seed=0):
    return Links(haar(size, n, torch.Generator().manual_seed(seed), abelian=n == 1))


@pytest.mark.parametrize("module", ["gaugeflow.symmetry.asserts"])
def test_the_examples_in_the_docstrings_run(module):
    failed, attempted = doctest.testmod(importlib.import_module(module))
    assert failed == 0
    assert attempted > 40


def test_every_assertion_has_an_example_of_ten_lines_or_less():
    asserts = importlib.import_module("gaugeflow.symmetry.asserts")
    for name in asserts.__all__:
        examples = doctest.DocTestParser().get_examples(getattr(asserts, name).__doc__)
        lines = sum(example.source.count("\n") for example in examples)
        assert 4 <= lines <= 10, name


@pytest.mark.parametrize("n", [2, 3])
def test_left_multiplication_and_inversion_preserve_the_haar_measure(n):
    fixed = haar((), n, torch.Generator().manual_seed(1))

    def forward(u):
        return fixed.to(u.dtype) @ u.mH, torch.zeros(len(u), dtype=u.real.dtype)

    def inverse(u):
        return (fixed.to(u.dtype).mH @ u).mH, torch.zeros(len(u), dtype=u.real.dtype)

    assert_logdet(forward, links(2, 2, 2, 2, n=n))
    assert_invertible(forward, inverse, links(2, 2, 2, 2, n=n))


def test_a_linear_map_has_the_logarithm_of_its_determinant():
    matrix = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    log_det = torch.linalg.slogdet(matrix).logabsdet

    def forward(phi, scale=1.0):
        y = (phi.flatten(1) @ matrix.to(phi.dtype).T).reshape(phi.shape)
        return y, (scale * log_det).to(phi.dtype).expand(len(phi))

    assert_logdet(forward, field(3, 1, 6))
    assert check_logdet(lambda phi: forward(phi, 1.001), field(3, 1, 6)).verdict is Verdict.BROKEN


def test_what_a_bijection_may_return():
    x = field(2, 1, 4)
    assert check_logdet(lambda phi: phi, x).verdict is Verdict.WRONG_TYPE
    assert check_logdet(lambda phi: (phi[:, :, :2], phi[:, 0, 0]), x).verdict is Verdict.WRONG_SHAPE
    assert check_logdet(lambda phi: (phi, phi[:, 0, 0] * math.nan), x).verdict is Verdict.NOT_FINITE
    assert check_invertible(lambda phi: 1 / 0, lambda phi: phi, x).verdict is Verdict.RAISED
    assert check_invertible(lambda phi: phi.sinh(), lambda phi: phi.asinh(), x).holds
    onto_an_interval = check_invertible(lambda phi: phi.tanh(), lambda phi: phi.atanh(), x)
    assert onto_an_interval.holds
    assert "it was given outputs of the map" in str(onto_an_interval)
    assert check_invertible(lambda phi: phi.relu(), lambda phi: phi, x).verdict is Verdict.BROKEN
    broken = check_invertible(lambda phi: phi.sinh(), lambda phi: phi.asinh() + 1e-7, x)
    assert [f.verdict for f in broken.findings] == [Verdict.BROKEN, Verdict.BROKEN]


def test_a_way_back_that_amplifies_the_rounding_of_the_way_there():
    """1 + 1e-10 x keeps six digits of x in float64, none in float32."""
    x = field(2, 1, 4)
    assert check_invertible(lambda z: 1e10 * (z - 1), lambda x: 1 + 1e-10 * x, x).holds
    broken = check_invertible(lambda z: 1e10 * (z - 1), lambda x: 1 + 1e-10 * (x + 0.01), x)
    assert broken.findings[1].verdict is Verdict.BROKEN


def test_two_values_at_once():
    r, p = (Points(torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(s))) for s in (0, 1))
    assert_invertible(lambda r, p: (r + p.tanh(), p), lambda r, p: (r - p.tanh(), p), (r, p))


def leapfrog(r, p, steps=3):
    for _ in range(steps):
        p = p - 0.05 * r.tanh()
        r = r + 0.1 * p
        p = p - 0.05 * r.tanh()
    return r, p


def test_a_leapfrog_is_reversible_and_a_lopsided_integrator_is_not():
    x = tuple(Points(torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(s))) for s in (0, 1))

    def flip(r, p):
        return r, -p

    assert_reversible(leapfrog, flip, x)
    with pytest.raises(SymmetryBroken):
        assert_reversible(lambda r, p: (r + 0.1 * p, p - 0.1 * r.tanh()), flip, x)


@pytest.mark.parametrize("n", [2, 3])
def test_the_force_of_the_wilson_action(n):
    report = assert_gradient(wilson_action, links(2, 2, 3, 3, n=n), wilson_force)
    assert report.findings[0].largest["float64"] < 1e-7
    assert_gradient(wilson_action, links(2, 2, 3, 3, n=n))


def test_a_small_mistake_in_a_gradient_is_seen():
    x = links(2, 2, 3, 3)
    assert check_gradient(wilson_action, lambda u: wilson_force(u) * (1 + 1e-6), x).verdict is Verdict.BROKEN
    assert check_gradient(wilson_action, lambda u: wilson_force(u)[..., :-1], x).verdict is Verdict.WRONG_SHAPE
    assert check_gradient(wilson_action, lambda u: wilson_force(u) * math.nan, x).verdict is Verdict.NOT_FINITE
    assert check_gradient(lambda phi: phi.abs().sum((1, 2)), lambda phi: phi.sign(), field(2, 1, 4)).holds


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(4, 1)

    def forward(self, phi):
        return self.layer(phi).sum((1, 2))


def test_a_module_in_single_precision_is_differentiated_in_double():
    assert_gradient(Linear(), field(2, 1, 4))


def test_detailed_balance_of_metropolis_and_of_a_sequential_sweep():
    x = links(1, 2, 2, 2, n=1)
    assert_detailed_balance(MetropolisMove(), wilson_log_prob, x)
    moves = [MetropolisMove(0.4), MetropolisMove(2.5)]

    def sweep(theta, generator):
        for move in moves:
            theta = move(theta, generator)
        return theta, {"acceptance": 1.0}

    assert check_detailed_balance(sweep, wilson_log_prob, x, reversible=False, samples=5_000).holds


def test_a_move_at_another_temperature_is_not_in_balance():
    x = links(1, 2, 2, 2, n=1)
    report = check_detailed_balance(MetropolisMove(), lambda t: wilson_log_prob(t, 1.2), x, samples=10_000)
    assert report.verdict is Verdict.BROKEN
    assert "standard errors" in str(report)


def overrelaxed(theta, generator):
    """A cyclic shift of all angles by a constant: the Haar measure is kept, detailed balance is not."""
    return theta + 0.4


def test_stationarity_without_detailed_balance_is_told_apart():
    x = links(1, 2, 2, 2, n=1)

    def flat(theta):
        return torch.zeros(len(theta))

    assert check_detailed_balance(overrelaxed, flat, x, reversible=False, samples=5_000).holds
    assert check_detailed_balance(overrelaxed, flat, x, samples=5_000).verdict is Verdict.BROKEN


def test_moves_that_cannot_be_judged():
    x = links(1, 2, 2, 2, n=1)
    assert check_detailed_balance(lambda t, g: t, wilson_log_prob, x, samples=1_000).verdict is Verdict.CONSTANT
    assert (
        check_detailed_balance(lambda t, g: t * math.nan, wilson_log_prob, x, samples=1_000).verdict
        is Verdict.NOT_FINITE
    )
    assert check_detailed_balance(lambda t: t, wilson_log_prob, x).verdict is Verdict.RAISED
    peaked = check_detailed_balance(MetropolisMove(), lambda t: wilson_log_prob(t, 1000.0), x, samples=1_000)
    assert peaked.verdict is Verdict.RAISED
    assert "too few effective samples" in str(peaked)


def test_the_flow_does_not_change_its_parameters():
    flow = SU2Flow()
    before = flow.slope.clone()
    check_logdet(flow.forward, links(1, 2, 4, 2, n=2))
    assert torch.equal(flow.slope, before)
    assert flow.slope.requires_grad
