"""A dead output beside a live one is not passed, nor a temperature that is a little off."""

import pytest
import torch

from gaugeflow.symmetry import Invariants, Links, Points, Scalars, Verdict, check, check_detailed_balance
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.examples.markov import MetropolisMove, wilson_log_prob
from tests.symmetry.samples import energy, points


def test_forces_that_are_zero_beside_a_right_energy_are_not_passed():
    dead = check(lambda r: (energy(r), 0 * r), points(), "permutations", out=(Scalars, Points))
    assert dead.verdict is Verdict.CONSTANT
    assert "output 2 of 2 (points)" in str(dead)
    assert check(lambda r: (energy(r), 2 * r), points(), "permutations", out=(Scalars, Points)).holds
    named = {"energy": Scalars, "charge": Invariants}
    f = lambda r: {"energy": energy(r), "charge": torch.ones_like(r[:, 0, 0])}  # noqa: E731
    assert check(f, points(), "permutations", out=named).verdict is Verdict.CONSTANT
    assert check(f, points(), "permutations", out=named, constant_ok=True).holds


@pytest.mark.parametrize("seed", [2, 4])
def test_a_temperature_ten_percent_off_is_caught_for_every_seed(seed):
    x = Links(haar((1, 2, 2, 2), 1, torch.Generator().manual_seed(seed), abelian=True))
    report = check_detailed_balance(MetropolisMove(), lambda t: 1.1 * wilson_log_prob(t), x, seed=seed)
    assert report.verdict is Verdict.BROKEN
    assert "in the log-probability;" in str(report)


def test_a_constant_in_the_log_probability_means_nothing():
    x = Links(haar((1, 2, 2, 2), 1, torch.Generator().manual_seed(0), abelian=True))
    for shift in (-1000.0, 1000.0):
        options = {"samples": 4_000, "seed": 1}
        assert check_detailed_balance(MetropolisMove(), lambda t, c=shift: wilson_log_prob(t) + c, x, **options).holds
        wrong = check_detailed_balance(MetropolisMove(), lambda t, c=shift: 1.4 * wilson_log_prob(t) + c, x, **options)
        assert wrong.verdict is Verdict.BROKEN
