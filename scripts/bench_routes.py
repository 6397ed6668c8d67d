#!/usr/bin/env python3
"""What routes cost beside what they wrap, in the same run.

    average       a gauge network averaged over the hypercubic group (384 elements on 4^4) and over hypercubic * charge
                  (16 elements on 8^2), beside a batch of as many fields, each evaluated once: evaluations per second
    tree gauge    moving a field of SU(3) links on 16 x 16 to the gauge of the tree and its output back, beside one
                  application of a two-layer L-CNN to it: fields per second

The backends ``route`` and ``plain`` take turns, so that a busy machine disturbs both alike, and the shortest time
counts; on a machine that never rests, take ``--clock cpu --threads 1``.
"""

import argparse
from typing import Any

import torch
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.output import publish
from benchmarks.turns import parser_of_turns, shortest

from gaugeflow.lattice import hot_start
from gaugeflow.nn import LCNN, GaugeTheory
from gaugeflow.symmetry import Links, Scalars, routes

Row = dict[str, Any]
AVERAGES = [("su2", 8, 2, "hypercubic * charge", 16), ("su2", 4, 4, "hypercubic", 384)]


def network_of(group: str, ndim: int) -> LCNN:
    """An L-CNN of two layers with eight channels, `(batch, 1)` out of links."""
    generator = torch.Generator().manual_seed(1)
    theory = GaugeTheory(group, ndim)
    return LCNN.of(theory, generator=generator, channels=(8, 8), over_sites="mean")


def average_rows(case: tuple[str, int, int, str, int], arguments: argparse.Namespace) -> list[Row]:
    """Evaluations per second inside the average and in a batch of the same size."""
    name, extent, ndim, group, order = case
    network, shape = network_of(name, ndim), (extent,) * ndim
    fields = hot_start(network.theory.group, shape, torch.Generator().manual_seed(1), chains=order)
    average = routes.Average(network, Links, group, out=Scalars)
    assert average.cost(fields[:1]) == order
    spent = shortest({"route": lambda: average(fields[:1]), "plain": lambda: network(fields)}, arguments)
    row = {"op": f"average over {order}", "group": name, "shape": list(shape), "dtype": str(fields.dtype)[6:]}
    return [row | {"backend": backend, "per_second": order / seconds} for backend, seconds in spent.items()]


def tree_rows(arguments: argparse.Namespace) -> list[Row]:
    """Fields per second of the tree gauge alone, around a function that costs nothing, and of the network."""
    network = network_of("su3", 2)
    field = hot_start(network.theory.group, (16, 16), torch.Generator().manual_seed(1), chains=1)
    gauge = routes.Canonical(lambda u: u, Links, "gauge", out=Links)
    spent = shortest({"route": lambda: gauge(field), "plain": lambda: network(field)}, arguments)
    row = {"op": "tree gauge", "group": "su3", "shape": [16, 16], "dtype": str(field.dtype)[6:]}
    return [row | {"backend": backend, "per_second": 1 / seconds} for backend, seconds in spent.items()]


def print_table(rows: list[Row]) -> None:
    for row in rows:
        shape = "x".join(map(str, row["shape"]))
        print(f"{row['op']:18}{row['group']:6}{shape:10}{row['dtype']:12}{row['backend']:8}{row['per_second']:12.4g}")


def main() -> None:
    arguments = parser_of_turns(__doc__).parse_args()
    torch.set_num_threads(arguments.threads)
    found = machine() | {"clock": arguments.clock}
    rows = [copy_row()]
    with torch.no_grad():
        for case in AVERAGES:
            rows += average_rows(case, arguments)
        rows += tree_rows(arguments)
    publish(rows, found, arguments, print_table)


if __name__ == "__main__":
    main()
