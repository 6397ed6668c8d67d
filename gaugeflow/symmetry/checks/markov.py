"""Detailed balance of a Markov move, tested in distribution; reversibility of a deterministic one.

With x distributed as the target pi and x' the move from x, detailed balance says that (x, x') and (x', x) have the same
distribution, so E[phi(x) psi(x')] = E[psi(x) phi(x')] for all functions; psi = 1 alone says that pi is stationary.
The inputs are drawn from a reference density (Haar links, uniform angles, normal numbers) and weighted by pi.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.scalars import Angles
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves, map_tensors, raw_of
from gaugeflow.symmetry.checks.bijection import check_invertible
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.casting import in_precision
from gaugeflow.symmetry.checks.trials.held import held_by
from gaugeflow.symmetry.checks.trials.maps import spec_of
from gaugeflow.symmetry.checks.trials.state import State
from gaugeflow.symmetry.checks.trials.subject import Unusable, wrap
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_detailed_balance", "check_reversible"]

_THRESHOLD = 5.0
_SUSPECTS = 4
_LOG_PROB = 0
_FURTHER = 5
_CONFIRMATION = 5
_COMPONENTS = 8
_WAVES = 6
_FEWEST = 200


def check_detailed_balance(
    move: Callable[..., Any],
    log_prob: Callable[..., Any],
    x: Tree,
    *,
    seed: int = 0,
    samples: int = 20_000,
    chunk_size: int = 5_000,
    reversible: bool = True,
    label: str | None = None,
) -> Report:
    """Check that `move(x, generator) -> x'` (or `(x', info)`) satisfies detailed balance for exp(log_prob(x)).

    Args:
        x: an example of a *small* system, a few sites or particles: weights of a large one degenerate.
        log_prob: of the plain tensors, `(batch,)`, up to a constant, with respect to the Haar or Lebesgue measure.
        reversible: False tests stationarity only, which is what a sequential sweep satisfies.

    A first sample picks the four statistics of a hundred that deviate most in units of their own standard error, and
    the log-probability, in which a wrong temperature shows; a second one, five times larger, decides on these alone:
    beyond 5 errors it is broken (2e-6 by chance).
    """
    start = time.perf_counter()
    claim = "detailed balance" if reversible else "stationarity"
    example = map_tensors(lambda t: t[:1], master(x))
    held = held_by(move) + held_by(log_prob)
    state = State(held, held.loose())
    try:
        with in_precision(held, torch.float64):
            test = _Test(move, log_prob, example, seed, chunk_size, reversible)
            z, names, size = test.verdict(samples)
    except Unusable as unusable:
        finding = Finding(claim, unusable.verdict, unusable.message)
    except Exception as error:
        finding = Finding(claim, Verdict.RAISED, f"{type(error).__name__}: {error}")
    else:
        finding = _finding(claim, z, names, size)
    finally:
        state.restore()
    return Report(label or label_of(move), (finding,), time.perf_counter() - start)


def check_reversible(
    step: Callable[..., Any], flip: Callable[..., Any], x: Tree, *, seed: int = 0, label: str | None = None
) -> Report:
    """Check that flip . step . flip is the inverse of the deterministic `step`, as of a molecular dynamics trajectory.

    `flip` reverses the momenta. Both take and return plain tensors like `x`.
    """

    def back(*raw: Any) -> Any:
        return flip(*_as_tuple(step(*_as_tuple(flip(*raw)))))

    return check_invertible(step, back, x, seed=seed, label=label)


def _as_tuple(raw: Any) -> tuple[Any, ...]:
    return raw if isinstance(raw, tuple) else (raw,)


def _finding(claim: str, z: Tensor, names: list[str], effective: float) -> Finding:
    worst = int(z.abs().argmax())
    deviation = float(z.abs()[worst])
    if not bool(z.isfinite().all()):
        return Finding(claim, Verdict.NOT_FINITE, f"the deviation in {names[worst]} is no number")
    if not effective >= _FEWEST:
        message = f"too few effective samples to judge: {effective:.0f}; take a smaller system"
        return Finding(claim, Verdict.RAISED, message)
    message = f"largest deviation {deviation:.1f} standard errors, in {names[worst]}; {effective:.0f} effective samples"
    return Finding(claim, Verdict.BROKEN if deviation > _THRESHOLD else Verdict.HOLDS, message)


class _Test:
    """Weighted means of statistics that vanish for a move in balance, in units of their standard errors."""

    def __init__(
        self,
        move: Callable[..., Any],
        log_prob: Callable[..., Any],
        example: Tree,
        seed: int,
        chunk_size: int,
        reversible: bool,
    ) -> None:
        self.move, self.example, self.chunk_size, self.reversible = move, example, chunk_size, reversible
        self.generator = torch.Generator().manual_seed(seed)
        self.features = _Features(example, log_prob, self.generator)
        self.features.adapt(self._draw())

    def verdict(self, samples: int) -> tuple[Tensor, list[str], float]:
        """Deviations of the suspects in the second sample, their names, and the effective sample size."""
        first, _ = self.deviations(samples, slice(None))
        others = first.abs().index_fill(0, torch.tensor(_LOG_PROB), -1.0)
        suspects = torch.cat([torch.tensor([_LOG_PROB]), others.argsort(descending=True)[:_SUSPECTS]])
        second, effective = self.deviations(_CONFIRMATION * samples, suspects)
        names = self.features.names(self.reversible)
        return second, [names[k] for k in suspects.tolist()], effective

    def deviations(self, samples: int, which: Tensor | slice) -> tuple[Tensor, float]:
        log_weights, statistics, unmoved = [], [], 0
        for _ in range(-(-samples // self.chunk_size)):
            x = self._draw()
            y = _next(self.move, x, self.generator)
            log_weights.append(self.features.log_prob(x) - _log_reference(x, self.example))
            before, after = self.features(x), self.features(y)
            unmoved += int((before == after).all(1).sum())
            found = _statistics(before, after, self.reversible)
            found[:, _LOG_PROB] = self.features.level(self._on(y)) - before[:, _LOG_PROB]
            statistics.append(found[:, which])
        log_weight = torch.cat(log_weights)
        if unmoved == len(log_weight):
            raise Unusable(Verdict.CONSTANT, "the move never moved")
        if bool(log_weight.isnan().any()) or not bool(log_weight.max().isfinite()):
            raise Unusable(Verdict.NOT_FINITE, "log_prob is NaN or +infinity somewhere, or -infinity everywhere")
        weight = torch.exp(log_weight - log_weight.max())
        terms = weight.unsqueeze(1) * torch.cat(statistics)
        error = terms.std(0) / math.sqrt(len(terms))
        z = torch.where(error == 0, torch.zeros_like(error), terms.mean(0) / error)
        return z, float(weight.sum() ** 2 / weight.square().sum())

    def _on(self, x: Tree) -> Tree:
        """A few moves further: a slow drift to another temperature adds up, and its noise does not."""
        for _ in range(_FURTHER):
            x = _next(self.move, x, self.generator)
        return x

    def _draw(self) -> Tree:
        many = map_tensors(lambda t: t.expand(self.chunk_size, *t.shape[1:]).contiguous(), self.example)
        return random_like(many, self.generator)


def _next(move: Callable[..., Any], x: Tree, generator: torch.Generator) -> Tree:
    out = move(*_as_tuple(raw_of(map_tensors(torch.clone, x))), generator)
    if not isinstance(x, tuple) and isinstance(out, tuple):
        out = out[0]
    y = wrap(spec_of(x), out)
    if not all(leaf.is_finite() for leaf in leaves(y)) or batch_size(y) != batch_size(x):
        raise Unusable(Verdict.NOT_FINITE, "the new configuration holds NaN or infinity, or another batch size")
    return y


def _log_reference(x: Tree, example: Tree) -> Tensor:
    """The log density from which `random_like` draws, up to a constant."""
    total = torch.zeros(batch_size(x), dtype=torch.float64, device=device_of(x))
    for leaf, like in zip(leaves(x), leaves(example), strict=True):
        if not isinstance(leaf, (Links, Angles)):
            rms = like.data.abs().square().mean().sqrt()
            scale = rms if rms > 0 else torch.ones_like(rms)
            total = total - (leaf.data.abs() / scale).square().flatten(1).sum(1) / 2
    return total


def _statistics(before: Tensor, after: Tensor, reversible: bool) -> Tensor:
    """phi_i(x') - phi_i(x), and phi_i(x) phi_j(x') - phi_j(x) phi_i(x') for i < j."""
    stationary = after - before
    if not reversible:
        return stationary
    i, j = torch.triu_indices(before.shape[1], before.shape[1], 1)
    return torch.cat([stationary, before[:, i] * after[:, j] - before[:, j] * after[:, i]], dim=1)


class _Features:
    """Functions of a configuration: the log-probability, cosine and sine of single components, waves of pairs."""

    def __init__(self, example: Tree, log_prob: Callable[..., Any], generator: torch.Generator) -> None:
        self.target = log_prob
        size = sum(_real(leaf).shape[1] for leaf in leaves(example))
        singles = torch.randperm(size, generator=generator)[:_COMPONENTS]
        single = torch.nn.functional.one_hot(singles, size).double()
        pairs = torch.rand((_WAVES, size), generator=generator).argsort(1) < 2
        signs = 1 - 2 * torch.randint(2, (_WAVES, size), generator=generator).double()
        self.components = [f"component {k}" for k in singles.tolist()]
        self.frequencies = torch.cat([single, single, pairs * signs])
        quarter = torch.full((len(single),), -math.pi / 2, dtype=torch.float64)
        phases = torch.rand(_WAVES, generator=generator, dtype=torch.float64) * math.pi
        self.phases = torch.cat([torch.zeros_like(quarter), quarter, phases])
        self.example, self.centre, self.width = example, torch.zeros(()), torch.ones(())

    def log_prob(self, x: Tree) -> Tensor:
        value = self.target(*_as_tuple(raw_of(x)))
        if tuple(value.shape) != (batch_size(x),):
            raise Unusable(Verdict.WRONG_SHAPE, f"expected log_prob of shape (batch,), got {tuple(value.shape)}")
        return value.detach().double()

    def __call__(self, x: Tree) -> Tensor:
        flat = torch.cat([_real(leaf) for leaf in leaves(x)], dim=1)
        waves = torch.cos(flat @ self.frequencies.to(flat).T + self.phases.to(flat))
        return torch.cat([self.level(x).unsqueeze(1), waves], dim=1)

    def level(self, x: Tree) -> Tensor:
        return torch.tanh((self.log_prob(x) - self.centre) / (2 * self.width))

    def adapt(self, x: Tree) -> None:
        """Take the log-probability in units of its own spread: its constant and its size mean nothing."""
        log_prob = self.log_prob(x)
        log_weight = log_prob - _log_reference(x, self.example)
        if bool(log_weight.isnan().any()) or not bool(log_weight.max().isfinite()):
            raise Unusable(Verdict.NOT_FINITE, "log_prob is NaN or +infinity somewhere, or -infinity everywhere")
        weight = torch.exp(log_weight - log_weight.max())
        known = torch.where(weight > 0, log_prob, torch.zeros_like(log_prob))
        self.centre = (weight * known).sum() / weight.sum()
        spread = (weight * (known - self.centre).square()).sum() / weight.sum()
        self.width = torch.where(spread > 0, spread.sqrt(), torch.ones_like(spread))

    def names(self, reversible: bool) -> list[str]:
        waves = [f"{wave} of {c}" for wave in ("cosine", "sine") for c in self.components]
        single = ["the log-probability", *waves, *(f"wave {k}" for k in range(_WAVES))]
        if not reversible:
            return single
        pairs = torch.triu_indices(len(single), len(single), 1).T.tolist()
        return single + [f"{single[i]} against {single[j]}" for i, j in pairs]


def _real(leaf: Value) -> Tensor:
    """Real components `(batch, size)`; angles as they are, since the frequencies are integers."""
    data = torch.view_as_real(leaf.data) if leaf.data.is_complex() else leaf.data
    return data.double().flatten(1)
