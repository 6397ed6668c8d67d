#!/usr/bin/env python
"""How fast each sampler forgets the charge of two-dimensional U(1), in equal units of work.

    python scripts/topology.py          # about an hour of one processor; an interrupted run goes on
    python scripts/topology.py --anew   # measures all rows again

Writes `scripts/results/topology.json` after every row. Chains begin in independent exact configurations, so that
<Q^2> is right also where nothing moves. The unit of work is one visit to every link of one lattice: a sweep of a heat
bath or of overrelaxation, one force of hybrid Monte Carlo, the links of a jump; for replicas, of all of them. A force
through a flow counts besides two visits for each of its layers, there and back. An autocorrelation time that is longer
than a fiftieth of the chain is a lower bound.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow.flows import FTHMC
from gaugeflow.lattice import Defect, LoopAction, WilsonAction, charge_geometric, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Replicas, Sampler, Winding
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.tasks import Chain
from gaugeflow.tasks.chain.config import ChainConfig

RESULTS = Path(__file__).parent / "results" / "topology.json"
CHAINS, WARMUP = 16, 200
BETAS = (7.0, 8.0, 9.0)
LENGTH, NESTED, REPLICAS = 4, (1, 1, 1, 1), 6
FLOW = "u1_2d_8_coupling"
Shape = tuple[int, int]
SHOWN = 2000
"""Work of which the charges of one chain are kept, for the figure."""
LONG = 50
"""Autocorrelation times that a chain must last."""


def heatbath(action: LoopAction) -> HeatBath:
    return HeatBath(action, overrelaxation=1)


def replicas(action: LoopAction) -> Replicas:
    regions = [Defect(LENGTH, 0.0).around(reach) for reach in NESTED]
    return Replicas(
        lambda t: action.weighted(Defect(LENGTH, 1 - t) if t else None), heatbath, REPLICAS, regions, translate=True
    )


def transformed(action: LoopAction, shape: Shape) -> Sampler:
    """In the variables of a shipped flow, as by a configuration."""
    keys = {
        "task": "chain",
        "seed": 1,
        "group": "u1",
        "shape": list(shape),
        "action": {"name": "wilson", "beta": action.beta},
        "sampler": {"name": "ft_hmc", "flow": FLOW},
        "warmup": WARMUP,
        "measurements": 1,
        "observables": ["plaquette"],
    }
    chain = Chain(ChainConfig.model_validate(keys))
    chain.begin()
    return chain.sampler


def visits(sampler: FTHMC) -> int:
    """Of all links, by the forces of one trajectory."""
    return forces(sampler) * (1 + 2 * len(sampler.flow.flows))


def forces(sampler: HMC) -> int:
    """Of one trajectory."""
    return sum(kind == "kick" for kind, _ in sampler.integrator.trajectory(sampler.steps, 0.1))


def near(shape: Shape) -> float:
    """Links of all regions over those of the lattice."""
    inside = [Defect(LENGTH, 0.0).around(reach)(shape) for reach in NESTED]
    return sum(float(region.double().mean()) for region in inside)


METHODS: dict[str, tuple[float, Callable[[LoopAction, Shape], Sampler], Callable[[Any, Shape], float]]] = {
    "HMC": (60, lambda action, _: HMC(action), lambda sampler, _: forces(sampler)),
    "FT-HMC": (100, transformed, lambda sampler, _: visits(sampler)),
    "heat bath + overrelaxation": (40, lambda action, _: heatbath(action), lambda *_: 2),
    "winding jumps": (12, lambda action, _: Winding(heatbath(action), action), lambda *_: 3),
    "PTBC": (60, lambda action, _: replicas(action), lambda _, shape: REPLICAS * (2 + near(shape))),
}
"""Processor seconds, the sampler, and its work for one update."""


def row(name: str, beta: float, shape: Shape) -> dict[str, Any]:
    """One sampler at one coupling, for its processor time."""
    seconds, make, work = METHODS[name]
    action, generator = WilsonAction(2, beta), torch.Generator().manual_seed(1)
    sampler, start = make(action, shape), hot_start("u1", shape, generator, CHAINS)
    field, _ = ExactSampler(action).update(start, generator)
    for _ in range(WARMUP):
        field, _ = sampler.update(field, generator)
    sampler.warmup = False
    field, _ = ExactSampler(action).update(start, generator)
    charges, begin = [], time.process_time()
    while time.process_time() - begin < seconds:
        field, _ = sampler.update(field, generator)
        charges.append(charge_geometric(field))
    q = torch.stack(charges, 1)
    found = estimate((q**2).numpy())
    exact = float(Exact2D("u1", shape, beta).charge_squared)
    return {
        "method": name,
        "beta": beta,
        "shape": shape,
        "chains": CHAINS,
        "updates": len(charges),
        "work": work(sampler, shape),
        "tau_int": found.tau_int,
        "tau_int_error": found.tau_int_error,
        "long_enough": len(charges) > LONG * found.tau_int,
        "changes": float((q.diff(dim=1) != 0).double().mean()),
        "charge_squared": found.value,
        "charge_squared_error": found.error,
        "exact": exact,
        "history": q[0, : int(SHOWN / work(sampler, shape))].int().tolist(),
        "seconds": time.process_time() - begin,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extents", type=int, nargs="+", default=[16, 32], help="of the square lattices")
    parser.add_argument("--methods", nargs="+", choices=[*METHODS], default=[*METHODS], metavar="METHOD")
    parser.add_argument("--anew", action="store_true", help="also what stands in the results already")
    torch.set_num_threads(1)
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    if RESULTS.exists() and not arguments.anew:
        found = json.loads(RESULTS.read_text())["rows"]
    known = {(row["shape"][0], row["beta"], row["method"]): row for row in found}
    for extent, beta, name in itertools.product(arguments.extents, BETAS, arguments.methods):
        if (extent, beta, name) not in known:
            known[extent, beta, name] = row(name, beta, (extent, extent))
            order = itertools.product(sorted({key[0] for key in known}), BETAS, METHODS)
            rows = [known[key] for key in order if key in known]
            RESULTS.write_text(json.dumps({"measured": machine(), "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
