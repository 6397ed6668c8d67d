"""The Gamma method against processes whose autocorrelation and error are known."""

import math

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import (
    Estimate,
    autocorrelation,
    by_chain,
    derived,
    estimate,
    estimate_complex,
    split_r_hat,
)


def ar1(shape, a, rng):
    """x_t = a x_{t-1} + sqrt(1 - a^2) noise, stationary with mean 0 and variance 1: rho(t) = a^t."""
    noise = rng.normal(size=shape)
    samples = noise.copy()
    for t in range(1, shape[-1]):
        samples[..., t] = a * samples[..., t - 1] + np.sqrt(1 - a * a) * noise[..., t]
    return samples


def ar1_tau(a):
    return 0.5 * (1 + a) / (1 - a)


@pytest.mark.parametrize("a", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(1, 40_000), (16, 2_500)])
def test_autocorrelation_time_of_ar1(a, shape):
    result = estimate(ar1(shape, a, np.random.default_rng(1)) + 3)
    assert abs(result.tau_int - ar1_tau(a)) < 3 * result.tau_int_error + 0.01
    assert result.tau_int_error < 0.15 * ar1_tau(a)
    expected = np.sqrt(2 * ar1_tau(a) / 40_000)
    assert abs(result.error - expected) < 4 * result.error_of_error + 0.01 * expected
    assert abs(result.value - 3) < 3 * result.error
    assert (result.count, result.chains, result.warning) == (40_000, shape[0], "")


@pytest.mark.parametrize("a", [0.0, 0.8])
def test_chains_of_different_lengths(a):
    """The error of 40 000 samples however they are divided; of one long and one short chain both count."""
    rng = np.random.default_rng(4)
    chains = [ar1((length,), a, rng) + 3 for length in (20_000, 12_000, 7_000, 900, 100)]
    result = estimate(chains)
    assert result.value == pytest.approx(np.concatenate(chains).mean(), abs=1e-12)
    assert abs(result.tau_int - ar1_tau(a)) < 3 * result.tau_int_error + 0.01
    expected = np.sqrt(2 * ar1_tau(a) / 40_000)
    assert abs(result.error - expected) < 4 * result.error_of_error + 0.02 * expected
    assert (result.count, result.chains, result.warning) == (40_000, 5, "")
    both = derived(lambda x, y: x / y, chains, [one**2 for one in chains])
    assert both.value == pytest.approx(result.value / (np.concatenate(chains) ** 2).mean(), rel=1e-12)


def test_chains_of_equal_length_in_a_list_are_as_in_an_array():
    samples = ar1((3, 200), 0.5, np.random.default_rng(5))
    assert estimate(list(samples)) == estimate(samples)
    with pytest.raises(UserError, match="one shape"):
        derived(lambda x, y: x / y, [samples[0], samples[1, :50]], samples[:2])
    short = estimate([samples[0], samples[1, :3]])
    assert math.isnan(short.error)
    assert "fewer than 5" in short.warning


@pytest.mark.parametrize(("chains", "n"), [(1, 1200), (8, 150)])
def test_errors_cover_as_a_gaussian(chains, n):
    """68.3 % of 200 repetitions lie within one error, 95.4 % within two."""
    samples = ar1((200, chains, n), 0.6, np.random.default_rng(2))
    pulls = np.array([r.value / r.error for r in map(estimate, samples)])
    for sigma, expected in [(1, 0.683), (2, 0.954)]:
        assert abs((abs(pulls) < sigma).mean() - expected) < 2.5 * np.sqrt(expected * (1 - expected) / 200) + 0.01


def test_error_of_the_error_is_its_spread():
    samples = ar1((150, 2, 500), 0.5, np.random.default_rng(3))
    results = [estimate(s) for s in samples]
    spread = np.std([r.error for r in results])
    assert np.mean([r.error_of_error for r in results]) == pytest.approx(spread, rel=0.25)


def test_chains_are_replica():
    """Renaming chains changes nothing; one chain is the one-dimensional series; torch and lists are arrays."""
    samples = ar1((6, 700), 0.7, np.random.default_rng(4))
    result = estimate(samples)
    assert estimate(samples[::-1]).error == pytest.approx(result.error, rel=1e-12)
    assert result.value == pytest.approx(samples.mean(), rel=1e-12)
    assert estimate(samples[:1]) == estimate(samples[0]) == estimate(samples[0].tolist())
    assert estimate(torch.tensor(samples, requires_grad=True)) == result
    tiny = estimate(1e-180 * samples)
    assert tiny.error == pytest.approx(1e-180 * result.error, rel=1e-12)


