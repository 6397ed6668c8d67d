"""The command `gaugeflow check`: verdicts as text or JSON, JUnit XML in a file, the kill table on demand.

Its arguments are read with the standard library alone, so that it works where torch is and nothing else.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gaugeflow.symmetry.checks.replay import replay as replay_case
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.symmetry.discovering import NothingFound, discoveries_text
from gaugeflow.symmetry.discovering import discover as symmetries_in
from gaugeflow.symmetry.reports.case import Case
from gaugeflow.symmetry.reports.junit import to_junit
from gaugeflow.symmetry.reports.plain import report_data, to_json
from gaugeflow.symmetry.reports.report import Report
from gaugeflow.symmetry.routes.measure import measure as measured
from gaugeflow.symmetry.targets import Resolver, TargetError, claims_of, functions_of

__all__ = ["check_command", "main"]


def main(arguments: Sequence[str], resolver: Resolver | None = None) -> int:
    """`gaugeflow check` with these arguments; the exit code."""
    parser = argparse.ArgumentParser(
        prog="gaugeflow check",
        description="Check symmetries; exits with 0 if all hold, 1 if one is broken, 2 if it could not be judged.",
    )
    parser.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="package.module:object, a configuration, run directory or checkpoint",
    )
    parser.add_argument("--group", action="append", default=[], help="a group to check instead of the target's own")
    parser.add_argument("--tolerance", type=float, default=0.0, help="an error let pass if it does not grow with size")
    parser.add_argument("--batch-dependent", action="store_true", help="entries of the batch may see one another")
    parser.add_argument("--trials", type=int, default=32, help="random group elements (32)")
    parser.add_argument("--seed", type=int, default=0, help="seed of inputs and group elements (0)")
    parser.add_argument("--power", action="store_true", help="also break what holds and see the check find it")
    parser.add_argument("--discover", action="store_true", help="which symmetries it has, instead of a check")
    parser.add_argument("--measure", action="store_true", help="numbers instead of a verdict: errors over the orbit")
    parser.add_argument("--save", metavar="FILE", help="write the worst case of what fails")
    parser.add_argument("--replay", metavar="FILE", help="run the saved worst case again")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    options = vars(parser.parse_args(arguments))
    target, groups = options.pop("target"), options.pop("group")
    if target is None and options["replay"] is None:
        parser.error("expected a TARGET, package.module:object")
    return check_command(target or "", groups, resolver=resolver, **options)


def check_command(
    target: str,
    groups: Sequence[str] = (),
    *,
    json: bool = False,
    junit: Path | str | None = None,
    power: bool = False,
    discover: bool = False,
    measure: bool = False,
    save: Path | str | None = None,
    replay: Path | str | None = None,
    trials: int = 32,
    seed: int = 0,
    tolerance: float = 0.0,
    batch_dependent: bool = False,
    resolver: Resolver | None = None,
) -> int:
    """Check `target` and print what came out. Returns 0 if everything holds, 1 if something is broken, 2 if nothing
    is broken but something could not be judged, or the target cannot be read.

    groups    "gauge", "translations * charge", "fermions: electrons -> signed_log"; the target's own if empty.
    junit     a file for the JUnit XML.
    power     also apply every breaker to what holds, and print the kill table.
    discover  print the symmetries of the functions to numbers in the target instead, whether claimed or not; 2 where
              none of them could be looked at.
    measure   print by how much the symmetry fails, and in which irreducible parts, instead of a verdict; returns 0.
    save      a file for the worst case of the first claim that fails; `replay` runs one again, by itself.
    resolver  makes claims of a target that is not `package.module:object` (a configuration, a checkpoint); it raises
              `ValueError` with one message where it cannot.

    `tolerance` and `batch_dependent` as for `check`.
    """
    other = {"--discover": discover, "--measure": measure, "--replay": replay is not None}
    verdict = {"--power": power, "--junit": junit is not None, "--save": save is not None}
    options: dict[str, Any] = {"trials": trials, "seed": seed}
    options |= {"tolerance": tolerance} if tolerance else {}
    options |= {"batch_dependent": True} if batch_dependent else {}
    try:
        _refuse_together([name for name, asked in other.items() if asked], [n for n, asked in verdict.items() if asked])
        if discover:
            found = symmetries_in(functions_of(target, groups, resolver), seed)
            if all(isinstance(one, NothingFound) for one in found):
                raise TargetError(str(found[0]))
            print(discoveries_text(found, json))
            return 0
        if replay is not None:
            reports, tables = _replayed(Case.load(replay), target, groups, resolver), []
        elif measure:
            print(_measured(_claims(target, groups, resolver), seed, json))
            return 0
        else:
            claims = _claims(target, groups, resolver)
            reports = [replace(claim.verify(**options), target=target) for claim in claims]
            tables = _power(claims, reports, trials, seed) if power else []
        if junit is not None:
            Path(junit).write_text(to_junit(reports), encoding="utf-8")
        if save is not None:
            _save(reports, save)
    except (TypeError, ValueError, OSError) as error:
        print(f"gaugeflow check: {_in_one_line(error)}", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 2
    print(to_json(report_data(reports, [rows for rows, _ in tables])) if json else _text(reports, tables))
    return _exit_code(reports)


def _refuse_together(instead: list[str], verdict: list[str]) -> None:
    """What is asked for instead of a check, one thing at a time, and then nothing that needs a verdict."""
    if len(instead) > 1:
        raise TargetError(f"expected one of {' and '.join(instead)}, got both")
    if verdict and instead and instead != ["--replay"]:
        raise TargetError(f"{instead[0]} gives no verdict: expected it without {', '.join(verdict)}")


def _measured(claims: list[Claim], seed: int, json: bool) -> str:
    """The measurement of every claim of equivariance, as text or as one JSON object."""
    same = [claim for claim in claims if isinstance(claim, Equivariance)]
    if not same:
        raise TargetError("expected a claim of equivariance to measure, got none")
    rows = []
    for claim in same:
        batched = claim.options.get("batched", True)
        rows.append((claim, measured(claim.f, claim.x, claim.group, out=claim.out, seed=seed, batched=batched)))
    if json:
        told = [{"name": claim.name, "group": claim.label_of_group} | vars(found) for claim, found in rows]
        return to_json({"measurements": told})
    return "\n".join(f"{claim.name} under {claim.label_of_group}: {found}" for claim, found in rows)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _claims(target: str, groups: Sequence[str], resolver: Resolver | None) -> list[Claim]:
    claims = claims_of(target, groups, resolver)
    if not claims:
        raise TargetError(f"{target}: expected at least one claim to check, got none")
    return claims


def _replayed(case: Case, target: str, groups: Sequence[str], resolver: Resolver | None) -> list[Report]:
    """The saved case under the claims about its group; its own target if no other is given."""
    if not (target or case.target):
        raise TargetError("expected the target too, as in: gaugeflow check package.module:object --replay FILE")
    claims = [c for c in _claims(target or case.target, groups, resolver) if isinstance(c, Equivariance)]
    same = [c for c in claims if c.label_of_group == case.group]
    if not same:
        asked = ", ".join(c.label_of_group for c in claims)
        raise TargetError(f"expected a claim about {case.group}, of which the case is, got {asked}")
    return [replay_case(c.f, case, out=c.out, batched=c.options.get("batched", True), label=c.name) for c in same]


def _save(reports: Sequence[Report], path: Path | str) -> None:
    failed = [report for report in reports if not report.holds and report.worst is not None]
    if failed:
        failed[0].save(path)
        print(f"gaugeflow check: the worst case stands in {path}", file=sys.stderr)


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
