#!/usr/bin/env python
"""How fast the charge of SU(3) in four dimensions is forgotten at beta = 6.2, in equal units of work.

    python scripts/frozen.py                            # all, nine hours of a core; an interrupted run goes on
    python scripts/frozen.py --minutes 60 su3_4d_ptbc   # so long at most: the row is of what has been measured by then

Configurations are `configs/chain/NAME.yaml`; a name that ends in `_8` stands for the same on 8^4, at the coupling where
this box is as large: there the heat bath changes the charge often enough to say what <Q^2> is. The runs lie in
`runs/frozen`; what each has found by now is in `scripts/results/frozen.json`. The unit of work is one visit to every
link of one lattice, for replicas of all of them.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.long_runs import made, write_rows
from numpy.typing import NDArray

from gaugeflow.lattice import Defect
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.runs import Metrics, RunDirectory
from gaugeflow.tasks import Chain

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "frozen.json"
COARSE = ("shape=[8, 8, 8, 8]", "action.beta=5.951", "observables.1.flow_time=1.0")
"""As large as 12^4 at beta = 6.2, in units of r0 by hep-lat/0108008; the flow smears over the same distance."""
SETTINGS = {
    "su3_4d_frozen": (),
    "su3_4d_ptbc": (),
    "su3_4d_frozen_8": COARSE,
    "su3_4d_ptbc_8": (*COARSE, "sampler.defect.length=2", "sampler.replicas=7"),
}
"""What differs from the configuration."""
TRIPS = 4
"""From the periodic lattice to the defect and back, of each replica in the mean, before measurements count."""


def work(sampler: dict[str, Any], shape: list[int]) -> float:
    """Visits to every link of one lattice in one update."""
    if sampler["name"] == "heatbath":
        return 1.0 + float(sampler["overrelaxation"])
    defect = Defect(sampler["defect"]["length"], 0.0)
    near = math.fsum(float(defect.around(reach)(tuple(shape)).double().mean()) for reach in sampler["nested"])
    return float(sampler["replicas"] * (work(sampler["within"], shape) + near))


def rounded(charges: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The unit in which charges after gradient flow lie nearest to whole numbers, and these, hep-th/0204125."""
    units = np.linspace(0.7, 1.1, 401)
    scaled = charges / units[:, None]
    unit = float(units[np.argmin(((scaled - np.rint(scaled)) ** 2).mean(1))])
    return unit, np.rint(charges / unit)


def settled(metrics: Metrics, replicas: int) -> int:
    """The first measurement that counts: replicas begin alike, and keep their charge until they come to the defect."""
    steps = metrics.columns("measurements")["step"]
    if replicas == 1:
        return 0
    trips = metrics.columns("updates")["round_trips"][:, 0].cumsum()
    home = int(np.searchsorted(trips, TRIPS * replicas))
    return int(np.searchsorted(steps, metrics.columns("updates")["step"][min(home, len(trips) - 1)]))


def row(name: str, minutes: float | None) -> dict[str, Any]:
    """What a chain has found by now."""
    folder = ROOT / "runs" / "frozen" / name
    configuration = ROOT / "configs" / "chain" / f"{name.removesuffix('_8')}.yaml"
    report = made(Chain, configuration, folder, minutes, SETTINGS[name])
    metrics = Metrics.load(RunDirectory.open(folder).metrics)
    columns = metrics.columns("measurements")
    first = settled(metrics, report["sampler"].get("replicas", 1))
    unit, charges = rounded(columns["charge"][:, 0])
    found = {"charge": charges, "charge_squared": charges**2, "plaquette": columns["plaquette"][:, 0]}
    return {
        "work": work(report["sampler"], report["shape"]),
        "charges": charges.astype(int).tolist(),
        "unit": unit,
        "first": first,
        **{key: report[key] for key in ("shape", "action", "sampler", "interval", "seconds", "sampling")},
        **{key: asdict(estimate(values[first:])) for key, values in found.items()},
    }


if __name__ == "__main__":
    write_rows(__doc__, RESULT, [*SETTINGS], row)
