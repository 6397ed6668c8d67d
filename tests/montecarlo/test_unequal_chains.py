"""Chains of unequal length: value and error are those of the same data."""

import numpy as np
import pytest

from gaugeflow.montecarlo.errors import derived, estimate, split_r_hat


@pytest.mark.parametrize("lengths", [(300, 8), (300, 20, 90), (6, 300)])
def test_the_error_is_that_of_all_samples(lengths: tuple[int, ...]) -> None:
    """Over many ensembles the error that is quoted is the scatter of the mean."""
    generator = np.random.default_rng(5)
    ensembles = [[generator.normal(size=length) for length in lengths] for _ in range(200)]
    found = [estimate(series) for series in ensembles]
    assert {entry.count for entry in found} == {sum(lengths)}
    assert found[0].value == pytest.approx(np.concatenate(ensembles[0]).mean())
    scatter = np.std([entry.value for entry in found])
    assert np.mean([entry.error for entry in found]) == pytest.approx(scatter, rel=0.15)


def test_unequal_chains_that_disagree_are_seen() -> None:
    generator = np.random.default_rng(6)
    series = [generator.normal(size=400), generator.normal(size=90)]
    assert split_r_hat(series) == pytest.approx(1, abs=0.03)
    assert estimate(series).warning == ""
    assert "disagree" in estimate([series[0], series[1] + 1.5]).warning


def test_a_function_of_unequal_chains() -> None:
    generator = np.random.default_rng(7)
    one = [3 + generator.normal(size=n) for n in (200, 50)]
    ratio = derived(lambda a, b: a / b, one, [2 * series for series in one])
    assert ratio.value == pytest.approx(0.5)
    assert ratio.error < 1e-12
    square = derived(lambda a: a**2, one)
    assert square.error == pytest.approx(2 * estimate(one).value * estimate(one).error, rel=1e-9)
