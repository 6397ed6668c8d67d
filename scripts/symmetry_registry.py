"""Held checks over everything of the package that has a symmetry, and over the reference models of the harness: how
many are called anything else.

python scripts/symmetry_registry.py                    10,000 checks; the result lies in scripts/results
python scripts/symmetry_registry.py --missing          only the claims that the result lacks, which it is completed by
python scripts/symmetry_registry.py --checks 300       fewer, nothing written
python scripts/symmetry_registry.py --line Wilson      only the lines with this in their name, nothing written

Every claim of `tests/registry` and of `gaugeflow.symmetry.examples` is verified with its example in double precision
(float64, complex128) and in single precision (float32, complex64), seed after seed.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gaugeflow.symmetry.actions.values import map_tensors
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.claims import Balance, Claim
from gaugeflow.symmetry.examples import CASES
from tests.registry.registry import REGISTRY

RESULT = Path(__file__).parent / "results" / "symmetry_registry.json"
Case = tuple[str, str, Claim]
"""The line, the dtypes of the example, and the claim."""
TRIALS = 4
SAMPLES = 2_000
MISSING = 100


def cases(wanted: str) -> Iterator[Case]:
    """The name, the dtypes of the example, and the claim; once for those that draw their inputs in float64 anyhow."""
    lines = {name: line.claims for name, line in REGISTRY.items()}
    models = {f"reference model: {name}": lambda case=case: [case.build(1)] for name, case in CASES.items()}
    for name, claims in (lines | models).items():
        if wanted not in name:
            continue
        for claim in claims():
            for dtype in (torch.float64, torch.float32):
                if isinstance(claim, Balance) and dtype is torch.float32:
                    continue
                x = map_tensors(lambda t, dtype=dtype: cast(t, dtype), claim.x)
                kinds = {str(t.dtype).removeprefix("torch.") for t in _tensors(x)}
                yield name, "/".join(sorted(kinds)), replace(claim, x=x)


def _tensors(x: object) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    map_tensors(lambda t: found.append(t) or t, x)
    return [t for t in found if t.is_floating_point() or t.is_complex()]


def alarms(claim: Claim, seed: int) -> list[str]:
    """What is said instead of "holds"."""
    report = claim.verify(seed=seed, trials=TRIALS, samples=SAMPLES)
    return [] if report.holds else [str(report)]


def shares(checks: int, cost: list[float]) -> list[int]:
    """How many more seeds each case gets: as many as a common amount of processor time pays, so that cheap claims get
    more of them than expensive ones; their sum is `checks`."""
    total = sum(1 / c for c in cost)
    ends = [round(max(checks, 0) * part) for part in accumulate(1 / c / total for c in cost)]
    return [end - before for before, end in pairwise([0, *ends])]


def completed(rows: list[dict[str, Any]], every: list[Case]) -> tuple[list[dict[str, Any]], list[Case]]:
    """The rows whose claims are still there, and the claims that have none; some claims share all of a name."""
    wanted = Counter(_key(*case) for case in every)
    kept = []
    for row in rows:
        key = row["line"], _without_lines(row["claim"]), row["dtypes"]
        if wanted[key] > 0:
            wanted[key] -= 1
            kept.append(row)
    lacking = []
    for case in reversed(every):  # the last of equal names are the new ones
        key = _key(*case)
        if wanted[key] > 0:
            wanted[key] -= 1
            lacking.append(case)
    return kept, lacking[::-1]


def _key(line: str, kinds: str, claim: Claim) -> tuple[str, str, str]:
    return line, _without_lines(_one_line(claim.name)), kinds


def _without_lines(name: str) -> str:
    """Functions without a name are called after the place where they stand, which moves."""
    return re.sub(r"\.py:\d+", ".py", name)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:80]


def main() -> None:
    parser = argparse.ArgumentParser(description="Held checks over the registry of the package.")
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--line", default="")
    parser.add_argument("--missing", action="store_true", help="100 checks of each claim that the result lacks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    known = json.loads(RESULT.read_text()) if options.missing else {"rows": []}
    there, every = completed(known["rows"], [*cases(options.line)])
    if options.missing:
        options.checks = MISSING * len(every)
    rows, start, cost = [], time.perf_counter(), []
    for name, kinds, claim in every:
        began = time.process_time()
        found = alarms(claim, 0)
        cost.append(max(time.process_time() - began, 1e-3))
        rows.append({"line": name, "claim": _one_line(claim.name), "dtypes": kinds, "checks": 1, "alarms": len(found)})
        print(*found, sep="\n", end="\n" if found else "", flush=True)
    for row, (_, _, claim), more in zip(rows, every, shares(options.checks - len(every), cost), strict=True):
        found = [alarm for seed in range(1, 1 + more) for alarm in alarms(claim, seed)]
        row["checks"], row["alarms"] = row["checks"] + more, row["alarms"] + len(found)
        print(f"{row['line']}, {row['claim']} in {row['dtypes']}: {row['alarms']} of {row['checks']}", flush=True)
        print(*found, sep="\n", end="\n" if found else "", flush=True)
    rows = there + rows
    checks, wrong = sum(row["checks"] for row in rows), sum(row["alarms"] for row in rows)
    print(f"{wrong} alarms in {checks} held checks, {time.perf_counter() - start:.0f} s")
    if (options.checks >= 10_000 or options.missing) and not options.line:
        bound = None if wrong else 1 - math.pow(0.05, 1 / checks)
        result = known | machine() | {"checks": checks, "alarms": wrong, "false_alarm_bound": bound, "rows": rows}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