def test_many_short_chains_are_not_trusted_to_their_own_means():
    """Chains of 20 samples and tau_int 4.5: with deviations from each chain's mean most of Gamma would be lost."""
    samples = ar1((40, 400, 20), 0.8, np.random.default_rng(5))
    results = [estimate(s) for s in samples]
    pulls = np.array([r.value / r.error for r in results])
    assert pulls.std() == pytest.approx(1, abs=0.25)
    assert all("R-hat" in r.warning for r in results)


def test_frozen_chains_get_the_error_of_independent_values():
    charges = np.random.default_rng(6).normal(size=(50, 1))
    result = estimate(np.repeat(charges, 400, axis=1))
    assert result.error == pytest.approx(charges.std() / np.sqrt(50), rel=0.1)
    assert result.r_hat == np.inf
    assert "R-hat inf" in result.warning


def test_r_hat_sees_drift_and_disagreement():
    samples = ar1((4, 2000), 0.5, np.random.default_rng(7))
    assert split_r_hat(samples) == pytest.approx(1, abs=0.005)
    assert split_r_hat(samples + np.arange(4)[:, None]) > 1.3
    assert split_r_hat(samples[0] + np.linspace(0, 3, 2000)) > 1.3
    assert estimate(samples).warning == ""
    assert "disagree" in estimate(samples + np.arange(4)[:, None]).warning


def test_constant_samples():
    result = estimate(np.full((3, 10), 0.1))
    assert result == Estimate(pytest.approx(0.1), 0.0, 0.0, 0.5, 0.0, 30, 3, 1.0, "all samples are equal")


@pytest.mark.parametrize("n", [1, 4])
def test_too_short_for_an_error(n):
    result = estimate(np.arange(3.0 * n).reshape(3, n))
    assert result.value == pytest.approx((3 * n - 1) / 2)
    assert np.isnan([result.error, result.error_of_error, result.tau_int, result.tau_int_error, result.r_hat]).all()
    assert (result.count, result.chains) == (3 * n, 3)
    assert "fewer than 5 samples" in result.warning
    assert np.isfinite(estimate(np.arange(5.0)).error)


def test_complex_samples_by_parts():
    rng = np.random.default_rng(8)
    real, imaginary = ar1((2, 3, 200), 0.3, rng)
    assert estimate_complex(real + 1j * imaginary) == (estimate(real), estimate(imaginary))
    assert estimate_complex(torch.tensor(real + 1j * imaginary)) == (estimate(real), estimate(imaginary))


def test_derived_keeps_correlations():
    """Exact cases: a difference of one observable with itself, a linear map, a ratio with its own multiple."""
    x, y = 5 + ar1((2, 4, 500), 0.4, np.random.default_rng(9))
    assert derived(lambda a, b: a - b, x, x).error == 0
    assert derived(lambda a: 3.0, x).error == 0
    assert derived(lambda a, b: 2 * a - b, x, y).error == pytest.approx(estimate(2 * x - y).error, rel=1e-9)
    ratio = derived(lambda a, b: a / b, x, 3 * x)
    assert ratio.value == pytest.approx(1 / 3)
    assert ratio.error < 1e-15
    logarithm = derived(np.log, x)
    assert logarithm.value == pytest.approx(np.log(x.mean()))
    assert logarithm.error == pytest.approx(estimate(x).error / x.mean(), rel=1e-9)


