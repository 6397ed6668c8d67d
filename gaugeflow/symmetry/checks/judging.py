"""The judgement of f(D(g) x) = D(g) f(x): run the trials in both precisions, decide, and examine what is broken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, batch_size, leaves, map_tensors
from gaugeflow.symmetry.checks.constants import excuse_constants
from gaugeflow.symmetry.checks.layers.locate import locate_break
from gaugeflow.symmetry.checks.precision import Decision, Errors, amplification_allowed, decide, name
from gaugeflow.symmetry.checks.probe import Probe, conditioning, is_smooth, probe
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.samples import Samples, common_unit
from gaugeflow.symmetry.checks.trials.shrink import smallest_failing
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials, moved
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase

__all__ = ["DTYPES", "Judgement", "native_dtype"]

DTYPES = (torch.float64, torch.float32)
_IDLE_DRAWS = 40


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
    notes: list[str] = field(default_factory=list)

    def finding(self, title: str) -> Finding:
        try:
            self._heed(probe(self.subject, self.plan, self.native))
            idle = self._idle_factor()
            if idle is not None:
                message = f"no element of {idle!r} that was drawn moves the example; give a larger one"
                return Finding(title, Verdict.VACUOUS, message)
            finding = self._judge(title, self._all_samples())
            if finding.verdict is Verdict.BROKEN:
                finding = excuse_constants(self.subject, finding)
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
        self.plan = replace(self.plan, fresh=self.plan.fresh and found.fresh, shared=found.batch_dependent)

    def _all_notes(self) -> tuple[str, ...]:
        mutation = ["the function changes its input in place (it was given copies)"] if self.subject.mutates else []
        return tuple(self.notes + mutation)

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
            samples.add(y, y_g, _act(g, y, dtype), first, moved(x, gx))
        return samples

    def _judge(self, title: str, samples: dict[torch.dtype, Samples]) -> Finding:
        x, _ = self.plan.draw(0)
        eps = {dtype: self.subject.precision(x, dtype) for dtype in samples}
        fine = min(samples, key=lambda d: torch.finfo(d).eps)
        unit = common_unit(samples[fine], by_leaf=len(set(eps.values())) == 1)
        errors, decision = self._decide(samples, unit, eps)
        count = self._in_trials(torch.cat(samples[fine].counted)).sum()
        finding = Finding(
            title,
            Verdict.HOLDS if decision.holds else Verdict.BROKEN,
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
        if finding.verdict is Verdict.BROKEN:
            return self._reproduced(finding, decision)
        if self._is_constant(samples[fine], unit, eps[fine]):
            return replace(finding, verdict=Verdict.CONSTANT, message="the output is the same for every input")
        return finding

    def _decide(
        self, samples: dict[torch.dtype, Samples], unit: Tensor, eps: dict[torch.dtype, float]
    ) -> tuple[dict[torch.dtype, Errors], Decision]:
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
            judged.append((errors, decision))
        return max(judged, key=lambda pair: (not pair[1].holds, pair[0][pair[1].by].largest))

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
        """A failure counts as a broken symmetry only if the worst trial gives the same error again, three times."""
        assert finding.worst is not None
        entry = finding.worst.trial * (self.plan.size if self.plan.shared else 1)
        chunk, row = divmod(entry, self.plan.size)
        x, g = self.plan.draw(chunk)
        rows = slice(None) if self.plan.shared else slice(row, row + 1)
        again = []
        for _ in range(3):
            y, y_g = self.subject(x, decision.by), self.subject(g(x), decision.by)
            pairs = compare(y_g, _act(g, y, decision.by))
            again.append(torch.stack([distance[:, rows].max() for distance, _ in pairs]))
        spread = (torch.stack(again) - again[0]).abs().amax(0)
        if bool((spread > 0.01 * again[0] + 1e-300).any()) or bool((torch.stack(again).amax((0, 1)) == 0).any()):
            return replace(
                finding, verdict=Verdict.RANDOM, message="the failing trial does not fail in the same way again"
            )
        return finding

    def _is_constant(self, samples: Samples, unit: Tensor, eps: float) -> bool:
        if self.constant_ok:
            return False
        if not (self.plan.fresh or batch_size(self.plan.x) > 1):
            self.notes.append("whether the output is constant was not tested: there is one input only")
            return False
        return samples.is_constant(unit, amplification_allowed(self.subject.depth) * eps)

    def _examine(self, finding: Finding) -> Finding:
        if not self.diagnose or finding.worst is None:
            return finding
        worst, allowed = finding.worst, finding.allowed or 0.0
        dtype = max(finding.largest, key=lambda d: (finding.largest[d] > allowed, d))
        threshold = max(allowed, min(1e-9, 1e-3 * finding.largest[dtype]))
        place = locate_break(self.subject, worst.x, worst.g, getattr(torch, dtype), threshold, self.hidden)
        smallest = smallest_failing(self.subject, self.plan, worst.x, allowed)
        return replace(finding, broken_at=place.layer, layers=place.layers, smallest=smallest)


def _act(g: Element, y: Tree, dtype: torch.dtype) -> Tree:
    return acted(g.map(lambda t: cast(t, dtype)), y)
