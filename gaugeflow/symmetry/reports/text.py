"""A finding as people read it."""

from __future__ import annotations

from typing import Any

from gaugeflow.symmetry.reports.findings import Finding, LayerError

__all__ = ["finding_lines"]

LONGEST = 80
"""Characters of a parameter of the worst group element."""


def finding_lines(finding: Finding) -> list[str]:
    """A paragraph: the property, the verdict, and what else is known of it."""
    lines = [f"  {finding.claim}: {finding.verdict.value}", f"    {finding.message}"]
    if finding.largest:
        errors = [f"{dtype} {finding.largest[dtype]:.1e} ({finding.typical[dtype]:.1e})" for dtype in finding.largest]
        lines.append(f"    largest (typical) error in units of the output: {', '.join(errors)}")
    bound = finding.failure_rate_bound
    if bound is not None:
        lines.append(f"    {finding.trials} trials without a failure: failure rate below {bound:.1%} at 95 %")
    elif finding.failures:
        lines.append(f"    {finding.failures} of {finding.trials} trials failed")
    if finding.worst:
        lines.append(f"    worst case: seed {finding.worst.seed}, trial {finding.worst.trial}, {finding.worst.input}")
        lines += [f"      {key} = {_short(value)}" for key, value in finding.worst.element.items()]
    if finding.smallest:
        extents = ", ".join(f"{key} = {value}" for key, value in finding.smallest.items())
        lines.append(f"    still broken at {extents}")
    if finding.broken_at:
        lines.append(f"    first broken layer: {finding.broken_at}")
        lines += [_layer_line(layer, finding.broken_at) for layer in finding.layers]
    return lines + [f"    note: {note}" for note in finding.notes]


def _short(value: Any) -> str:
    """A parameter of a group element on one line; what is left out stands in the JSON report and in a saved case."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _layer_line(layer: LayerError, culprit: str) -> str:
    own = "       -" if layer.own is None else f"{layer.own:8.1e}"
    inherited = "       -" if layer.inherited is None else f"{layer.inherited:8.1e}"
    mark = "  <-- breaks" if layer.layer == culprit else ""
    return f"      {layer.layer:24s} own {own}  inherited {inherited}  {layer.kind} -> {layer.reading}{mark}"