def slow_and_weak(chains, count, seed):
    """White noise, and a hundredth of its variance that is the same for 200 samples each."""
    draw = np.random.default_rng(seed)
    slow = np.repeat(draw.normal(0, 0.1, (chains, count // 200)), 200, 1)
    return draw.normal(0, 1, (chains, count)) + slow


def test_the_spread_of_chains_knows_what_the_gamma_method_overlooks():
    exact = ((1 + 0.01 * 200) / 2000 / 16) ** 0.5
    found = [by_chain(lambda x: x, slow_and_weak(16, 2000, seed)) for seed in range(60)]
    assert np.mean([one.error**2 for one in found]) == pytest.approx(exact**2, rel=0.15)
    assert np.std([one.value for one in found]) == pytest.approx(exact, rel=0.25)
    assert np.std([one.error for one in found]) == pytest.approx(
        np.mean([one.error_of_error for one in found]), rel=0.3
    )
    assert np.mean([one.tau_int for one in found]) == pytest.approx(1.5, rel=0.15)
    overlooked = [estimate(slow_and_weak(16, 2000, seed)).error for seed in range(10)]
    assert np.mean(overlooked) < 0.75 * exact


def test_the_spread_of_chains_of_several_lengths_and_of_none():
    rng = np.random.default_rng(3)
    errors = [by_chain(lambda x: x, [rng.normal(0, 1, 10 * n) for n in range(1, 31)]).error for _ in range(40)]
    assert np.mean(np.square(errors)) == pytest.approx(1 / (10 * 465), rel=0.1)
    assert by_chain(lambda x: x, np.ones((3, 8))).error == 0
    with pytest.raises(UserError, match="the spread of chains needs two or more"):
        by_chain(lambda x: x, rng.normal(0, 1, (1, 50)))


def test_derived_errors_cover():
    """A reweighted average <w x> / <w> and a variance, each a nonlinear function of correlated averages."""
    x = ar1((200, 2, 800), 0.5, np.random.default_rng(10))
    weight = np.exp(0.3 * x)
    reweighted = [derived(lambda wx, w: wx / w, w * s, w) for s, w in zip(x, weight, strict=True)]
    variance = [derived(lambda square, mean: square - mean**2, s**2, s) for s in x]
    for results, truth in [(reweighted, 0.3), (variance, 1.0)]:
        pulls = np.array([(r.value - truth) / r.error for r in results])
        assert abs((abs(pulls) < 1).mean() - 0.683) < 0.07
        assert abs(pulls.mean()) < 0.25


def test_derived_where_it_is_not_finite():
    samples = ar1((2, 100), 0.0, np.random.default_rng(11)) - 5
    result = derived(np.log, samples)
    assert np.isnan(result.value)
    assert np.isnan(result.error)
    assert "not finite" in result.warning


def test_autocorrelation_function_of_ar1():
    samples = ar1((10, 4000), 0.8, np.random.default_rng(12))
    found = autocorrelation(samples, max_lag=30)
    pulls = (found.rho - 0.8 ** np.arange(31))[1:] / found.error[1:]
    assert found.rho[0] == 1
    assert found.error[0] == 0
    assert abs(pulls).max() < 3.5
    assert 0.3 < np.sqrt((pulls**2).mean()) < 1.7
    assert 30 < found.window < 60  # where exp(-W/9) = 9 / sqrt(W count), 2 tau_int = 9
    default = autocorrelation(samples)
    assert len(default.rho) == 3 * default.window + 11
    assert len(autocorrelation(samples[:, :12], max_lag=100).rho) == 6


def test_autocorrelation_error_of_white_noise():
    found = autocorrelation(np.random.default_rng(13).normal(size=(200, 1000)), max_lag=5)
    assert found.error[1:] == pytest.approx(np.full(5, 1 / np.sqrt(200_000)), rel=0.05)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.593678, 0.000237, "0.59368(24)"),
        (0.593678, 0.0000999, "0.59368(10)"),
        (-12.345, 1.44, "-12.3(1.4)"),
        (12.345, 0.99, "12.35(99)"),
        (12.345, 0.999, "12.3(1.0)"),
        (1234.5, 14.2, "1234(14)"),
        (1234.5, 142.0, "1234(140)"),
        (1.2345e-7, 3.1e-9, "1.235(31)e-07"),
        (2.5e9, 3e6, "2.5000(30)e+09"),
        (1e-9, 0.02, "0.000(20)"),
        (0.5, 0.0, "0.5(0)"),
        (0.5, float("nan"), "0.5(nan)"),
    ],
)
def test_printing(value, error, text):
    result = Estimate(value, error, 0.0, 0.5, 0.0, 100, 1, 1.0)
    assert str(result) == f"{result}" == text


def test_printing_with_one_digit():
    assert Estimate(0.593678, 0.000237, 0.0, 0.5, 0.0, 100, 1, 1.0).format(digits=1) == "0.5937(2)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: estimate([]), r"shape \(0,\)"),
        (lambda: estimate(np.zeros((2, 3, 4))), r"shape \(2, 3, 4\)"),
        (lambda: estimate(np.zeros((2, 9)) + 1j), "estimate_complex"),
        (lambda: estimate([[0.0] * 9, [0.0] * 7 + [np.nan] * 2]), "nan in chain 1 at index 7"),
        (lambda: estimate([1.0, np.inf]), "inf in chain 0 at index 1"),
        (lambda: derived(lambda a, b: a, np.zeros(9), np.zeros(8)), "one shape"),
        (lambda: derived(lambda a: np.array([a, a]), np.arange(9.0)), "one real number"),
        (lambda: derived(math.log, np.arange(9.0)), "functions of numpy"),
        (lambda: derived(lambda a: 1j * a, np.arange(9.0)), "one real number"),
        (lambda: autocorrelation(np.arange(4.0)), "5 samples"),
        (lambda: autocorrelation(np.zeros(9)), "not defined"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_large_series_are_fast_enough():
    """16 chains of 10^5 samples, in one go without binning."""
    samples = np.random.default_rng(14).normal(size=(16, 100_000))
    result = estimate(samples)
    assert result.error == pytest.approx(1 / np.sqrt(samples.size), rel=0.02)
