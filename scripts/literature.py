#!/usr/bin/env python
"""The networks of the literature on Wilson loops, trained on the target alone: by AdamW and by Levenberg-Marquardt.

    python scripts/literature.py                       all; about four hours of one core; an interrupted run goes on
    python scripts/literature.py --only su2_2d_2x2     the configurations with this in their name
    python scripts/literature.py --optimiser adamw     with one optimiser

Configurations are `configs/regression/*_literature.yaml`. The runs lie in `runs/literature`; every one that is finished
stands in `scripts/results/literature.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.tasks import Regression

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "literature.json"
OPTIMISERS: dict[str, list[str]] = {
    "adamw": [],
    "levenberg-marquardt": [
        "dtype=float64",  # normal equations square the condition
        "training={initial: 0.3, iterations: 60, attempts: 1}",
        "fields.configurations={train: 1, validation: 1, test: 10}",  # one of each beta fills the normal equations
        "baseline.updates=10",
    ],
}


def trained(config: Path, optimiser: str, folder: Path) -> dict[str, Any]:
    """The report of a run, which is made or goes on."""
    if (folder / "config.yaml").exists():
        return runs.resume(Regression, folder)
    source = runs.Source.read(config)
    source.override(OPTIMISERS[optimiser])
    return runs.start(Regression, source, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a part of the name of a configuration")
    parser.add_argument("--optimiser", choices=sorted(OPTIMISERS), nargs="*", default=sorted(OPTIMISERS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for optimiser in options.optimiser:
        for config in sorted((ROOT / "configs" / "regression").glob("*_literature.yaml")):
            name = config.stem.removesuffix("_literature")
            if options.only not in name:
                continue
            report = trained(config, optimiser, ROOT / "runs" / "literature" / f"{name}_{optimiser}")
            found = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
            rows = [row for row in found if (row["name"], row["optimiser"]) != (name, optimiser)]
            rows.append({"name": name, "optimiser": optimiser} | report)
            rows.sort(key=lambda row: (row["name"], row["optimiser"]))
            RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
