"""Errors of Markov-chain averages by the Gamma method (U. Wolff, hep-lat/0306017), carried out by pyerrors.

Conventions
    tau_int = 1/2 + sum_{t >= 1} rho(t): 1/2 for independent samples, (1/2)(1 + a)/(1 - a) for an AR(1) process of
    coefficient a. The error is sigma sqrt(2 tau_int / count), in units of one sample of one chain.

    Chains are replica of one ensemble. Fluctuations are taken about the mean over all chains, as in the paper, and
    not about each chain's own: chains frozen at different values (topological charge) get the error of so many
    independent values, where their own means would give them none.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import floor, inf, isfinite, log10, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.series import Chains, Samples, all_equal, as_chains, as_numpy, shape_of, shortest, sizes

__all__ = [
    "R_HAT_LIMIT",
    "SHORTEST",
    "Autocorrelation",
    "Estimate",
    "autocorrelation",
    "by_chain",
    "derived",
    "estimate",
    "estimate_complex",
    "split_r_hat",
]

SHORTEST = 5
R_HAT_LIMIT = 1.05  # chains shorter than about 40 tau_int exceed it


@dataclass(frozen=True)
class Estimate:
    """An average with its statistical error.

    Attributes:
        value: the average, or the function of averages.
        error: one standard deviation of `value`; 0 for samples that are all equal but for rounding, nan where there
            is none (see `warning`).
        error_of_error: one standard deviation of `error`, `error` sqrt((W + 1/2) / count) for a window of W lags.
        tau_int: integrated autocorrelation time in samples of one chain, at least 1/2.
        tau_int_error: its standard deviation, hep-lat/0306017 eq. (42).
        count: samples of all chains together.
        chains: number of chains.
        r_hat: split R-hat, see `split_r_hat`.
        warning: why the error is not to be trusted; empty when nothing speaks against it.
    """

    value: float
    error: float
    error_of_error: float
    tau_int: float
    tau_int_error: float
    count: int
    chains: int
    r_hat: float
    warning: str = ""

    def format(self, digits: int = 2) -> str:
        """``0.59368(24)``: the error, rounded to `digits` significant digits, in units of the value's last ones."""
        if not (isfinite(self.value) and isfinite(self.error)):
            return f"{self.value:.6g}({self.error:.1g})"
        if self.error == 0:
            return f"{self.value:.12g}(0)"
        exponent = floor(log10(max(abs(self.value), self.error)))
        if -5 < exponent < 7:
            return _parenthesis(self.value, self.error, digits)
        return f"{_parenthesis(self.value / 10.0**exponent, self.error / 10.0**exponent, digits)}e{exponent:+03d}"

    def __str__(self) -> str:
        return self.format()


@dataclass(frozen=True)
class Autocorrelation:
    """The normalised autocorrelation function rho(t), t = 0, 1, ..., for a figure.

    Attributes:
        rho: ``(lags,)``, rho(0) = 1.
        error: ``(lags,)``, hep-lat/0409106 eq. (E.11) with the sum ended `window` terms beyond t.
        window: the lag at which the Gamma method ends its sum for tau_int.
    """

    rho: NDArray[np.float64]
    error: NDArray[np.float64]
    window: int


def estimate(samples: Samples) -> Estimate:
    """The average of one observable over all chains.

    Arguments:
        samples: ``(chains, n)`` or ``(n,)``, a numpy array, torch tensor or nested list in Monte Carlo order; or a
            list of arrays ``(n,)``, one for each chain, where the chains are not of one length. If one has fewer than 5
            samples, the error is nan and `warning` says so.

    Raises:
        UserError: for no samples, another number of axes, a sample that is not finite (its chain and index are
            named), or complex samples (see `estimate_complex`).
    """
    return derived(_identity, samples)


def estimate_complex(samples: Samples) -> tuple[Estimate, Estimate]:
    """The averages of the real and of the imaginary part of ``(chains, n)`` or ``(n,)``, each as `estimate`."""
    values = np.asarray(as_numpy(samples))
    return estimate(values.real), estimate(values.imag)


