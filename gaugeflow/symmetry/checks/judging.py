"""The judgement of f(D(g) x) = D(g) f(x): run the trials in both precisions, decide, and examine what is broken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, leaves, map_tensors
from gaugeflow.symmetry.checks.batch import batch_finding, mixing, normalises_batch
from gaugeflow.symmetry.checks.constants import excuse_constants
from gaugeflow.symmetry.checks.growth import errors_by_size, grows
from gaugeflow.symmetry.checks.layers.locate import locate_break
from gaugeflow.symmetry.checks.precision import Decision, Errors, amplification_allowed, decide, name
from gaugeflow.symmetry.checks.probe import Probe, conditioning, is_smooth, probe, relative_error
from gaugeflow.symmetry.checks.tf32 import tf32_notes
from gaugeflow.symmetry.checks.trials.samples import Samples, common_unit
from gaugeflow.symmetry.checks.trials.shrink import smallest_failing
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials, moved
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase

__all__ = ["DTYPES", "Judgement", "native_dtype"]

DTYPES = (torch.float64, torch.float32)
_IDLE_DRAWS = 40
_REPEATS = 3
_NOTHING_BUT_ROUNDING = 1e4
_VANISHES = "the output vanishes up to rounding"


def native_dtype(x: Tree) -> torch.dtype:
    """float32 if the example is in float32 (or coarser) throughout, else float64."""
    inexact = [t for leaf in leaves(x) for t in leaf.tensors if t.is_floating_point() or t.is_complex()]
    coarse = inexact and all(torch.finfo(t.dtype).eps > 1e-10 for t in inexact)
    return torch.float32 if coarse else torch.float64


@dataclass
class Judgement:
    """One function, its trials and the options of `check`; `finding` runs it all."""

    subject: Subject
    plan: Trials
    native: torch.dtype
    constant_ok: bool
    diagnose: bool
    hidden: tuple[Any, ...]
    tolerance: float = 0.0
    batch_dependent: bool = False
    notes: list[str] = field(default_factory=list)
    mixed: float = 0.0

    def findings(self, title: str) -> tuple[Finding, ...]:
        """What is found of the symmetry, and of the entries of the batch if they are mixed unasked. The function is
        left as it was."""
        try:
            finding = self._finding(title)
            unasked = self.mixed and not self.batch_dependent and not normalises_batch(self.subject.modules)
        finally:
            self.subject.restore()
        return (finding, batch_finding(self.mixed)) if unasked else (finding,)

    def _finding(self, title: str) -> Finding:
        try:
            self._heed(probe(self.subject, self.plan, self.native, self.tolerance))
            self._see_batch()
            idle = self._idle_factor()
            if idle is not None:
                message = f"no element of {idle!r} that was drawn moves the example; give a larger one"
                return Finding(title, Verdict.VACUOUS, message)
            finding = self._judge(title, self._all_samples())
            if finding.verdict is Verdict.BROKEN:
                finding = excuse_constants(self.subject, self.plan, finding)
            if finding.verdict is Verdict.BROKEN:
                finding = self._examine(finding)
        except Unusable as unusable:
            finding = Finding(title, unusable.verdict, unusable.message)
        return replace(finding, notes=self._all_notes())

    def _idle_factor(self) -> str | None:
        """A factor of the group that leaves the whole example alone: nothing would be learnt about it."""
        for part in self.plan.group.parts():
            alone = replace(self.plan, group=part)
            drawn = (alone.draw(chunk) for chunk in range(_IDLE_DRAWS))
            if not any(bool(moved(x, g(x)).any()) for x, g in drawn):
                return part.label()
        return None

    def _heed(self, found: Probe) -> None:
        self.notes += found.notes
        self.plan = replace(self.plan, fresh=self.plan.fresh and found.fresh)

    def _see_batch(self) -> None:
        """In float64 if it runs there. Entries that see one another meet the same group element."""
        x, _ = self.plan.draw(0)
        companion = self.plan.generator(1) if self.plan.fresh else None
        if not self.subject.batched:
            return
        try:
            self.mixed = mixing(self.subject, x, torch.float64, companion)
        except Unusable:
            self.mixed = mixing(self.subject, x, self.native, companion)
        if self.mixed and self.plan.size > 1:
            self.plan = replace(self.plan, shared=True)
            self.notes.append(
                "the output for one entry depends on the other entries of the batch: the symmetry was checked with "
                "the same group element for the whole batch"
            )

    def _all_notes(self) -> tuple[str, ...]:
        mutation = ["the function changes its input in place (it was given copies)"] if self.subject.mutates else []
        return (*self.notes, *mutation, *tf32_notes(device_of(self.plan.x), self.subject.modules))

    def _all_samples(self) -> dict[torch.dtype, Samples]:
        samples = {}
        for dtype in DTYPES:
            try:
                samples[dtype] = self._samples(dtype)
            except Unusable as unusable:
                if dtype is self.native:
                    raise
                self.notes.append(f"in {name(dtype)} it {unusable.verdict.value}: {unusable.message}")
        return samples

    def _samples(self, dtype: torch.dtype) -> Samples:
        samples, reference = Samples(), None
        for chunk in range(self.plan.chunks):
            x, g = self.plan.draw(chunk)
            gx = g(x)
            y, y_g = self.subject(x, dtype), self.subject(gx, dtype)
            if reference is None:
                reference = map_tensors(lambda t: t[:1], y)
            first = map_tensors(lambda t: t.expand(self.plan.size, *t.shape[1:]), reference)
            samples.add(y, y_g, acted(g, y, dtype), first, moved(x, gx))
        return samples

    def _judge(self, title: str, samples: dict[torch.dtype, Samples]) -> Finding:
        x, _ = self.plan.draw(0)
        eps = {dtype: self.subject.precision(x, dtype) for dtype in samples}
        fine = min(samples, key=lambda d: torch.finfo(d).eps)
        unit = common_unit(samples[fine], by_leaf=len(set(eps.values())) == 1)
        row, errors, decision = self._decide(samples, unit, eps)
        count = self._in_trials(torch.cat(samples[fine].counted)).sum()
        finding = Finding(
            title,
            decision.verdict,
            decision.reason,
            trials=int(count),
            failures=decision.failures,
            largest={name(d): e.largest for d, e in errors.items()},
            typical={name(d): e.typical for d, e in errors.items()},
            allowed=decision.allowed,
            scale=float(unit.amax(0).median()),
            worst=self._worst(errors[decision.by].worst),
        )
        if decision.needs_smoothness and self._is_smooth(finding, decision, max(eps.values())):
            message = (
                f"{decision.reason}; but it stays the same after a small change of the input, so it is no rounding"
            )
            finding = replace(finding, verdict=Verdict.BROKEN, message=message, failures=1)
        if decision.needs_roughness and not self._is_smooth(finding, decision, eps[decision.by]):
            message = f"the error is rounding, erratic under a change of the input by a few roundings: {finding.errors}"
            finding = replace(
                finding, verdict=Verdict.HOLDS, message=message, failures=0, allowed=finding.largest_error
            )
        if finding.verdict is not Verdict.HOLDS and finding.largest_error <= self.tolerance:
            finding = self._within_tolerance(finding, decision.by)
        elif finding.verdict is Verdict.BROKEN:
            return self._reproduced(finding, decision)
        if finding.verdict is not Verdict.HOLDS:
            return finding
        return self._not_constant(_without_size(finding, samples, row), samples[fine], unit, eps[fine])

    def _within_tolerance(self, finding: Finding, dtype: torch.dtype) -> Finding:
        """A tolerance excuses an approximation, which is as good for a large system as for a small one."""
        errors = errors_by_size(self.subject, self.plan, dtype)
        if errors is None:
            self.notes.append("whether the error grows with the size of the system was not tried: it takes one size")
        elif grows(*errors):
            message = (
                f"within the tolerance {self.tolerance:.1e} on this example, but the error grows with the size: "
                f"{errors[0].mean():.1e} on half of it, {errors[1].mean():.1e} on the whole"
            )
            return replace(finding, message=message)
        message = f"within the tolerance {self.tolerance:.1e}, and more than rounding: {finding.errors}"
        return replace(finding, verdict=Verdict.HOLDS, message=message, failures=0, allowed=self.tolerance)

    def _decide(
        self, samples: dict[torch.dtype, Samples], unit: Tensor, eps: dict[torch.dtype, float]
    ) -> tuple[int, dict[torch.dtype, Errors], Decision]:
        """The decision on every row of the output; the one that counts, with its errors, is the worst of them."""
        relative = {dtype: torch.cat(s.distance, 1) / unit for dtype, s in samples.items()}
        judged = []
        condition = 0.0
        for row in range(len(unit)):
            errors = {d: Errors(d, self._in_trials(r[row]), eps[d]) for d, r in relative.items()}
            decision = decide(errors, self.subject.depth)
            if decision.needs_conditioning:
                x, _ = self.plan.draw(0)
                condition = condition or conditioning(self.subject, x, decision.by)
                decision = decide(errors, self.subject.depth, condition)
            judged.append((row, errors, decision))
        return max(judged, key=lambda seen: (not seen[2].holds, seen[1][seen[2].by].largest))

    def _in_trials(self, per_entry: Tensor) -> Tensor:
        """One number for each trial: the maximum over a chunk where its entries share the group element."""
        return per_entry.reshape(-1, self.plan.size).amax(1) if self.plan.shared else per_entry

    def _is_smooth(self, finding: Finding, decision: Decision, eps: float) -> bool:
        assert finding.worst is not None
        return is_smooth(self.subject, finding.worst.x, finding.worst.g, decision.by, eps)

    def _worst(self, trial: int) -> WorstCase:
        entry = trial * self.plan.size if self.plan.shared else trial
        chunk, row = divmod(entry, self.plan.size)
        x, g = self.plan.draw(chunk)
        one, element = map_tensors(lambda t: t[row : row + 1], x), g.take(slice(row, row + 1))
        return WorstCase(self.plan.seed, trial, element.describe(), self.plan.describe(entry), one, element)

    def _reproduced(self, finding: Finding, decision: Decision) -> Finding:
        """A failure counts as a broken symmetry only if the worst trial gives the same error again, three times, and
        the same call the same value."""
        assert finding.worst is not None
        entry = finding.worst.trial * (self.plan.size if self.plan.shared else 1)
        chunk, row = divmod(entry, self.plan.size)
        x, g = self.plan.draw(chunk)
        rows = slice(None) if self.plan.shared else slice(row, row + 1)
        again, differs = [], 0.0
        for _ in range(_REPEATS):
            y, y_g, once_more = (self.subject(point, decision.by) for point in (x, g(x), x))
            pairs = compare(y_g, acted(g, y, decision.by))
            again.append(torch.stack([distance[:, rows].max() for distance, _ in pairs]))
            differs = max(differs, relative_error(once_more, y))
        spread = (torch.stack(again) - again[0]).abs().amax(0)
        changes = bool((spread > 0.01 * again[0] + 1e-300).any()) or not differs <= 0.01 * finding.largest_error
        if changes or bool((torch.stack(again).amax((0, 1)) == 0).any()):
            return replace(
                finding, verdict=Verdict.RANDOM, message="the failing trial does not fail in the same way again"
            )
        return finding

    def _not_constant(self, finding: Finding, samples: Samples, unit: Tensor, eps: float) -> Finding:
        """A dead output proves nothing, also beside a live one."""
        if self.constant_ok:
            return finding
        if not (self.plan.fresh or batch_size(self.plan.x) > 1):
            self.notes.append("whether the output is constant was not tested: there is one input only")
            return finding
        tolerated = finding.allowed is not None and 0 < self.tolerance <= finding.allowed
        rounding = amplification_allowed(self.subject.depth) * eps
        dead = samples.constant_leaves(unit, rounding, beside_errors=not tolerated)
        if not dead:
            return finding
        which = f"output {dead[0] + 1} of {len(samples.names)} ({samples.names[dead[0]]})"
        said = "the output" if len(samples.names) == 1 else which
        message = f"{said} is the same for every input; say constant_ok=True if it is meant"
        if len(dead) == len(samples.names) and finding.message.startswith(_VANISHES):
            message += f"; {finding.message}"
        return replace(finding, verdict=Verdict.CONSTANT, message=message)

    def _examine(self, finding: Finding) -> Finding:
        if not self.diagnose or finding.worst is None:
            return finding
        worst, allowed = finding.worst, finding.allowed or 0.0
        dtype = max(finding.largest, key=lambda d: (finding.largest[d] > allowed, d))
        threshold = max(allowed, min(1e-9, 1e-3 * finding.largest[dtype]))
        place = locate_break(self.subject, worst.x, worst.g, getattr(torch, dtype), threshold, self.hidden)
        smallest = smallest_failing(self.subject, self.plan, worst.x, allowed)
        return replace(finding, broken_at=place.layer, layers=place.layers, smallest=smallest)


def _without_size(finding: Finding, samples: dict[torch.dtype, Samples], row: int) -> Finding:
    """The errors of an output that is nothing but rounding, not in units of that rounding but of what it is made of:
    float32 rounding divided by the machine epsilon of float32."""
    if len(samples) < 2:
        return finding
    fine, coarse = (samples[dtype].size(row) for dtype in DTYPES)
    if not coarse > _NOTHING_BUT_ROUNDING * fine:
        return finding
    made_of = coarse / torch.finfo(torch.float32).eps
    factor = (finding.scale or 1.0) / made_of
    return replace(
        finding,
        message=f"{_VANISHES}: at most {fine:.1e} in float64, {coarse:.1e} in float32",
        largest={dtype: error * factor for dtype, error in finding.largest.items()},
        typical={dtype: error * factor for dtype, error in finding.typical.items()},
    )
