#!/usr/bin/env python3
"""Seconds of an iteration with features that turn, beside FermiNet's streams of about as many parameters.

Be and LiH, 256 walkers, float32, eight determinants; the parts are those of scripts/bench_vmc.py, and the parts of both
networks take turns in one process. `--width` and `--channels` are those of the tensors.
"""

import argparse
from typing import Any

import torch
from bench_vmc import ITERATIONS, Job
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.output import publish
from benchmarks.turns import parser_of_turns, shortest

ATOMS, WALKERS, MOVES, TERMS = ("Be", "LiH"), 256, 10, 8
PARTS = ITERATIONS["natural iteration"]
STREAMS = {"backbone": "ferminet", "layers": 3, "width": 32, "pairs": 8}


def job(atom: str, network: dict[str, Any]) -> Job:
    options = {"ansatz": "determinant", "terms": TERMS, "moves": MOVES, "jacobian": "implicit", "dtype": "float32"}
    return Job(argparse.Namespace(**options, **network, device="cpu", chunk_size=None), atom, WALKERS)


def rows_of(atom: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    ours = {"backbone": "tensors", "layers": arguments.layers, "width": arguments.width, "pairs": arguments.channels}
    jobs = {network["backbone"]: job(atom, network) for network in (STREAMS, ours)}
    found = shortest({(name, part): jobs[name].parts[part] for part in PARTS for name in jobs}, arguments)
    rows = []
    for name, one in jobs.items():
        seconds = {part: found[name, part] for part in PARTS}
        count = sum(parameter.numel() for parameter in one.task.psi.parameters())
        rows.append({"group": atom, "backbone": name, "parameters": count, "seconds": seconds})
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows[1:]:
        parts = "  ".join(f"{part} {1e3 * seconds:.1f}" for part, seconds in row["seconds"].items())
        print(f"{row['group']:4}{row['backbone']:10}{row['parameters']:7}  ms: {parts}", end="")
        print(f"  all {1e3 * sum(row['seconds'].values()):.1f}")


def main() -> None:
    parser = parser_of_turns(__doc__)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--channels", type=int, default=4)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = [copy_row(), *(row for atom in ATOMS for row in rows_of(atom, arguments))]
    publish(rows, machine() | {"clock": arguments.clock}, arguments, show)


if __name__ == "__main__":
    main()
