"""The kill table: every breaker on a claim, and whether it was caught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.breakers.base import BREAKERS, Breaker
from gaugeflow.symmetry.checks.layers.trace import Call, recorded
from gaugeflow.symmetry.checks.trials.casting import in_precision
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, compare
from gaugeflow.symmetry.checks.trials.trials import master
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Kill", "activations", "output_of", "power_of", "power_table"]


@dataclass(frozen=True)
class Kill:
    """A breaker of one strength on one claim. `outcome`: "caught", "missed", "no effect", "does not apply"."""

    breaker: str
    claim: str
    strength: float
    outcome: str
    verdict: str = ""
    error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


def output_of(claim: Equivariance) -> Tree | None:
    """The output on the example in float64, None if there is none."""
    try:
        return Subject(claim.f, claim.out, claim.options.get("batched", True))(master(claim.x), torch.float64)
    except Unusable:
        return None


def activations(claim: Equivariance, x: Tree | None = None) -> list[tuple[str, Tensor]]:
    """The path and the first output of every layer that the model under test calls, in order."""
    root = getattr(claim.f, "__self__", claim.f)
    if not isinstance(root, torch.nn.Module):
        return []
    paths = {id(module): path for path, module in root.named_modules()}
    subject = Subject(claim.f, claim.out, claim.options.get("batched", True))
    with in_precision(subject.held, torch.float64), recorded([root]) as calls:
        subject.call(master(claim.x) if x is None else x)
    every: list[Call] = [inner for call in calls for inner in call.walk()]
    return [(paths[id(call.module)], call.outputs[0]) for call in every if call.outputs]


def power_of(
    claim: Claim, strengths: Sequence[float] = (1.0,), breakers: Sequence[str] | None = None, **options: Any
) -> list[Kill]:
    """The named breakers on `claim`, all that are registered by default. The options are those of its check."""
    chosen = [BREAKERS[name] for name in (BREAKERS if breakers is None else breakers)]
    graded = [(b, s) for b in chosen for s in (strengths if b.graded else (1.0,))]
    return [kill(claim, breaker, strength, **options) for breaker, strength in graded]


def kill(claim: Claim, breaker: Breaker, strength: float, **options: Any) -> Kill:
    """Apply one breaker and see what the check says."""
    broken = breaker.apply(claim, strength)
    if broken is None:
        return Kill(breaker.name, claim.name, strength, "does not apply")
    if isinstance(claim, Equivariance) and isinstance(broken, Equivariance) and not _differs(claim, broken, strength):
        return Kill(breaker.name, claim.name, strength, "no effect")
    report = broken.verify(**options | {"diagnose": False})
    caught = report.verdict is not Verdict.HOLDS
    errors = [max(f.largest.values()) for f in report.findings if f.largest]
    return Kill(
        breaker.name,
        claim.name,
        strength,
        "caught" if caught else "missed",
        report.verdict.value,
        max(errors, default=0.0),
    )


def _differs(claim: Equivariance, broken: Equivariance, strength: float) -> bool:
    before, after = output_of(claim), output_of(broken)
    if before is None or after is None:
        return True
    threshold = max(1e-9 * strength, 1e-13)
    return any(bool((d > threshold * (unit + 1e-12)).any()) for d, unit in compare(after, before))


def power_table(kills: Sequence[Kill]) -> str:
    """The outcomes as text, one line for each breaker that applies, and the kill rate."""
    tried = [kill for kill in kills if kill.outcome in ("caught", "missed")]
    lines = [
        f"  {kill.outcome:7s} {kill.breaker:38s} strength {kill.strength:g}, error {kill.error:.1e}" for kill in tried
    ]
    caught = sum(kill.outcome == "caught" for kill in tried)
    idle = len({kill.breaker for kill in kills if kill.outcome == "no effect"} - {kill.breaker for kill in tried})
    lines.append(f"  {caught} of {len(tried)} breakers caught; {idle} have no effect on this model")
    return "\n".join(lines)
