#!/usr/bin/env python
"""Diffusion Monte Carlo on the nodes of the shipped wavefunctions.

    python scripts/diffusion.py                    all; about five hours of one core; an interrupted run goes on
    python scripts/diffusion.py he_triplet li      these
    python scripts/diffusion.py --minutes 20 li    for so long at most: the row is of the generations made so far

Configurations are `configs/dmc/NAME_dmc.yaml`. The runs lie in `runs/diffusion`; what each has found by now stands in
`scripts/results/diffusion.json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.long_runs import made, write_rows

from gaugeflow.tasks import DMC

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "diffusion.json"
ORDER = ("he_triplet", "li", "be", "dot6_omega1", "dot6_omega0p5")


def row(name: str, minutes: float | None) -> dict[str, Any]:
    """What a run has found by now."""
    configuration, folder = ROOT / "configs" / "dmc" / f"{name}_dmc.yaml", ROOT / "runs" / "diffusion" / name
    return made(DMC, configuration, folder, minutes)


if __name__ == "__main__":
    write_rows(__doc__, RESULT, ORDER, row)
