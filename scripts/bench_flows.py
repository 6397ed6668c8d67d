#!/usr/bin/env python3
"""Cost of the shipped flows: seconds and peak memory for each configuration of a batch, at two volumes.

One row for each configuration file and lattice:

    sample  base to target with the log-determinant
    train   one training step by path gradients: forward, gradient, backward, Adam
    copy    the machine's own copy of 512 MB, for comparison (bytes read and written per second)

``per_second`` counts configurations, ``seconds`` is one over it (wall time, best of several). ``bytes`` is how far the
resident memory of the process rises above what it held before the step, for each configuration: in a process of its
own, free memory given back first and the kernel's mark of the peak set back (Linux).
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.memory import elsewhere, growth
from benchmarks.output import parser_of, publish

from gaugeflow.flows import GaugeFlow
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.model import build_flow
from gaugeflow.tasks.flow.trainer import Trainer
from gaugeflow.tasks.keys import DTYPES

CASES = [
    ("configs/flow/u1_2d_8_beta2.yaml", [[8, 8], [16, 16]]),
    ("configs/flow/su2_2d_16_beta2p7.yaml", [[8, 8], [16, 16]]),
    ("configs/flow/su3_2d_16_beta6.yaml", [[8, 8], [16, 16]]),
    ("configs/flow/su3_4d_4_beta1.yaml", [[4, 4, 4, 4], [8, 4, 4, 4]]),
]
Row = dict[str, Any]


def build(path: str, shape: list[int]) -> tuple[GaugeFlow, FlowConfig]:
    """The flow of a configuration on a lattice, its parameters a little away from zero."""
    config = FlowConfig.model_validate(yaml.safe_load(Path(path).read_text()))
    generator, action = torch.Generator().manual_seed(1), config.action.build(len(shape))
    flow = build_flow(config, action, tuple(shape), DTYPES[config.dtype], generator)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += 0.01 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return flow, config


def measure(op: str, path: str, shape: list[int], batch: int, repeats: int) -> Row:
    """Best wall time of several repeats after one that compiles, and the growth of the peak memory."""
    flow, config = build(path, shape)
    generator = torch.Generator().manual_seed(2)
    options = {"steps": repeats + 1, "batch": batch}
    trainer = Trainer(flow, config.training.model_copy(update=options))

    def work(step: int) -> None:
        if op == "train":
            trainer.step(step, generator)
        else:
            with torch.no_grad():
                flow.sample(batch, generator)

    small = config.training.model_copy(update={"steps": 1, "batch": 1})
    Trainer(flow, small).step(0, generator)  # compiles
    times: list[float] = []

    def repeat() -> None:
        for step in range(repeats):
            start = time.perf_counter()
            work(step)
            times.append(time.perf_counter() - start)

    grown = growth(repeat)
    seconds = min(times) / batch
    name = {"op": op, "group": config.group, "shape": shape, "dtype": config.dtype, "backend": "numba"}
    threads, parameters = torch.get_num_threads(), sum(p.numel() for p in flow.parameters())
    cost = {"per_second": 1 / seconds, "seconds": seconds, "bytes": grown / batch}
    return name | cost | {"model": Path(path).stem, "batch": batch, "threads": threads, "parameters": parameters}


def print_table(rows: list[Row]) -> None:
    print(f"{'model':22} {'op':7} {'lattice':14} {'ms/configuration':>17} {'MB/configuration':>17}")
    for row in rows:
        if row["op"] != "copy":
            shape = "x".join(map(str, row["shape"]))
            cost = f"{1e3 * row['seconds']:17.2f} {row['bytes'] / 1e6:17.2f}"
            print(f"{row['model']:22} {row['op']:7} {shape:14} {cost}")


def parse_arguments() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.one:
        print(json.dumps(measure(*json.loads(arguments.one))))
        return
    rows = [copy_row()]
    for path, shapes in CASES:
        for shape in shapes:
            for op in ("sample", "train"):
                one = (op, path, shape, arguments.batch, arguments.repeats)
                rows.append(json.loads(elsewhere("--one", json.dumps(one))))
    publish(rows, machine(), arguments, print_table)


if __name__ == "__main__":
    main()
