"""A gradient equals finite differences along random directions, those of the algebra for links."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, moved_along, tangent_scale, tangent_size
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.precision import exceeds
from gaugeflow.symmetry.checks.trials.casting import PrecisionWatch, cast
from gaugeflow.symmetry.checks.trials.differences import STEPS, difference_and_error
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_gradient"]

_CLAIM = "gradient = finite differences"
_SHARP = 1e-5
_BLUNT = 0.1


def check_gradient(
    f: Callable[..., Any],
    gradient: Callable[..., Any] | None,
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 8,
    fresh: bool = True,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check a gradient against a sixth-order finite difference of `f(x) -> (batch,)` along random directions.

    `gradient(x)` returns tensors of the shape of `x`; for SU(N) links of shape `(batch, D, *shape, N^2 - 1)`, the
    derivatives with respect to w of f(exp(i w_a T_a) U), with T_a half the Gell-Mann matrices in their usual order.
    None stands for autograd through `f`, which then must have the right derivative. In float64. The steps are in
    units of the size of `x` and get smaller until the difference quotient itself is exact, so that a kink beside the
    input is not in the way; how exact it is, it says itself, and no tolerance is chosen by hand. `tolerance` lets
    errors of that relative size pass, `fresh` adds random inputs to the example.
    """
    start = time.perf_counter()
    pair = _Pair(f, gradient)
    given = map_tensors(lambda t: cast(t, torch.float64), master(x))
    try:
        finding = pair.finding(given, seed, max(2, -(-trials // batch_size(x))) if fresh else 1, tolerance)
    except Unusable as unusable:
        finding = Finding(_CLAIM, unusable.verdict, unusable.message)
    finally:
        pair.restore()
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)


class _Pair:
    """A function and its gradient."""

    def __init__(self, f: Callable[..., Any], gradient: Callable[..., Any] | None) -> None:
        self.f, self.gradient = Subject(f, None), None if gradient is None else Subject(gradient, None)
        self.eps = torch.finfo(torch.float64).eps

    def restore(self) -> None:
        for subject in (self.f, self.gradient):
            if subject is not None:
                subject.restore()

    def finding(self, given: Tree, seed: int, chunks: int, tolerance: float) -> Finding:
        with PrecisionWatch(torch.float64) as watch:
            self.value(given)
        self.eps = watch.eps
        rows, notes = [self.compared(given, _noise(seed, 0))], []
        for chunk in range(1, chunks):
            noise = _noise(seed, chunk)
            try:
                rows.append(self.compared(random_like(given, noise), noise))
            except Unusable as unusable:
                notes.append(f"random inputs were left out: on them it {unusable.verdict.value}: {unusable.message}")
                break
        error, allowed = (torch.cat(part).cpu() for part in zip(*rows, strict=True))
        return _finding(error, allowed, tolerance, tuple(notes))

    def value(self, x: Tree) -> Tensor:
        raw = self.f.raw(x, torch.float64)
        if not isinstance(raw, Tensor) or raw.shape != (batch_size(x),):
            came = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
            raise Unusable(Verdict.WRONG_SHAPE, f"expected f(x) of shape ({batch_size(x)},), got {came}")
        return raw.detach().double()

    def compared(self, x: Tree, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """|analytic - numeric| and how exact the numeric one is, `(batch,)`, in units of the gradient's norm, at the
        first step at which the quotient is sharp and they agree, or else where it is sharpest."""
        direction = torch.randn((batch_size(x), tangent_size(x)), generator=noise, dtype=torch.float64)
        direction = direction / direction.norm(dim=1, keepdim=True) * tangent_scale(x)
        direction = direction.to(device_of(x))
        vector = self._by_autograd(x) if self.gradient is None else self._by_formula(x)
        if not bool(vector.isfinite().all() & self.value(x).isfinite().all()):
            raise Unusable(Verdict.NOT_FINITE, "the function or its gradient holds NaN or infinity")
        analytic = (vector * direction).sum(1)
        scale = (vector * tangent_scale(x).to(vector)).norm(dim=1) / vector.shape[1] ** 0.5
        best_error, best_allowed = (torch.full_like(analytic, torch.inf) for _ in range(2))
        for step in STEPS:
            numeric, exact_to = difference_and_error(
                lambda h: self.value(moved_along(x, h * direction)), step, self.eps
            )
            size = torch.stack([scale, numeric.abs(), analytic.abs()]).amax(0) + 1e-300
            error, allowed = (analytic - numeric).abs() / size, exact_to / size + 1e-10
            sharper = ~(allowed >= best_allowed) & (exceeds(best_error, best_allowed) | (best_allowed > _SHARP))
            best_error, best_allowed = (
                torch.where(sharper, new, old) for new, old in ((error, best_error), (allowed, best_allowed))
            )
            if bool(((best_allowed <= _SHARP) & (best_error <= best_allowed)).all()):
                break
        return best_error, best_allowed

    def _by_autograd(self, x: Tree) -> Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            shape = (batch_size(x), tangent_size(x))
            w = torch.zeros(shape, dtype=torch.float64, device=device_of(x), requires_grad=True)

            def derivative(raw: Tensor) -> Tensor:
                if not raw.requires_grad:
                    raise Unusable(Verdict.RAISED, "the function is detached from its input: autograd has no gradient")
                return torch.autograd.grad(raw.sum(), w)[0]

            made: Tensor = self.f.call_in(torch.float64, displaced(x, w), derivative)
        return made

    def _by_formula(self, x: Tree) -> Tensor:
        assert self.gradient is not None
        raw = self.gradient.raw(x, torch.float64)
        parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, (tuple, list)) else (raw,)
        flat = [(torch.view_as_real(p) if p.is_complex() else p).detach().double().flatten(1) for p in parts]
        together = torch.cat(flat, dim=1)
        if together.shape[1] != tangent_size(x):
            raise Unusable(
                Verdict.WRONG_SHAPE,
                f"expected a gradient with {tangent_size(x)} components in each entry, got {together.shape[1]}",
            )
        return together


def _noise(seed: int, chunk: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + chunk) % 2**63)


def _finding(error: Tensor, allowed: Tensor, tolerance: float, notes: tuple[str, ...]) -> Finding:
    wrong = exceeds(error, torch.clamp(allowed, min=tolerance))
    blunt = ~(allowed <= _BLUNT) & ~wrong
    failures = int(wrong.sum())
    if not failures and bool(blunt.all()):
        message = "no difference quotient converges: the function is not smooth anywhere that was tried"
        return Finding(_CLAIM, Verdict.CHAOTIC, message, notes=notes)
    error, allowed = error[~blunt], allowed[~blunt]
    message = (
        f"largest difference {float(error.max()):.1e} where the quotient itself is exact to {float(allowed.max()):.1e}"
    )
    return Finding(
        _CLAIM,
        Verdict.BROKEN if failures else Verdict.HOLDS,
        message + (f"; the tolerance is {tolerance:.1e}" if tolerance else ""),
        trials=len(error),
        failures=failures,
        largest={"float64": float(error.max())},
        typical={"float64": float(error.median())},
        allowed=max(float(allowed.max()), tolerance),
        notes=notes,
    )
