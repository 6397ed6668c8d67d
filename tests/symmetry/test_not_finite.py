"""Nothing holds by a number that is none: singular Jacobians, NaN densities, domains that end."""

import math

import pytest
import torch

from gaugeflow.symmetry import (
    Links,
    Points,
    SiteScalars,
    Value,
    Verdict,
    check,
    check_detailed_balance,
    check_gradient,
    check_logdet,
)
from gaugeflow.symmetry.examples.markov import MetropolisMove, wilson_log_prob
from gaugeflow.symmetry.reports.findings import Finding
from tests.symmetry.samples import field, points


def without(phi):
    """One component is dropped."""
    return torch.cat([0 * phi[:, :, :1], phi[:, :, 1:]], dim=2)


NOT_INVERTIBLE = {
    "zero": lambda phi: 0 * phi,
    "relu": lambda phi: phi.relu(),
    "clamp": lambda phi: phi.clamp(-0.1, 0.1),
    "rounding": lambda phi: phi + (phi.round() - phi),
    "a dropped component": without,
    "a spline outside its domain": lambda phi: torch.where(phi.abs() < 0.3, phi, 0 * phi),
}


@pytest.mark.parametrize("name", NOT_INVERTIBLE)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_map_that_is_not_invertible_has_no_log_determinant(name, dtype):
    def forward(phi):
        return NOT_INVERTIBLE[name](phi), torch.zeros_like(phi[:, 0, 0])

    report = check_logdet(forward, field(2, 1, 4).map(lambda t: t.to(dtype)))
    assert report.verdict is Verdict.BROKEN
    assert "singular" in str(report)
    assert report.exit_code == 1


def test_a_density_that_is_no_number_is_no_density():
    x = Links(torch.zeros(1, 2, 2, 2))
    for wrong in (math.nan, math.inf):
        report = check_detailed_balance(
            MetropolisMove(), lambda t, c=wrong: torch.where(t[:, 0, 0, 0] > 0, wilson_log_prob(t), c), x, samples=500
        )
        assert report.verdict is Verdict.NOT_FINITE
        assert report.exit_code == 1
    hard_wall = check_detailed_balance(
        lambda t, g: t.flip(2), lambda t: torch.where(t[:, 0, 0, 0] * t[:, 0, 1, 0] > 0, 0.0, -math.inf), x, samples=900
    )
    assert hard_wall.holds


def test_a_gradient_at_the_end_of_the_domain_is_not_passed_by_an_infinite_quotient():
    def f(phi):
        return (1 - phi.square().sum((1, 2))).sqrt()

    x = SiteScalars(torch.tensor([[[0.6, 0.7999]]], dtype=torch.float64))
    assert check_gradient(f, lambda phi: -3 * phi / f(phi)[:, None, None], x, fresh=False).verdict is Verdict.BROKEN
    assert check_gradient(f, lambda phi: -phi / f(phi)[:, None, None], x, fresh=False).holds


class Odd(Value):
    """A value whose distance is no number."""

    def distance(self, other):
        return torch.full((len(self.data), 1), math.nan, dtype=torch.float64)

    def magnitude(self):
        return torch.ones(len(self.data), 1, dtype=torch.float64)


def test_a_distance_that_is_no_number_does_not_hold():
    from gaugeflow.symmetry import Permutations, represent

    represent(Permutations, Odd)(lambda g, value: value)
    report = check(lambda r: r.square().sum((1, 2)), points(), "permutations", out=Odd, constant_ok=True)
    assert not report.holds


def test_no_finding_can_hold_with_an_error_that_is_no_number():
    for number in (math.nan, math.inf):
        assert Finding("anything", Verdict.HOLDS, "", largest={"float64": number}).verdict is Verdict.NOT_FINITE


def test_what_is_not_finite_is_the_fault_of_the_function():
    report = check(lambda r: r.log().sum((1, 2)), Points(points().data), "permutations", out="scalars")
    assert report.verdict is Verdict.NOT_FINITE
    assert report.exit_code == 1
