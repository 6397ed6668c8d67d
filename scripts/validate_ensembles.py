#!/usr/bin/env python
"""Long Markov chains against closed forms in two dimensions and published numbers in four.

    python scripts/validate_ensembles.py            # a table; about 20 minutes on 2 cores
    python scripts/validate_ensembles.py --only u1 --json
    python scripts/validate_ensembles.py --output scripts/results/ensembles.json

Every row has a Gamma-method error, the count of measurements and the difference in units of the combined error. The
file is written after every case; with ``--only`` its other rows stay.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine
from benchmarks.output import parser_of, write
from torch import Tensor
from tqdm import tqdm

from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    SYMANZIK,
    AnisotropicAction,
    LoopAction,
    Phi4Action,
    WilsonAction,
    charge_geometric,
    gradient_flow,
    hot_start,
    plaquette,
    plaquette_spatial,
    wilson_loops,
)
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath, Sampler
from gaugeflow.montecarlo.errors import estimate

Reference = tuple[float, float, str]
"""Value, its own error, and where it is from."""


@dataclass
class Case:
    """One chain and what it is held against."""

    name: str
    group: str
    shape: tuple[int, ...]
    beta: float
    move: str
    chains: int
    sweeps: int
    references: dict[str, Reference]
    interval: int = 1
    stretched: tuple[float, float] | None = None
    """xi and u_s of the action of Morningstar and Peardon, where it is not Wilson's."""
    measure: dict[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)


def sampler_of(case: Case) -> Sampler:
    if case.group == "phi4":
        return HMC(Phi4Action(-4.0, 8.0), length=0.4, step_size=0.05)
    ndim = len(case.shape)
    action: LoopAction = WilsonAction(ndim, case.beta)
    if case.stretched is not None:
        action = AnisotropicAction(ndim, case.beta, case.stretched[0], SYMANZIK, u_s=case.stretched[1], short=True)
    return HeatBath(action, overrelaxation=3) if case.move == "heatbath" else HMC(action, length=1.5)


