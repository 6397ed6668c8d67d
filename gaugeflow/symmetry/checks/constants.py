"""Constants of a model that are stored in float32: they limit its symmetry, and this is no break.

A model that keeps, say, Clebsch-Gordan coefficients in float32 is symmetric to float32 only, also when it runs in
float64. Its error then grows with the rounding of its constants; that of a broken symmetry does not.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from gaugeflow.symmetry.checks.precision import amplification_allowed
from gaugeflow.symmetry.checks.trials.subject import Subject, acted, compare
from gaugeflow.symmetry.reports.findings import Finding, Verdict

__all__ = ["excuse_constants"]

_BITS = 12
_GROWTH = 32.0


def excuse_constants(subject: Subject, finding: Finding) -> Finding:
    """The finding, turned into one that holds if its error in float64 is of the size of float32 rounding, and grows
    at least 32 times when the constants are rounded from 24 to 12 binary digits. 4096 times would be expected of
    constants right to the last digit, but those computed in float32 are off by several."""
    error, worst = finding.largest.get("float64", 1.0), finding.worst
    single = amplification_allowed(subject.depth) * torch.finfo(torch.float32).eps
    if worst is None or error > single or not subject.held.in_single_precision():
        return finding
    rough = replace(subject, bits=_BITS)
    y, y_g = rough(worst.x, torch.float64), rough(worst.g(worst.x), torch.float64)
    coarse = max(float((distance / (unit + 1e-300)).max()) for distance, unit in compare(y_g, acted(worst.g, y)))
    if coarse < _GROWTH * error:
        return finding
    message = (
        f"the error is that of constants stored in float32: {error:.1e} as they are, {coarse:.1e} with "
        f"{_BITS} binary digits; build the model in float64 for a sharper check"
    )
    return replace(finding, verdict=Verdict.HOLDS, message=message, failures=0)
