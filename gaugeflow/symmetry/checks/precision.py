"""Rounding or a real break: the rule that decides, from the errors in two precisions.

An error e in units of the output's scale is measured as an *amplification* a = e / eps, the number of roundings it
amounts to. Where a symmetry holds, a is the condition number of the function, the same in float32 and in float64.
Where it is broken by a relative amount d, a = d / eps is 5e8 times larger in float64. So

* broken, if a in float64 exceeds both the table below and `MARGIN` times a in float32;
* broken in float32 only, if in most trials a in float32 exceeds `MARGIN` times a in float64, or a few roundings;
* holds otherwise.

Where only one precision can be seen, the table bounds what may be rounding, or the measured conditioning of the
function does; and an error that stays the same after a small change of the input is not rounding, which is erratic.
So an error in float64 of a hundred million roundings or less that is erratic is not called broken: float32 was lucky.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["MARGIN", "Decision", "Errors", "amplification_allowed", "decide", "exceeds", "tolerance"]

MARGIN = 100.0
_PER_LAYER = 512.0
_SATURATED = 0.03
_USELESS = 0.1
_FEW_ROUNDINGS = 64.0
_LEAST_ROUNDINGS = 16.0
_UNLUCKY = 1e8


def amplification_allowed(depth: int) -> float:
    """The number of roundings that `depth` layers may amount to without any further evidence."""
    return _PER_LAYER * (1 + depth)


def tolerance(dtype: torch.dtype, depth: int = 1) -> float:
    """The one table: the relative error allowed to a function of `depth` layers seen in `dtype` alone.

    float64: 2.3e-13, 1.3e-12, 5.8e-12 and float32: 1.2e-4, 6.7e-4, 3.1e-3 at depth 1, 10 and 50.
    """
    return amplification_allowed(depth) * torch.finfo(dtype).eps


def exceeds(error: Tensor, allowed: Tensor | float) -> Tensor:
    """Where an error is above what is allowed; an error or an allowance that is no number always is."""
    return ~(error <= allowed)


@dataclass(frozen=True)
class Errors:
    """Errors of all trials in one precision, in units of the output's scale; `eps` is the precision in effect."""

    dtype: torch.dtype
    relative: Tensor
    eps: float

    @property
    def largest(self) -> float:
        return float(self.relative.max())

    @property
    def typical(self) -> float:
        return float(self.relative.median())

    @property
    def amplification(self) -> float:
        return self.largest / self.eps

    @property
    def worst(self) -> int:
        return int(self.relative.argmax())


@dataclass(frozen=True)
class Decision:
    """Whether the errors are rounding, which precision says so, how many trials exceed it, and why.

    Two verdicts are left to a closer look: `needs_smoothness` where what holds may be a break, `needs_roughness` where
    what is broken may be rounding.
    """

    holds: bool
    by: torch.dtype
    failures: int
    allowed: float
    reason: str
    needs_conditioning: bool = False
    needs_smoothness: bool = False
    needs_roughness: bool = False
    chaotic: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.chaotic:
            return Verdict.CHAOTIC
        return Verdict.HOLDS if self.holds else Verdict.BROKEN


def decide(errors: Mapping[torch.dtype, Errors], depth: int, conditioning: float = 0.0) -> Decision:
    """The verdict of the rule above. `conditioning` is a measured amplification of the input's own rounding, which
    is asked for (`needs_conditioning`) where float32 has no digits left to compare with."""
    table = amplification_allowed(depth)
    by_eps = sorted(errors.values(), key=lambda e: e.eps)
    fine, coarse = by_eps[0], by_eps[-1]
    for seen in (fine, coarse):
        if not math.isfinite(seen.largest):
            count = int((~seen.relative.isfinite()).sum())
            return Decision(False, seen.dtype, count, table * seen.eps, f"the error in {name(seen.dtype)} is no number")
    if fine.eps == coarse.eps:
        nominal = {dtype: replace(e, eps=torch.finfo(dtype).eps) for dtype, e in errors.items()}
        scaling = decide(nominal, depth) if len(errors) > 1 else None
        if scaling and scaling.holds:
            return scaling
        single = _one_precision(fine, max(table, MARGIN * conditioning), conditioning, inside=scaling is not None)
        return replace(single, needs_smoothness=single.holds) if scaling else single
    rounding = MARGIN * max(coarse.amplification, conditioning)
    allowed = max(table, rounding) * fine.eps
    failures = int(exceeds(fine.relative, allowed).sum())
    if MARGIN * conditioning * fine.eps > _USELESS:
        reason = f"rounding of the input changes the whole output, also in {name(fine.dtype)}: {_pair(fine, coarse)}"
        return Decision(False, fine.dtype, 0, allowed, reason, chaotic=True)
    if failures:
        saturated = coarse.largest > _SATURATED
        reason = f"the error does not shrink with the machine epsilon: {_pair(fine, coarse)}"
        small = fine.amplification < _UNLUCKY
        return Decision(
            False, fine.dtype, failures, allowed, reason, saturated and conditioning == 0, needs_roughness=small
        )
    coarse_allowed = MARGIN * max(_LEAST_ROUNDINGS, fine.amplification, conditioning) * coarse.eps
    if coarse.typical > coarse_allowed:
        failures = int(exceeds(coarse.relative, coarse_allowed).sum())
        reason = f"it holds in {name(fine.dtype)}, and fails in {name(coarse.dtype)} by more than rounding"
        return Decision(False, coarse.dtype, failures, coarse_allowed, reason)
    reason = f"the error is rounding: {_pair(fine, coarse)}"
    if conditioning:
        reason += f"; ill-conditioned, rounding of the input is amplified {conditioning:.0e} times"
    return Decision(True, fine.dtype, 0, allowed, reason)


def _one_precision(errors: Errors, amplification: float, conditioning: float, inside: bool) -> Decision:
    allowed = amplification * errors.eps
    failures = int(exceeds(errors.relative, allowed).sum())
    word = "exceeds" if failures else "is within"
    precision = _eps_name(errors.eps)
    seen = f"it computes in {precision} inside, whatever it is given" if inside else f"seen in {precision} only"
    reason = f"{seen}: the error {errors.largest:.1e} {word} {allowed:.1e}"
    ask = failures > 0 and conditioning == 0 and errors.largest < _SATURATED
    suspicious = failures == 0 and errors.amplification > _FEW_ROUNDINGS
    return Decision(failures == 0, errors.dtype, failures, allowed, reason, ask, suspicious)


def _pair(fine: Errors, coarse: Errors) -> str:
    return f"{coarse.largest:.1e} in {name(coarse.dtype)}, {fine.largest:.1e} in {name(fine.dtype)}"


def name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _eps_name(eps: float) -> str:
    known = {torch.finfo(d).eps: name(d) for d in (torch.float64, torch.float32, torch.bfloat16, torch.float16)}
    return known.get(eps, f"a precision of {eps:.0e}")
