#!/usr/bin/env python3
"""Cost of the shipped flows: seconds and peak memory for each configuration of a batch, at two volumes.

One row for each configuration file and lattice:

    sample  base to target with the log-determinant
    train   one training step by path gradients: forward, gradient, backward, Adam
    copy    the machine's own copy of 1 GB, for comparison (bytes read and written per second)

``per_second`` counts configurations, ``seconds`` is one over it (wall time, best of several). ``bytes`` is how far the
resident memory of the process rises above what it held before the step, for each configuration: in a process of its
own, free memory given back first and the kernel's mark of the peak set back (Linux).
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
import yaml

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
COPY_BYTES = 1 << 29
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
    before = settled_memory()
    times = []
    for step in range(repeats):
        start = time.perf_counter()
        work(step)
        times.append(time.perf_counter() - start)
    growth = resident("VmHWM") - before
    seconds = min(times) / batch
    name = {"op": op, "group": config.group, "shape": shape, "dtype": config.dtype, "backend": "numba"}
    threads, parameters = torch.get_num_threads(), sum(p.numel() for p in flow.parameters())
    cost = {"per_second": 1 / seconds, "seconds": seconds, "bytes": growth / batch}
    return name | cost | {"model": Path(path).stem, "batch": batch, "threads": threads, "parameters": parameters}


def settled_memory() -> int:
    """Bytes that the process holds once what is free has gone back; from here the peak is counted anew."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


def resident(key: str) -> int:
    """``VmRSS``, what the process holds in memory, or ``VmHWM``, the most it held, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def copy_row() -> Row:
    source = torch.ones(COPY_BYTES // 8, dtype=torch.float64)
    target = torch.empty_like(source)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        target.copy_(source)
        times.append(time.perf_counter() - start)
    rate = 2 * COPY_BYTES / min(times[1:])
    return {"op": "copy", "group": None, "shape": [], "dtype": "float64", "backend": "torch"} | {
        "per_second": rate / 16,
        "bytes": rate,
    }


def apart(*arguments: object) -> Row:
    """A measurement in a process of its own, whose peak memory is that of this measurement."""
    command = [sys.executable, __file__, "--one", json.dumps(arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def table(rows: list[Row]) -> str:
    lines = [f"{'model':22} {'op':7} {'lattice':14} {'ms/configuration':>17} {'MB/configuration':>17}"]
    for row in rows:
        if row["op"] != "copy":
            shape = "x".join(map(str, row["shape"]))
            cost = f"{1e3 * row['seconds']:17.2f} {row['bytes'] / 1e6:17.2f}"
            lines.append(f"{row['model']:22} {row['op']:7} {shape:14} {cost}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--output", type=Path, help="write the rows to this file too")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*json.loads(options.one))))
        return
    rows = [copy_row()]
    for path, shapes in CASES:
        for shape in shapes:
            for op in ("sample", "train"):
                rows.append(apart(op, path, shape, options.batch, options.repeats))
    text = json.dumps(rows, indent=2)
    if options.output:
        options.output.write_text(text + "\n")
    print(text if options.json else table(rows))


if __name__ == "__main__":
    main()