def derived(function: Callable[..., Any], *samples: Samples) -> Estimate:
    """A function of averages, such as a ratio, a Creutz ratio or a variance, with its error.

    The gradient at the means projects the fluctuations of all observables onto those of the function, so that
    correlations between observables measured on the same fields are kept.

    Arguments:
        function: takes one number per observable and returns one. It is differentiated by autograd: write it with
            arithmetic and elementwise functions of numpy (not of math). Where it is not finite at the means, value
            and error are nan and `warning` says so.
        samples: one entry per observable, as in `estimate`, all of one shape.

    Raises:
        UserError: as `estimate`; for arrays of different shapes; for a function that autograd cannot follow or
            that does not return one real number.
    """
    return _estimated(_gamma_method, function, samples)


def by_chain(function: Callable[..., Any], *samples: Samples) -> Estimate:
    """As `derived` of samples ``(chains, n)``, with the error from the spread of the means of chains.

    It is right whatever the correlations in time, where the Gamma method overlooks slow ones of a small amplitude; but
    chains must be independent from their first sample on, and some ten are needed: of C chains the error has a
    relative error of ``1 / sqrt(2 (C - 1))``. `tau_int` is the one that goes with it.

    Raises:
        UserError: as `derived`, and for a single chain.
    """
    return _estimated(_spread, function, samples)


def autocorrelation(samples: Samples, max_lag: int | None = None) -> Autocorrelation:
    """rho(t) of one observable ``(chains, n)`` with errors, all chains together.

    Arguments:
        samples: as `estimate`, at least 5 per chain.
        max_lag: the largest t returned, cut at n // 2 - 1; by default three windows and a few more.

    Raises:
        UserError: as `estimate`; for fewer than 5 samples per chain; for samples that are all equal.
    """
    chains = as_chains(samples)
    if shortest(chains) < SHORTEST:
        raise UserError(f"an autocorrelation function needs {SHORTEST} samples per chain, got {shortest(chains)}")
    if all_equal(chains):
        raise UserError(f"all samples equal {chains[0][0]}: their autocorrelation function is not defined")
    observable = _observable(chains)
    observable.gamma_method()
    rho, window = observable.e_rho["chain"], observable.e_windowsize["chain"]
    last = min(len(rho) - 1, 3 * window + 10 if max_lag is None else max_lag)
    error = np.array([_rho_error(rho, t, window, sizes(chains)[0]) for t in range(last + 1)])
    return Autocorrelation(rho[: last + 1], error, window)


def split_r_hat(samples: Samples) -> float:
    """Split R-hat of ``(chains, n)``, Gelman et al., Bayesian Data Analysis, section 11.4: 1 where all is well.

    Each chain is cut in two; R-hat compares the variance between the halves with that within. Expect
    ``1 + 2 tau_int / n`` from chains of n samples that agree; chains not thermalised or stuck give more, inf when
    no half moves. Below 4 samples per chain it is nan.
    """
    return _split_r_hat(as_chains(samples))


def _identity(mean: float) -> float:
    return mean


def _evaluate(function: Callable[..., Any], means: list[Any]) -> float:
    with np.errstate(all="ignore"):
        value = function(*means)
    if np.ndim(value) or not np.isrealobj(value):
        raise UserError(f"a derived quantity is one real number, the function returned {value!r}")
    return float(value)


def _estimated(method: Callable[[float, Chains], Estimate], function: Callable[..., Any], samples: Any) -> Estimate:
    """The function of the averages, with an error that the method makes of its fluctuations."""
    observables = [as_chains(s) for s in samples]
    shapes = {shape_of(x) for x in observables}
    if len(shapes) != 1:
        raise UserError(f"observables of one function need one shape (chains, n), got {sorted(shapes)}")
    means = [np.concatenate(x).mean() for x in observables]
    value = _evaluate(function, means)
    if shortest(observables[0]) < SHORTEST:
        return _without_error(value, observables[0], f"fewer than {SHORTEST} samples per chain")
    fluctuations = _project(function, observables)
    if not (isfinite(value) and np.isfinite(np.concatenate(fluctuations)).all()):
        return _without_error(nan, observables[0], f"the function is not finite at the means {means}")
    if all(map(all_equal, observables)):  # the mean of equal numbers may differ in rounding
        fluctuations = [np.zeros_like(one) for one in observables[0]]
    return method(value, fluctuations)


def _project(function: Callable[..., Any], observables: list[Chains]) -> Chains:
    """The fluctuations of the function to first order."""

    def of_vector(x: Any) -> Any:
        return function(*(x[i] for i in range(len(observables)))) + 0 * x[0]  # lets a constant have a gradient

    with np.errstate(all="ignore"):
        try:
            result = _pyerrors().derived_observable(of_vector, [_observable(x) for x in observables])
        except TypeError as error:
            hint = "write it with arithmetic and elementwise functions of numpy"
            raise UserError(f"autograd cannot differentiate the function ({error}): {hint}") from error
    return [result.deltas[name] for name in result.names]


