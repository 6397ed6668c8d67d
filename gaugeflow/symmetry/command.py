"""The command `gaugeflow check`: verdicts as text or JSON, JUnit XML in a file, the kill table on demand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gaugeflow.symmetry.actions.groups import NoAction
from gaugeflow.symmetry.claims import Claim
from gaugeflow.symmetry.reports.junit import to_junit
from gaugeflow.symmetry.reports.plain import report_data, to_json
from gaugeflow.symmetry.reports.report import Report
from gaugeflow.symmetry.targets import Resolver, TargetError, claims_of

__all__ = ["check_command"]


def check_command(
    target: str,
    groups: Sequence[str] = (),
    *,
    json: bool = False,
    junit: Path | str | None = None,
    power: bool = False,
    trials: int = 32,
    seed: int = 0,
    resolver: Resolver | None = None,
) -> int:
    """Check `target` and print what came out. Returns 0 if everything holds, 1 if something is broken, 2 if nothing
    is broken but something could not be judged, or the target cannot be read.

    groups    "gauge", "translations * charge", "fermions: electrons -> signed_log"; the target's own if empty.
    junit     a file for the JUnit XML.
    power     also apply every breaker to what holds, and print the kill table.
    resolver  makes claims of a target that is not `package.module:object` (a configuration, a checkpoint); it raises
              `ValueError` with one message where it cannot.
    """
    try:
        claims = claims_of(target, groups, resolver)
        if not claims:
            raise TargetError(f"{target}: expected at least one claim to check, got none")
        reports = [claim.verify(trials=trials, seed=seed) for claim in claims]
        tables = _power(claims, reports, trials, seed) if power else []
        if junit is not None:
            Path(junit).write_text(to_junit(reports), encoding="utf-8")
    except (TargetError, NoAction, ValueError, OSError) as error:
        print(f"gaugeflow check: {error}", file=sys.stderr)
        return 2
    print(to_json(report_data(reports, [rows for rows, _ in tables])) if json else _text(reports, tables))
    return _exit_code(reports)


def _power(
    claims: Sequence[Claim], reports: Sequence[Report], trials: int, seed: int
) -> list[tuple[list[dict[str, object]], str]]:
    from gaugeflow.symmetry.breakers import power_of, power_table

    tables = []
    for claim, report in zip(claims, reports, strict=True):
        kills = power_of(claim, seed=seed, trials=trials) if report.holds else []
        tables.append(([kill.to_dict() for kill in kills], power_table(kills) if kills else "  not held, so not tried"))
    return tables


def _text(reports: Sequence[Report], tables: Sequence[tuple[list[dict[str, object]], str]]) -> str:
    blocks = [str(report) for report in reports]
    for i, (_, table) in enumerate(tables):
        blocks[i] += f"\n  breakers applied to it:\n{table}"
    return "\n".join(blocks)


def _exit_code(reports: Sequence[Report]) -> int:
    codes = {report.exit_code for report in reports}
    return 1 if 1 in codes else max(codes)