def rows(case: Case, seed: int) -> Iterator[dict[str, object]]:
    """Runs the chain and yields one row for each reference."""
    generator = torch.Generator().manual_seed(seed)
    sampler = sampler_of(case)
    if case.group == "phi4":
        state = torch.zeros(case.chains, *case.shape, dtype=torch.float64)
    else:
        state = hot_start(get_group(case.group), case.shape, generator, case.chains)
    warmup, measurements = max(100, case.sweeps // 10), case.sweeps // case.interval
    history = {name: torch.empty(case.chains, measurements, dtype=torch.float64) for name in case.measure}
    for sweep in tqdm(range(warmup + case.sweeps), desc=case.name, file=sys.stderr, leave=False):
        sampler.warmup = sweep < warmup
        state, _ = sampler.update(state, generator)
        index, rest = divmod(sweep - warmup, case.interval)
        if index >= 0 and rest == 0:
            for name, f in case.measure.items():
                history[name][:, index] = f(state)
    for name, (value, error, source) in case.references.items():
        result = estimate(history[name])
        sigmas = (result.value - value) / math.hypot(result.error, error)
        yield {
            "case": case.name,
            "group": case.group,
            "shape": list(case.shape),
            "beta": case.beta,
            "xi": case.stretched[0] if case.stretched else 1.0,
            "sampler": case.move,
            "observable": name,
            **asdict(result),
            "reference": value,
            "reference_error": error,
            "source": source,
            "difference_in_errors": sigmas,
            "date": date.today().isoformat(),
        }


def two_dimensional(group: str, beta: float, length: int, move: str) -> Case:
    exact = Exact2D(group, (length, length), beta)
    names = {"plaquette": (1, 1), "W(1,2)": (1, 2), "W(2,2)": (2, 2)}
    references = {name: (float(exact.wilson_loop(*side)), 0.0, "character expansion") for name, side in names.items()}
    measure: dict[str, Callable[[Tensor], Tensor]] = {
        name: lambda u, r=r, t=t: wilson_loops(u, r, t)[:, -1, -1] for name, (r, t) in names.items()
    }
    if group == "u1":
        references["charge^2"] = (float(exact.charge_squared), 0.0, "character expansion")
        measure["charge^2"] = lambda u: charge_geometric(u) ** 2
    title = f"{group} {length}x{length} beta={beta} {move}"
    return Case(title, group, (length, length), beta, move, 64, 2000, references, measure=measure)


def four_dimensional(
    group: str,
    beta: float,
    shape: tuple[int, ...],
    chains: int,
    sweeps: int,
    reference: Reference,
    move: str = "heatbath",
) -> Case:
    title = f"{group} {'x'.join(map(str, shape))} beta={beta} {move}"
    return Case(
        title, group, shape, beta, move, chains, sweeps, {"plaquette": reference}, measure={"plaquette": plaquette}
    )


def self_consistent(beta: float, xi: float, u_s: float, shape: tuple[int, ...]) -> Case:
    """The mean link that went into the action comes out as the fourth root of the plaquette in space."""
    reference = (u_s**4, 4 * u_s**3 * 5e-5, "u_s to four digits, C. Morningstar's SU(3) static potentials")
    title = f"su3 {'x'.join(map(str, shape))} beta={beta} xi={xi} heatbath"
    names: dict[str, Callable[[Tensor], Tensor]] = {"plaquette_spatial": plaquette_spatial}
    references = {"plaquette_spatial": reference}
    return Case(title, "su3", shape, beta, "heatbath", 2, 200, references, stretched=(xi, u_s), measure=names)


def flow_time_t0(u: Tensor) -> Tensor:
    return gradient_flow(u, 3.4, 0.05, every=4).t0


def cases() -> list[Case]:
    found = [
        two_dimensional(group, beta, length, move)
        for group, beta, length in (("u1", 2.0, 8), ("u1", 3.0, 16), ("su2", 2.2, 16), ("su3", 6.0, 16))
        for move in ("heatbath", "hmc")
    ]
    simulateqcd = (0.23439, 0.00018, "SIMULATeQCD test value")
    found += [four_dimensional("su3", 3.36, (8, 8, 8, 4), 4, 800, simulateqcd, move) for move in ("heatbath", "hmc")]
    su2 = {2.3: 0.60242, 2.4: 0.63066}
    found += [
        four_dimensional("su2", beta, (8, 8, 8, 8), 4, 1000, (value, 0.0006, "short independent heat bath"))
        for beta, value in su2.items()
    ]
    found.append(four_dimensional("su3", 6.0, (16, 16, 16, 16), 1, 400, (0.593678, 0.000024, "hep-lat/9602007")))
    found += [
        self_consistent(3.0, 3.0, 0.8409, (8, 8, 8, 24)),
        self_consistent(2.5, 5.0, 0.8069, (8, 8, 8, 40)),
    ]
    chi2 = (0.75, 0.01, "arXiv:2101.08176")
    found.append(
        Case(
            "phi4 8x8",
            "phi4",
            (8, 8),
            0.0,
            "hmc",
            64,
            8000,
            {"chi2": chi2},
            measure={"chi2": lambda phi: phi.flatten(1).sum(1) ** 2 / phi[0].numel()},
        )
    )
    found.append(
        Case(
            "su3 16x16x16x16 beta=5.96 flow",
            "su3",
            (16, 16, 16, 16),
            5.96,
            "heatbath",
            1,
            240,
            {"t0/a^2": (2.7854, 0.0062, "arXiv:1006.4518")},
            interval=20,
            measure={"t0/a^2": flow_time_t0},
        )
    )
    return found


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--only", default="", help="run the cases whose title contains this text")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chosen = [case for case in cases() if arguments.only in case.name]
    if not chosen:
        parser.error(f"--only: expected a part of a title, such as 'su3 16x16', got {arguments.only!r}")
    found = others(arguments.output, {case.name for case in chosen})
    for case in chosen:
        for row in rows(case, arguments.seed):
            found.append(row)
            if not arguments.json:
                print(line(row), flush=True)
        write(found, machine(), arguments)
    if arguments.json:
        print(json.dumps(found))


def others(path: Path | None, chosen: set[str]) -> list[dict[str, Any]]:
    """The rows of the file that are not measured anew."""
    known = json.loads(path.read_text())["rows"] if path is not None and path.exists() else []
    return [row for row in known if row["case"] not in chosen]


def line(row: dict[str, object]) -> str:
    return (
        f"{row['case']:32s} {row['observable']:>9s} {row['value']:.6f} +- {row['error']:.6f} "
        f"({row['count']} measurements, tau_int {row['tau_int']:.2f})  reference {row['reference']:.6f}"
        f"  {row['difference_in_errors']:+.2f} errors"
    )


if __name__ == "__main__":
    main()
