#!/usr/bin/env python
"""Diffusion Monte Carlo on the nodes of the shipped wavefunctions.

    python scripts/diffusion.py                    all; about five hours of one core; an interrupted run goes on
    python scripts/diffusion.py he_triplet li      these
    python scripts/diffusion.py --minutes 20 li    for so long at most: the row is of the generations made so far

Configurations are `configs/dmc/NAME_dmc.yaml`. The runs lie in `runs/diffusion`; what each has found by now stands in
`scripts/results/diffusion.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from benchmarks.long_runs import made
from benchmarks.machine import machine

from gaugeflow.errors import UserError
from gaugeflow.tasks import DMC

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "diffusion.json"
ORDER = ("he_triplet", "li", "be", "dot6_omega1", "dot6_omega0p5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ORDER)}; all by default")
    parser.add_argument("--minutes", type=float, help="for each run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names or ORDER:
        try:
            configuration, folder = ROOT / "configs" / "dmc" / f"{name}_dmc.yaml", ROOT / "runs" / "diffusion" / name
            report = made(DMC, configuration, folder, options.minutes)
        except UserError as error:
            print(f"{name}: {error}")
            continue
        rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else {}
        rows = {key: (rows | {name: report})[key] for key in ORDER if key in rows or key == name}
        RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
