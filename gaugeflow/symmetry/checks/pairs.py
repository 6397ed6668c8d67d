"""A property that is a comparison of pairs, judged on the example and on random inputs in both precisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors
from gaugeflow.symmetry.checks.growth import grows, halved
from gaugeflow.symmetry.checks.judging import DTYPES, native_dtype
from gaugeflow.symmetry.checks.precision import Errors, amplification_allowed, decide, name
from gaugeflow.symmetry.checks.probe import relative_error
from gaugeflow.symmetry.checks.tf32 import tf32_notes
from gaugeflow.symmetry.checks.trials.maps import Map
from gaugeflow.symmetry.checks.trials.subject import Unusable
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.checks.trials.typed import Typed
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase

__all__ = ["Property", "judged"]

Evaluate = Callable[[Tree, torch.dtype], list[tuple[Tensor, Tensor]]]
Measure = Callable[[Tree, torch.dtype], float]


@dataclass(frozen=True)
class Property:
    """What is claimed; distances and units for an input; the map; the example; how much rounding is amplified, where
    that can be told; and the machine epsilon in effect."""

    claim: str
    errors: Evaluate
    there: Map | Typed
    x: Tree
    precision: Measure
    amplification: Measure | None = None

    def relative(self, x: Tree, dtype: torch.dtype) -> Tensor:
        """The largest error of each entry in units of the output, `(batch,)`."""
        return torch.cat([distance / (unit + 1e-300) for distance, unit in self.errors(x, dtype)]).amax(0).cpu()


def judged(
    of: Property, *, seed: int, trials: int, fresh: bool, tolerance: float, notes: tuple[str, ...] = ()
) -> Finding:
    """The errors of given and random inputs in both precisions, judged as those of a symmetry are."""
    given, native = master(of.x), native_dtype(of.x)
    notes += tf32_notes(device_of(given), of.there.subject.modules)
    more = max(2, -(-trials // batch_size(given))) - 1 if fresh else 0
    try:
        _same_twice(of, given, native, tolerance)
        chunks, found, remarks = _found(
            of, given, [random_like(given, _noise(seed, k + 1)) for k in range(more)], native
        )
    except Unusable as unusable:
        return Finding(of.claim, unusable.verdict, unusable.message, notes=notes)
    decision = decide(found, of.there.subject.depth)
    worst = found[decision.by].worst
    chunk, row = chunks[worst // batch_size(given)], worst % batch_size(given)
    if decision.needs_conditioning and of.amplification is not None:
        decision = decide(found, of.there.subject.depth, of.amplification(chunk, decision.by))
    where = "the example" if worst < batch_size(given) else "random inputs"
    finding = Finding(
        of.claim,
        decision.verdict,
        decision.reason,
        trials=len(found[decision.by].relative),
        failures=decision.failures,
        largest={name(d): e.largest for d, e in found.items()},
        typical={name(d): e.typical for d, e in found.items()},
        allowed=decision.allowed,
        worst=WorstCase(seed, worst, {}, f"entry {row} of {where}", map_tensors(lambda t: t[row : row + 1], chunk)),
        notes=notes + remarks,
    )
    return _tolerated(of, finding, found[decision.by], tolerance, chunks)


def _same_twice(of: Property, x: Tree, dtype: torch.dtype, tolerance: float) -> None:
    (once, log_det), (again, other) = of.there(x, dtype), of.there(x, dtype)
    change = relative_error(again, once)
    if log_det is not None and other is not None:
        change = max(change, float(((other - log_det).abs() / log_det.abs().clamp(min=1)).max()))
    if not change <= max(amplification_allowed(of.there.subject.depth) * torch.finfo(dtype).eps, tolerance):
        message = f"two calls on the same input differ by {change:.1e}; of an estimate say its tolerance"
        raise Unusable(Verdict.RANDOM, message)


def _found(
    of: Property, given: Tree, fresh: list[Tree], native: torch.dtype
) -> tuple[list[Tree], dict[torch.dtype, Errors], tuple[str, ...]]:
    """The inputs that the map takes, the errors in both precisions, and remarks."""
    first, chunks, remarks = of.relative(given, native), [given], []
    try:
        errors = {native: torch.cat([first, *(_random_relative(of, chunk, native) for chunk in fresh)])}
        chunks += fresh
    except Unusable as unusable:
        if unusable.verdict not in (Verdict.NOT_FINITE, Verdict.RAISED):
            raise
        errors = {native: first}
        remarks.append(f"random inputs were left out: on them it {unusable.verdict.value}: {unusable.message}")
    other = next(dtype for dtype in DTYPES if dtype is not native)
    try:
        errors[other] = torch.cat([of.relative(chunk, other) for chunk in chunks])
    except Unusable as unusable:
        remarks.append(f"in {name(other)} it {unusable.verdict.value}: {unusable.message}")
    return chunks, {d: Errors(d, e, of.precision(given, d)) for d, e in errors.items()}, tuple(remarks)


def _random_relative(of: Property, x: Tree, dtype: torch.dtype) -> Tensor:
    try:
        return of.relative(x, dtype)
    except Unusable as unusable:
        hint = "; say fresh=False if random inputs are outside of its domain"
        raise Unusable(unusable.verdict, unusable.message + hint) from unusable


def _tolerated(of: Property, finding: Finding, errors: Errors, tolerance: float, chunks: list[Tree]) -> Finding:
    """What is broken by no more than the tolerance holds, unless the error grows with the size."""
    if finding.verdict is Verdict.HOLDS or not finding.largest_error <= tolerance:
        return finding
    halves = [half for chunk in chunks if (half := halved(chunk)) is not None]
    try:
        small = torch.cat([of.relative(half, errors.dtype) for half in halves]) if halves else None
    except (Unusable, ValueError, RuntimeError):
        small = None
    if small is not None and grows(small, errors.relative):
        return replace(finding, message=f"within the tolerance {tolerance:.1e}, but the error grows with the size")
    message = f"within the tolerance {tolerance:.1e}, and more than rounding: {finding.errors}"
    return replace(finding, verdict=Verdict.HOLDS, message=message, failures=0, allowed=tolerance)


def _noise(seed: int, chunk: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + chunk) % 2**63)
