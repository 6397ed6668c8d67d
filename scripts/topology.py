#!/usr/bin/env python
"""How fast each sampler forgets the charge of two-dimensional U(1), in equal units of work.

    python scripts/topology.py          # about an hour of one processor; an interrupted run goes on
    python scripts/topology.py --anew   # measures all rows again, or those of --methods and --extents

Writes `scripts/results/topology.json` after every row. Chains begin in independent exact configurations, so that
<Q^2> is right also where nothing moves. The unit of work is one visit to every link of one lattice: a sweep of a heat
bath or of overrelaxation, one force of hybrid Monte Carlo, the links of a jump; for replicas, of all of them. A force
through a flow counts besides two visits for each of its layers, there and back. An autocorrelation time that is longer
than a fiftieth of the chain is a lower bound.

Evolutions from a defect begin in chains with an open one, and close it by updates of the links about it alone. Their
<Q^2> is the mean with their weights, and tau_int what it would be for fields of equal weight with the same error. With
layers, each of which counts a visit of the links that it moves, there is one before each of the updates.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow.flows import FTHMC, EquilibriumBase, learned_layers, learned_times, protocol
from gaugeflow.groups import get_group
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
STEPS, REACH, PILOT = 24, 1, 256
"""Of evolutions that close a defect, the sites about it whose links are updated, and the evolutions of a pilot run."""
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


class Closing:
    """Evolutions from chains with an open defect; `update` gives the closed fields, and their weights."""

    def __init__(self, action: LoopAction, shape: Shape, layered: bool = False) -> None:
        self.warmup, generator, region = True, torch.Generator().manual_seed(2), Defect(LENGTH, 0.0).around(REACH)

        def path(t: float) -> LoopAction:
            return action.weighted(Defect(LENGTH, t) if t < 1 else None)

        def moves(kept: Any) -> Sampler:
            return HeatBath(kept, overrelaxation=1, region=region)

        first = path(0.0)
        base = EquilibriumBase(get_group("u1"), shape, heatbath(first), first, WARMUP, between=1)
        times = learned_times(base, path, moves, STEPS, PILOT, generator, rounds=3)
        self.layers = learned_layers(base, path, times, moves, PILOT, generator) if layered else []  # type: ignore[arg-type]
        self.flow = protocol(base, path, times, moves, layers=self.layers)

    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """One evolution of each chain, a sweep after the last one began."""
        closed, log_w = self.flow.sample(len(field), generator)
        return closed, {"log_w": log_w}


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


def about(closing: Closing, shape: Shape) -> float:
    """Visits of the links about a defect in one evolution, by sweeps and by layers, over all links."""
    share = float(Defect(LENGTH, 0.0).around(REACH)(shape).double().mean())
    return 2 * share * (STEPS - 1) + sum(float(layer.links.double().mean()) for layer in closing.layers)


class Method(NamedTuple):
    """Processor seconds, the sampler, its work for one update, and updates of its warm-up."""

    seconds: float
    sampler: Callable[[LoopAction, Shape], Any]
    work: Callable[[Any, Shape], float]
    warmup: int = WARMUP


METHODS = {
    "HMC": Method(60, lambda action, _: HMC(action), lambda sampler, _: forces(sampler)),
    "FT-HMC": Method(40, transformed, lambda sampler, _: visits(sampler), 40),
    "heat bath + overrelaxation": Method(40, lambda action, _: heatbath(action), lambda *_: 2),
    "winding jumps": Method(12, lambda action, _: Winding(heatbath(action), action), lambda *_: 3),
    "PTBC": Method(60, lambda action, _: replicas(action), lambda _, shape: REPLICAS * (2 + near(shape))),
    "evolutions from a defect": Method(30, Closing, lambda sampler, shape: 2 + about(sampler, shape), 1),
    "the same with layers": Method(
        90, lambda action, shape: Closing(action, shape, True), lambda sampler, shape: 2 + about(sampler, shape), 1
    ),
}


def row(name: str, beta: float, shape: Shape) -> dict[str, Any]:
    """One sampler at one coupling, for its processor time."""
    method, action, generator = METHODS[name], WilsonAction(2, beta), torch.Generator().manual_seed(1)
    sampler, start = method.sampler(action, shape), hot_start("u1", shape, generator, CHAINS)
    field, _ = ExactSampler(action).update(start, generator)
    for _ in range(method.warmup):
        field, _ = sampler.update(field, generator)
    sampler.warmup = False
    field, _ = ExactSampler(action).update(start, generator)
    charges, logs, begin = [], [], time.process_time()
    while time.process_time() - begin < method.seconds:
        field, measured = sampler.update(field, generator)
        charges.append(charge_geometric(field))
        logs.append(measured.get("log_w", torch.zeros(CHAINS, dtype=torch.float64)))
    seconds, q = time.process_time() - begin, torch.stack(charges, 1)
    weights = torch.stack(logs, 1).flatten().softmax(0).view(q.shape) * q.numel()
    work = method.work(sampler, shape)
    found = _numbers(name, beta, shape, q, weights)
    return found | {"work": work, "seconds": seconds, "history": q[0, : int(SHOWN / work)].int().tolist()}


def _numbers(name: str, beta: float, shape: Shape, q: Tensor, weights: Tensor) -> dict[str, Any]:
    """What charges ``(chains, updates)`` say, whose weights have the mean 1."""
    mean = (weights * q**2).mean()
    terms = weights * (q**2 - mean)
    found = estimate((mean + terms).numpy())
    independent = float((terms * (q**2 - mean)).mean()) / q.numel()
    tau = found.error**2 / independent / 2
    exact = float(Exact2D("u1", shape, beta).charge_squared)
    return {
        "method": name,
        "beta": beta,
        "shape": shape,
        "chains": CHAINS,
        "updates": q.shape[1],
        "tau_int": tau,
        "tau_int_error": found.tau_int_error * tau / found.tau_int,
        "long_enough": q.shape[1] > LONG * found.tau_int,
        "changes": float((q.diff(dim=1) != 0).double().mean()),
        "ess": float(1 / (weights**2).mean()),
        "charge_squared": found.value,
        "charge_squared_error": found.error,
        "exact": exact,
    }


def main() -> None:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shown, allow_abbrev=False)
    parser.add_argument("--extents", type=int, nargs="+", default=[16, 32], help="of the square lattices")
    parser.add_argument("--methods", nargs="+", choices=[*METHODS], default=[*METHODS], metavar="METHOD")
    parser.add_argument("--anew", action="store_true", help="also what of these stands in the results already")
    torch.set_num_threads(1)
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    if RESULTS.exists():
        found = json.loads(RESULTS.read_text())["rows"]
    known = {(row["shape"][0], row["beta"], row["method"]): row for row in found}
    for extent, beta, name in itertools.product(arguments.extents, BETAS, arguments.methods):
        if arguments.anew or (extent, beta, name) not in known:
            known[extent, beta, name] = row(name, beta, (extent, extent))
            order = itertools.product(sorted({key[0] for key in known}), BETAS, METHODS)
            rows = [known[key] for key in order if key in known]
            RESULTS.write_text(json.dumps({"measured": machine(), "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
