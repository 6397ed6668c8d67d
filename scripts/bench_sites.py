#!/usr/bin/env python3
"""Seconds of sweeps and iterations on lattice sites, half filled.

A sweep is a hop for each site of each walker. Rows, for each lattice and for mean-field determinants and Pfaffians:

    sweep, new KIND    every determinant, or Pfaffian, is calculated anew after each proposal
    sweep, kept KIND   an accepted hop changes the inverse by rank one, or two

    iteration, ...     a step of the natural gradient on 6 x 6 sites, U = 4: a sweep of 512 walkers, their local
                       energies and their derivatives; with a network (neural backflow) or without

    copy               the machine's own copy of 512 MB, for comparison (bytes read and written per second)

``per_second`` counts sweeps of a walker, or iterations; ``seconds`` is the shortest time of the whole batch. What is
compared takes turns, so that a busy machine disturbs both alike. On a machine that never rests, take ``--clock cpu
--threads 1``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import torch
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.output import CLOCKS, parser_of, publish

from gaugeflow import runs
from gaugeflow.montecarlo import Metropolis
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import Determinants, Pfaffians, occupation

LATTICES = ((4, 4), (6, 6))
BACKBONES: dict[str, dict[str, Any]] = {
    "mean field": {"name": "mean_field"},
    "neural backflow": {"name": "site_dense", "hidden": 32, "width": 8},
}


def chains(shape: tuple[int, int], kind: str) -> dict[str, Any]:
    """Both chains of the lowest determinant or of its pairs, and the particles."""
    lattice = occupation.lattice("square", shape)
    model = occupation.hubbard(lattice, lattice.sites // 2, lattice.sites // 2, 4.0)
    particles, start = model.particles, occupation.lowest_orbitals(model.one_body)
    seed = torch.Generator().manual_seed(1)
    orbitals = occupation.SiteOrbitals(particles, 1, particles.counts, start, seed)
    determinants = kind == "determinants"
    psi = Determinants(orbitals) if determinants else Pfaffians(orbitals, particles.n_up, seed)
    hop = occupation.Hop(particles, lattice)
    plain = Metropolis(lambda x: 2 * psi(x).log, hop, steps=lattice.sites, target=None)
    kept = occupation.RankOne if determinants else occupation.RankTwo
    return {f"sweep, new {kind}": plain, f"sweep, kept {kind}": kept(psi, plain, hop.targets)}


def rows_of(shape: tuple[int, int], kind: str, walkers: int, clock: str, rounds: int) -> list[dict[str, Any]]:
    """The shortest times, after a round that does not count."""
    both, generator = chains(shape, kind), torch.Generator().manual_seed(2)
    x = both[f"sweep, kept {kind}"].psi.particles.draw(walkers, generator)
    seconds = shortest({name: lambda c=chain: c.update(x, generator) for name, chain in both.items()}, clock, rounds)
    size = " x ".join(map(str, shape))
    common = {"group": f"square {size}, half filled", "shape": [walkers, *x.shape[1:]], "dtype": "float64"}
    return [
        {"op": op, **common, "backend": "cpu", "per_second": walkers / s, "seconds": s} for op, s in seconds.items()
    ]


def iterations(clock: str, rounds: int) -> list[dict[str, Any]]:
    """Steps of the task `vmc`."""
    lattice = {"kind": "square", "shape": [6, 6]}
    system = {"name": "hubbard", "lattice": lattice, "n_up": 18, "n_down": 18, "u": 4.0}
    steps: dict[str, Callable[[], Any]] = {}
    for name, backbone in BACKBONES.items():
        wavefunction = {"ansatz": {"name": "determinant"}, "backbone": backbone}
        config = {
            "task": "vmc",
            "seed": 1,
            "system": system,
            "wavefunction": wavefunction,
            "walkers": {"count": 512, "steps": 36},
            "optimizer": {"name": "spring", "rate": 0.05, "norm_limit": 0.5},
            "warmup": 1,
            "iterations": 1000,
            "evaluation": 1,
        }
        made, record = VMC(runs.validate(VMC.schema, runs.Source(json.dumps(config), "bench"))), runs.Record()
        made.begin()
        steps[f"iteration, {name}"] = lambda task=made, record=record: task.step(1, record)
    common = {"group": "square 6 x 6, half filled", "shape": [512, 2, 36], "dtype": "float64", "backend": "cpu"}
    found = shortest(steps, clock, rounds)
    return [{"op": op, **common, "per_second": 1 / seconds, "seconds": seconds} for op, seconds in found.items()]


def shortest(calls: dict[str, Callable[[], Any]], clock: str, rounds: int) -> dict[str, float]:
    """Of each call, which take turns."""
    now, best = CLOCKS[clock], dict.fromkeys(calls, math.inf)
    for index in range(rounds + 1):
        for name, call in calls.items():
            begin = now()
            call()
            if index:
                best[name] = min(best[name], now() - begin)
    return best


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows[1:]:
        print(f"{row['group']:24} {row['op']:28} {row['seconds'] * 1000:9.2f} ms")


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--walkers", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="threads of torch; those of the machine by default")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="wall, or processor time")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    clock, rounds = arguments.clock, arguments.rounds
    rows = [
        row
        for shape in LATTICES
        for kind in ("determinants", "Pfaffians")
        for row in rows_of(shape, kind, arguments.walkers, clock, rounds)
    ]
    publish([copy_row(), *rows, *iterations(clock, rounds)], machine(), arguments, show)


if __name__ == "__main__":
    main()
