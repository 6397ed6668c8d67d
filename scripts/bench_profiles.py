#!/usr/bin/env python3
"""What it costs that an action differs from place to place, that replicas swap, and what compiled clovers save.

    force, weights         the force with a number for each plaquette, beside that without
    heat bath, weights     a sweep of the same
    heat bath, defect      a sweep with a defect, beside that without
    swap                   four of eight pairs of replicas change places, which takes the most copies, beside a
                           heat-bath sweep of all
    clover                 energy by compiled loops, beside torch
    charge, improved       the improved charge, the same way

``seconds`` belong to the first of each pair and ``rival`` to the second; both take turns, so that a busy machine
disturbs both alike, and the shortest time counts; on a machine that never rests, take ``--clock cpu --threads 1``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import torch
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.output import publish
from benchmarks.turns import parser_of_turns, shortest
from torch import Tensor

from gaugeflow.lattice import (
    Defect,
    Difference,
    PlaquetteWeights,
    WilsonAction,
    charge_improved,
    cold_start,
    energy_clover,
    hot_start,
)
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.montecarlo import HeatBath, swap_

SHAPE, WIDE, BETA = (8, 8, 8, 8), (12, 12, 12, 12), {"su2": 2.3, "su3": 6.0}
CHAINS = 8
"""Of the swap."""
Jobs = tuple[Callable[[], Any], Callable[[], Any]]


def sweep(action: LoopAction, links: Tensor, generator: torch.Generator) -> Callable[[], Any]:
    """One sweep of the heat bath, of a lattice that goes on."""
    sampler, state = HeatBath(action), [links]

    def work() -> None:
        state[0], _ = sampler.update(state[0], generator)

    return work


def pairs(group: str) -> Iterator[tuple[str, tuple[int, ...], Jobs]]:
    """What is timed, on which lattice, and beside what."""
    generator, plain = torch.Generator().manual_seed(1), WilsonAction(4, BETA[group])
    links = hot_start(group, SHAPE, generator)
    for _ in range(5):
        links, _ = HeatBath(plain).update(links, generator)
    weighted = plain.weighted(PlaquetteWeights(torch.rand(6, *SHAPE, generator=generator)))
    defect = plain.weighted(Defect(4, 0.3))
    uniform = sweep(plain, links, generator)
    yield "force, weights", SHAPE, (lambda: weighted.force(links), lambda: plain.force(links))
    yield "heat bath, weights", SHAPE, (sweep(weighted, links, generator), uniform)
    yield "heat bath, defect", SHAPE, (sweep(defect, links, generator), uniform)
    many = torch.cat([links] * CHAINS)
    difference, both = Difference(plain, defect), sweep(plain, torch.cat([many, many]), generator)
    cold = many.clone()
    cold[::2] = cold_start(group, SHAPE, 1)
    yield "swap", SHAPE, (lambda: swap_(difference, cold, many, generator), both)
    wide = hot_start(group, WIDE, generator).contiguous()  # as samplers and files leave their fields
    yield "clover", WIDE, (lambda: energy_clover(wide), lambda: energy_clover(wide, "torch"))
    yield "charge, improved", WIDE, (lambda: charge_improved(wide), lambda: charge_improved(wide, "torch"))


def rows_of(group: str, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for op, shape, (ours, rival) in pairs(group):
        found = shortest({"ours": ours, "rival": rival}, arguments)
        row = {"op": op, "group": group, "shape": list(shape), "dtype": "complex128", "backend": "numba"}
        yield row | {"seconds": found["ours"], "rival": found["rival"]}


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows[1:]:
        times = f"{row['seconds'] * 1e3:10.3f} ms {row['rival'] * 1e3:10.3f} ms"
        print(f"{row['group']:5} {row['op']:20} {times}  ratio {row['rival'] / row['seconds']:.3g}")


def main() -> None:
    arguments = parser_of_turns(__doc__).parse_args()
    torch.set_num_threads(arguments.threads)
    rows = [copy_row(), *(row for group in BETA for row in rows_of(group, arguments))]
    publish(rows, machine() | {"clock": arguments.clock}, arguments, show)


if __name__ == "__main__":
    main()
