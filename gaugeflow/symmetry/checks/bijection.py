"""Properties of a bijection: its inverse inverts it, and its log-determinant is that of its Jacobian."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, read_tangent, tangent_size
from gaugeflow.symmetry.actions.values import Tree, batch_size, call_raw, leaves, map_leaves, map_tensors, raw_of
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.judging import DTYPES, native_dtype
from gaugeflow.symmetry.checks.precision import Errors, decide, name
from gaugeflow.symmetry.checks.probe import conditioning
from gaugeflow.symmetry.checks.trials.casting import cast, in_precision
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, compare, wrap
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_invertible", "check_logdet"]

Evaluate = Callable[[Tree, torch.dtype], list[tuple[Tensor, Tensor]]]
Amplification = Callable[[Tree, torch.dtype], float]


def spec_of(x: Tree) -> Any:
    """What reads a plain output as values like `x`."""
    return map_leaves(lambda leaf: lambda *raw: _like(leaf, raw), x)


def _like(leaf: Any, raw: tuple[Tensor, ...]) -> Any:
    parts = iter(raw)
    return leaf.map(lambda _: next(parts))


def check_invertible(
    forward: Callable[..., Any],
    inverse: Callable[..., Any],
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 8,
    label: str | None = None,
) -> Report:
    """Check inverse(forward(x)) = x and forward(inverse(x)) = x, and that the two log-determinants cancel.

    Each function returns values like `x`, or the pair (values like `x`, log|det J| of shape `(batch,)`).
    The trials are the entries of `x` and random inputs, in float32 and float64. Where float32 has no digits left, as
    far out in the tails of a density, the way back may amplify the rounding of the way there as much as it does.
    """
    there, back = _Map(forward, x), _Map(inverse, x)

    def errors(x: Tree, dtype: torch.dtype, first: _Map, second: _Map) -> list[tuple[Tensor, Tensor]]:
        y, log_det = first(x, dtype)
        again, log_back = second(y, dtype)
        pairs = compare(again, map_tensors(lambda t: cast(t, dtype), x))
        if log_det is not None and log_back is not None:
            unit = torch.maximum(log_det.abs(), torch.ones_like(log_det)).double()
            pairs.append(((log_det + log_back).abs().double()[None], unit[None]))
        return pairs

    def round_trip(claim: str, first: _Map, second: _Map) -> Finding:
        def amplification(x: Tree, dtype: torch.dtype) -> float:
            return conditioning(lambda y, d: second(y, d)[0], first(x, dtype)[0], dtype)

        return _two_precisions(claim, lambda x, d: errors(x, d, first, second), there, x, seed, trials, amplification)

    start = time.perf_counter()
    findings = (
        round_trip("inverse(forward(x)) = x", there, back),
        round_trip("forward(inverse(x)) = x", back, there),
    )
    return Report(label or label_of(forward), findings, time.perf_counter() - start)


def check_logdet(
    forward: Callable[..., Any],
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 4,
    label: str | None = None,
) -> Report:
    """Check that the second output of `forward(x) -> (y, log|det J|)` is that of the Jacobian by autograd.

    The Jacobian is taken in local coordinates, those of the algebra for links, so the density is that of the Haar
    measure. It costs one backward pass for each coordinate: use a small lattice.
    """
    there = _Map(forward, x)

    def errors(x: Tree, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        _, log_det = there(x, dtype)
        if log_det is None:
            raise Unusable(Verdict.WRONG_TYPE, "expected the pair (y, log|det J|), got y alone")
        exact = there.jacobian_log_det(x, dtype)
        unit = torch.maximum(exact.abs(), torch.ones_like(exact)).double()
        return [((log_det - exact).abs().double()[None], unit[None])]

    start = time.perf_counter()
    finding = _two_precisions("log-determinant = autograd Jacobian", errors, there, x, seed, trials)
    return Report(label or label_of(forward), (finding,), time.perf_counter() - start)


class _Map:
    """A bijection with or without a log-determinant, called like a `Subject`."""

    def __init__(self, f: Callable[..., Any], x: Tree) -> None:
        self.spec = spec_of(x)
        self.subject = Subject(f, None)

    def __call__(self, x: Tree, dtype: torch.dtype) -> tuple[Tree, Tensor | None]:
        given = map_tensors(lambda t: cast(t, dtype).detach().clone(), x)
        with in_precision(self.subject.held, dtype):
            try:
                raw = call_raw(self.subject.f, raw_of(given))
            except Exception as error:
                raise Unusable(Verdict.RAISED, f"{type(error).__name__}: {error}") from error
        y, log_det = self._split(raw, batch_size(x))
        return map_tensors(Tensor.detach, y), None if log_det is None else log_det.detach()

    def _split(self, raw: Any, batch: int) -> tuple[Tree, Tensor | None]:
        log_det = None
        if isinstance(raw, (tuple, list)) and len(raw) == 2 and tuple(getattr(raw[1], "shape", ())) == (batch,):
            raw, log_det = raw
        y = wrap(self.spec, raw)
        if any(not leaf.is_finite() for leaf in leaves(y)) or (log_det is not None and not log_det.isfinite().all()):
            raise Unusable(Verdict.NOT_FINITE, "the output or its log-determinant holds NaN or infinity")
        return y, log_det

    def jacobian_log_det(self, x: Tree, dtype: torch.dtype) -> Tensor:
        """log|det| of the Jacobian in local coordinates, `(batch,)`, one backward pass for each row."""
        x = map_tensors(lambda t: cast(t, dtype).detach(), x)
        w = next(t for leaf in leaves(x) for t in leaf.tensors).new_zeros((batch_size(x), tangent_size(x)), dtype=dtype)
        w.requires_grad_(True)
        with in_precision(self.subject.held, dtype), torch.enable_grad():
            y, _ = self._split(call_raw(self.subject.f, raw_of(displaced(x, w))), batch_size(x))
            v = read_tangent(y, map_tensors(Tensor.detach, y))
            if v.shape != w.shape:
                raise Unusable(
                    Verdict.WRONG_SHAPE, f"expected {w.shape[1]} coordinates of the output, got {v.shape[1]}"
                )
            rows = [torch.autograd.grad(v[:, k].sum(), w, retain_graph=True)[0] for k in range(v.shape[1])]
        return torch.linalg.slogdet(torch.stack(rows, dim=1)).logabsdet


def _two_precisions(
    claim: str,
    errors: Evaluate,
    there: _Map,
    x: Tree,
    seed: int,
    trials: int,
    amplification: Amplification | None = None,
) -> Finding:
    """The errors of given and random inputs in both precisions, judged as those of a symmetry are."""
    given, native = master(x), native_dtype(x)
    notes: list[str] = []
    chunks = [given if c == 0 else random_like(given, _generator(seed, c)) for c in range(-(-trials // batch_size(x)))]
    if len(chunks) == 1:
        chunks.append(random_like(given, _generator(seed, 1)))
    found = {}
    for dtype in DTYPES:
        try:
            pairs = [errors(chunk, dtype) for chunk in chunks]
        except Unusable as unusable:
            if dtype is native:
                return Finding(claim, unusable.verdict, unusable.message, notes=tuple(notes))
            notes.append(f"in {name(dtype)} it {unusable.verdict.value}: {unusable.message}")
            continue
        relative = torch.cat([torch.cat([d / (u + 1e-300) for d, u in chunk]).amax(0) for chunk in pairs])
        found[dtype] = Errors(dtype, relative, torch.finfo(dtype).eps)
    decision = decide(found, there.subject.depth)
    row, worst = found[decision.by].worst % batch_size(x), found[decision.by].worst
    chunk = chunks[worst // batch_size(x)]
    if decision.needs_conditioning and amplification is not None:
        decision = decide(found, there.subject.depth, amplification(chunk, decision.by))
    where = "the example" if worst < batch_size(x) else "random inputs"
    return Finding(
        claim,
        Verdict.HOLDS if decision.holds else Verdict.BROKEN,
        decision.reason,
        trials=len(found[decision.by].relative),
        failures=decision.failures,
        largest={name(d): e.largest for d, e in found.items()},
        typical={name(d): e.typical for d, e in found.items()},
        allowed=decision.allowed,
        worst=WorstCase(seed, worst, {}, f"entry {row} of {where}", map_tensors(lambda t: t[row : row + 1], chunk)),
        notes=tuple(notes),
    )


def _generator(seed: int, chunk: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + chunk) % 2**63)
