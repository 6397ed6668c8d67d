"""Evaluates every shipped run anew with few samples and compares it with its report.

    python scripts/guard.py [NAME ...]      these runs, or all; each keeps its row in scripts/results/guard.json

A run is evaluated as `gaugeflow report NAME --fresh` does it, from the checkpoint and with random numbers of its own,
but on fewer samples, without the chains beside a flow, and on the lattice of its training. What is compared: the
energy of a wavefunction, which over all configurations of few sites is the same to rounding; the effective sample size
and every reweighted mean of a flow, each within errors (that of few effective samples is the larger of its own and the
one that the report's has for so many); the mean squared errors of networks, which are to be within their bar, or where
they are not a few times what they were at most.
Exit code 1 where something is off.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gaugeflow import runs
from gaugeflow.runs import Record, Run, RunDirectory, Source, shipped, validate
from gaugeflow.tasks.registry import task_of

RESULT = Path(__file__).parent / "results" / "guard.json"
SEED = 20261128
LARGEST = 4.5
"""Errors by which one of the few hundred numbers may be off: by chance once in a thousand times that all are made."""
ROUNDING = 1e-9
"""The share by which a sum over all configurations may differ where the report's was made on another machine."""
WALKERS = 64
FEW: dict[str, list[str]] = {
    "flow": ["report.chunk=50", "report.samplers=[]", "report.shapes=[]"],
    "regression": ["fields.configurations.test=1"],
    "vmc": ["evaluation=100"],
}
"""What is changed in the configuration of each task."""


class Comparison(NamedTuple):
    """A number made anew, the one in the report, and by how many errors they differ; of a limit, which share it is."""

    quantity: str
    found: float
    reported: float
    deviation: float
    allowed: float

    @property
    def holds(self) -> bool:
        return abs(self.deviation) <= self.allowed  # False for NaN


def trained() -> dict[str, Path]:
    """The folder of every shipped run by its name."""
    return {entry.name: entry.path for entry in shipped() if entry.kind == "trained run"}


def evaluated(path: Path, seed: int = SEED) -> dict[str, Any]:
    """The report on few samples."""
    source = Source.read(RunDirectory.open(path).config)
    kind = task_of(source)
    if source.data.get("evaluation") != "all":
        source.override(FEW[kind.name])
    if kind.name == "flow":  # as many as are worth a hundred independent ones
        source.override([f"report.samples={50 * round(2 / report_of(path)['ess'])}"])
    task = kind(validate(kind.schema, source))
    Run.restore(task, RunDirectory(path), recorded=False, shortened=True)
    if kind.name == "vmc":
        task.walkers = task.walkers[:WALKERS]  # as many new ones are drawn
    record = Record()
    for index in range(task.restart_measurements(seed), task.steps):
        task.step(index, record)
    return {"task": kind.name, **task.report(record.metrics)}


def compared(found: dict[str, Any], report: dict[str, Any]) -> Iterator[Comparison]:
    """Every number of the small report beside that of the committed one."""
    if found["task"] == "regression":
        for name, error in found["mse_worst"].items():
            known = report["mse_worst"][name]
            limit = max(report["bar"], LARGEST * known)  # a network that fails in the report may fail here
            yield Comparison(f"worst mse {name}", error, known, error / limit, 1.0)
        return
    for name, (value, error) in numbers(found).items():
        known, own = numbers(report)[name]
        if value is None or known is None:  # a ratio that so few samples do not give
            continue
        if name == "ess":  # few weights do not see the tail that decides over their own error
            error = max(error or 0.0, own * (report["samples"] / found["samples"]) ** 0.5)
        spread = (error**2 + own**2) ** 0.5 or ROUNDING * abs(known)
        yield Comparison(name, value, known, (value - known) / spread, LARGEST)


def numbers(report: dict[str, Any]) -> dict[str, tuple[float, Any]]:
    """Values with their errors; None is the error of an effective sample size where too few samples count."""
    if report["task"] == "vmc":
        return {"energy": (report["energy"], report["energy_error"])}
    means = {name: (row["value"], row["error"]) for name, row in report["reweighted"].items()}
    return {"ess": (report["ess"], report["ess_error"]), **means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="shipped runs; all by default")
    asked, every = parser.parse_args().names, trained()
    rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else {}
    for name in asked or every:
        began = time.perf_counter()
        small = evaluated(every[name])
        seconds = round(time.perf_counter() - began, 1)
        kept = ("task", "energy", "energy_error", "equilibration", "samples", "ess", "ess_error")
        kept = (*kept, "reweighted", "mse_worst")
        rows[name] = {"seconds": seconds, **{key: small[key] for key in kept if key in small}}
        report = json.loads((every[name] / "report.json").read_text())
        for found in compared(small, report):
            print(f"{name:32} {found.quantity:28} {found.found:.8g} {found.reported:.8g} {found.deviation:+.2f}")
        RESULT.write_text(runs.plain.json_text({"seed": SEED, "rows": dict(sorted(rows.items()))}))
    wrong = [name for name in asked or every if not all(c.holds for c in compared(rows[name], report_of(every[name])))]
    print("all within errors" if not wrong else f"off: {', '.join(wrong)}")
    sys.exit(1 if wrong else 0)


def report_of(path: Path) -> dict[str, Any]:
    """The committed one."""
    report: dict[str, Any] = json.loads((path / "report.json").read_text())
    return report


if __name__ == "__main__":
    main()
