"""A saved worst case run again: does it still fail, by how much, and with which versions it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gaugeflow.symmetry.checks.judging import DTYPES
from gaugeflow.symmetry.checks.precision import name
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.reports.case import Case
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase
from gaugeflow.symmetry.reports.report import Report

__all__ = ["replay"]


def replay(f: Callable[..., Any], case: Case, *, out: Any, batched: bool = True, label: str | None = None) -> Report:
    """The errors of `f` for the input and the group element of `case`, against those that were saved.

    Broken if the error in a precision exceeds what was allowed then and has not become a tenth of what it was.
    """
    start, subject = time.perf_counter(), Subject(f, out, batched)
    title = f"equivariance under {case.group}, worst case of {case.name}"
    try:
        errors = {name(dtype): _error(subject, case, dtype) for dtype in DTYPES if name(dtype) in case.errors}
        still = any(not (error <= case.allowed or error <= 0.1 * case.errors[d]) for d, error in errors.items())
        was = ", ".join(f"{error:.1e} in {dtype}" for dtype, error in case.errors.items())
        found = Finding(
            title,
            Verdict.BROKEN if still else Verdict.HOLDS,
            f"{'it still fails' if still else 'it fails no longer'}; when it was saved the error was {was}",
            largest=errors,
            typical=errors,
            allowed=case.allowed,
            worst=WorstCase(case.seed, case.trial, case.g.describe(), "the saved input", case.x, case.g),
            notes=(f"saved with {', '.join(f'{key} {v}' for key, v in (case.versions or {}).items())}",),
        )
    except Unusable as unusable:
        found = Finding(title, unusable.verdict, unusable.message)
    finally:
        subject.restore()
    return Report(label or case.name, (found,), time.perf_counter() - start)


def _error(subject: Subject, case: Case, dtype: Any) -> float:
    y, y_g = subject(case.x, dtype), subject(case.g(case.x), dtype)
    return max(float((d / (unit + 1e-300)).max()) for d, unit in compare(y_g, acted(case.g, y, dtype)))