def _gamma_method(value: float, fluctuations: Chains) -> Estimate:
    scale = abs(np.concatenate(fluctuations)).max()
    if scale == 0:
        return Estimate(value, 0.0, 0.0, 0.5, 0.0, *sizes(fluctuations), 1.0, "all samples are equal")
    scaled = [one / scale for one in fluctuations]  # squares of tiny numbers would vanish
    observable = _observable(scaled, mean=0.0)
    observable.gamma_method()
    r_hat = _split_r_hat(scaled)
    return Estimate(
        value=value,
        error=float(observable.dvalue * scale),
        error_of_error=float(observable.ddvalue * scale),
        tau_int=float(observable.e_tauint["chain"]),
        tau_int_error=float(observable.e_dtauint["chain"]),
        count=sizes(fluctuations)[0],
        chains=len(fluctuations),
        r_hat=r_hat,
        warning="" if r_hat <= R_HAT_LIMIT else f"chains or their halves disagree: R-hat {r_hat:.3f} > {R_HAT_LIMIT}",
    )


def _spread(value: float, fluctuations: Chains) -> Estimate:
    if len(fluctuations) < 2:
        raise UserError("the spread of chains needs two or more of them, got 1")
    whole, chains = np.concatenate(fluctuations), len(fluctuations)
    shares = [one.sum() * chains / len(whole) for one in fluctuations]  # the means, where all are of one length
    error, doubt = float(np.std(shares, ddof=1)) / chains**0.5, (2 * (chains - 1)) ** -0.5
    tau_int = max(0.5, 0.5 * error**2 * len(whole) / whole.var()) if error else 0.5
    return Estimate(
        value=value,
        error=error,
        error_of_error=error * doubt,
        tau_int=tau_int,
        tau_int_error=2 * tau_int * doubt,
        count=len(whole),
        chains=chains,
        r_hat=_split_r_hat(fluctuations),
    )


def _without_error(value: float, chains: Chains, reason: str) -> Estimate:
    return Estimate(value, nan, nan, nan, nan, *sizes(chains), nan, reason)


def _observable(chains: Chains, mean: float | None = None) -> Any:
    """A pyerrors observable with fluctuations about the mean of all chains, or about `mean`."""
    names = [f"chain|{i:06d}" for i in range(len(chains))]
    observable = _pyerrors().Obs(list(chains), names)
    centre = np.concatenate(chains).mean() if mean is None else mean
    fluctuations = [one - centre for one in chains]
    observable.deltas = dict(zip(names, fluctuations, strict=True))
    return observable


@cache
def _pyerrors() -> Any:
    """pyerrors, imported at first use: it takes a second, warns through scipy.odr and resets numpy's printing."""
    with warnings.catch_warnings(), np.printoptions():
        warnings.simplefilter("ignore")
        import pyerrors
    return pyerrors


def _split_r_hat(chains: Chains) -> float:
    if shortest(chains) < 4:
        return nan
    halves = [part for one in chains for part in (one[: len(one) // 2], one[-(len(one) // 2) :])]
    if all((part == part[0]).all() for part in halves):
        return 1.0 if all(part[0] == halves[0][0] for part in halves) else inf
    half = float(np.mean([len(part) for part in halves]))
    within = np.mean([part.var(ddof=1) for part in halves])
    between = np.var([part.mean() for part in halves], ddof=1)
    return float(np.sqrt((half - 1) / half + between / within))


def _rho_error(rho: NDArray[np.float64], t: int, window: int, count: int) -> float:
    k = np.arange(1, t + window + 1)
    padded = np.concatenate([rho, np.zeros(max(0, 2 * t + window + 1 - len(rho)))])
    terms = padded[k + t] + padded[abs(k - t)] - 2 * padded[k] * padded[t]
    return float(np.sqrt((terms**2).sum() / count))


def _parenthesis(value: float, error: float, digits: int) -> str:
    rounded = float(f"{error:.{digits - 1}e}")
    decimals = max(0, digits - 1 - floor(log10(rounded)))
    shown = f"{rounded:.{decimals}f}" if rounded >= 1 and decimals else f"{rounded * 10**decimals:.0f}"
    return f"{value:.{decimals}f}({shown})"
