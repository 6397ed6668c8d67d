#!/usr/bin/env python3
"""Seconds and memory of one iteration of variational Monte Carlo, part by part, by the code that trains.

One row for each part, atom and number of walkers:

    moves              the Metropolis moves between two local energies
    local energy       by the forward Laplacian
    gradient           of the energy, by one weighted pass back
    natural gradient   derivatives, Gram matrix, solution and change of the parameters, without the gradient above
    iteration          moves, local energy and gradient: what a code of first order does
    natural iteration  moves, local energy and natural gradient: what training does
    copy               the machine's own copy of 512 MB, for comparison (bytes read and written per second)

``per_second`` counts walkers, ``seconds`` is the shortest time of the whole batch and ``share`` that of the part in its
iteration: of the gradient in the first kind, of all others in the second. Parts take turns, so that a busy machine
disturbs all alike; on a machine that never rests, take ``--clock cpu --threads 1``, processor time of one thread.
``bytes``, for the natural iteration, is the growth of the peak resident memory of a fresh process in one of them, after
one with two walkers. With ``--growth`` the atoms from Li to N and numbers of walkers from a half to four times as many
follow, and how time and memory grow with n.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from benchmarks.copying import copy_row, synchronize
from benchmarks.machine import machine
from benchmarks.memory import elsewhere, growth
from benchmarks.output import CLOCKS, parser_of, publish

from gaugeflow.runs import Source, validate
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import local_energy
from gaugeflow.wavefunctions.optimizers.clipping import clip_about_median
from gaugeflow.wavefunctions.optimizers.log_derivatives import weighted_gradient
from gaugeflow.wavefunctions.optimizers.natural_gradient import JACOBIANS

ATOMS = ("Li", "Be", "B", "C", "N")
MOLECULES = {"LiH": [["Li", 0, 0, 0], ["H", 0, 0, 3.015]]}
"""In place of an atom, in bohr."""
ITERATIONS = {
    "iteration": ("moves", "local energy", "gradient"),
    "natural iteration": ("moves", "local energy", "natural gradient"),
}
Row = dict[str, Any]


def backbone(arguments: argparse.Namespace) -> dict[str, Any]:
    """Of the tensors `--pairs` is the number of channels."""
    if arguments.backbone == "ferminet":
        return {"name": "ferminet", "layers": [[arguments.width, arguments.pairs]] * arguments.layers}
    return {"name": "tensors", "width": arguments.width, "channels": arguments.pairs, "layers": arguments.layers}


def task(arguments: argparse.Namespace, atom: str, walkers: int) -> VMC:
    """The job that `gaugeflow run` would do."""
    config = {
        "task": "vmc",
        "seed": 1,
        "system": {"name": "molecule", "unit": "bohr", "atoms": MOLECULES.get(atom, [[atom, 0, 0, 0]])},
        "wavefunction": {
            "ansatz": {"name": arguments.ansatz, "terms": arguments.terms},
            "backbone": backbone(arguments),
        },
        "walkers": {"count": walkers, "width": 0.3, "steps": arguments.moves},
        "optimizer": {"name": "spring", "jacobian": arguments.jacobian},
        "dtype": arguments.dtype,
        "device": arguments.device,
        "iterations": 1,
        "evaluation": 1,
    }
    made = VMC(validate(VMC.schema, Source(json.dumps(config), "bench_vmc.py")))
    made.begin()
    return made


class Job:
    """The parts of an iteration for one atom, each a function without arguments."""

    def __init__(self, arguments: argparse.Namespace, atom: str, walkers: int) -> None:
        self.task, self.chunk_size = task(arguments, atom, walkers), arguments.chunk_size
        self.energies = torch.zeros(walkers)
        self.parts: dict[str, Callable[[], None]] = {
            "moves": self.move,
            "local energy": self.measure,
            "gradient": self.gradient,
            "natural gradient": self.natural_gradient,
        }

    def move(self) -> None:
        self.task.walkers, _ = self.task.sampler.update(self.task.walkers, self.task.generator)

    def measure(self) -> None:
        psi, walkers = self.task.psi, self.task.walkers
        self.energies = local_energy(psi, self.task.hamiltonian, walkers, chunk_size=self.chunk_size)

    def gradient(self) -> None:
        weighted_gradient(self.task.psi, self.task.walkers, self.energies - self.energies.mean())

    def natural_gradient(self) -> None:
        self.task.optimizer.step(self.task.psi, self.task.walkers, clip_about_median(self.energies, 5.0))

    def iterate(self, name: str) -> None:
        for part in ITERATIONS[name]:
            self.parts[part]()

    def times(self, clock: Callable[[], float], rounds: int) -> dict[str, float]:
        """The shortest time of each part; they take turns, after one round that does not count."""
        found = dict.fromkeys(self.parts, math.inf)
        for index in range(rounds + 1):
            for name, part in self.parts.items():
                begin = clock()
                part()
                synchronize(self.task.config.device)
                if index:
                    found[name] = min(found[name], clock() - begin)
        return found


def bench(arguments: argparse.Namespace, atom: str, walkers: int) -> list[Row]:
    job = Job(arguments, atom, walkers)
    spent = job.times(CLOCKS[arguments.clock], arguments.rounds)
    shape = list(job.task.walkers.shape)
    whole = {name: sum(spent[part] for part in parts) for name, parts in ITERATIONS.items()}
    rows: list[Row] = []
    for name, seconds in (*spent.items(), *whole.items()):
        row = {"op": name, "group": atom, "shape": shape, "dtype": arguments.dtype, "backend": arguments.device}
        row |= {"per_second": walkers / seconds, "seconds": seconds}
        if name in ITERATIONS:
            memory = {"bytes": peak_elsewhere(atom, walkers)} if name == "natural iteration" else {}
            rows.append(row | memory)
        else:
            home = "iteration" if name == "gradient" else "natural iteration"
            rows.append(row | {"share": seconds / whole[home]})
    return rows


def peak(arguments: argparse.Namespace, atom: str, walkers: int) -> int:
    """Growth of this process's peak memory in one iteration; on an accelerator its peak there."""
    Job(arguments, atom, 2).iterate("natural iteration")
    job = Job(arguments, atom, walkers)
    if arguments.device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        job.iterate("natural iteration")
        return torch.cuda.max_memory_allocated()
    return growth(partial(job.iterate, "natural iteration"))


def peak_elsewhere(atom: str, walkers: int) -> int:
    """:func:`peak` of a fresh process."""
    return int(elsewhere(*sys.argv[1:], "--peak", atom, str(walkers)))


def exponent(rows: list[Row], axis: int, key: str) -> float:
    """p of the power law ``key ~ shape[axis]^p`` from the first to the last row."""
    first, last = rows[0], rows[-1]
    return math.log(last[key] / first[key]) / math.log(last["shape"][axis] / first["shape"][axis])


def print_growth(rows: list[Row], atom: str, walkers: int) -> None:
    whole = [row for row in rows if row["op"] == "natural iteration"]
    for label, axis, chosen in (
        ("n", 1, sorted((row for row in whole if row["shape"][0] == walkers), key=lambda row: row["shape"][1])),
        ("walkers", 0, sorted((row for row in whole if row["group"] == atom), key=lambda row: row["shape"][0])),
    ):
        time_power, memory_power = exponent(chosen, axis, "seconds"), exponent(chosen, axis, "bytes")
        print(f"natural iteration: seconds grow as {label}^{time_power:.2f}, memory as {label}^{memory_power:.2f}")


def print_table(rows: list[Row]) -> None:
    print(f"{'op':20}{'atom':6}{'walkers':>8}{'n':>4}{'seconds':>10}{'share':>8}{'walkers/s':>12}{'peak MB':>9}")
    for row in rows:
        if row["op"] == "copy":
            print(f"{'copy':20}{row['bytes'] / 1e9:.2f} GB/s")
            continue
        walkers, n, _ = row["shape"]
        share = f"{row['share']:8.0%}" if "share" in row else " " * 8
        memory = f"{row['bytes'] / 1e6:9.1f}" if "bytes" in row else ""
        print(f"{row['op']:20}{row['group']:6}{walkers:8}{n:4}{row['seconds']:10.4f}{share}", end="")
        print(f"{row['per_second']:12.1f}{memory}")


def parse_arguments() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--atom", default="Be", help="or LiH")
    parser.add_argument("--walkers", type=int, default=256)
    parser.add_argument("--growth", action="store_true", help="other atoms and numbers of walkers too")
    parser.add_argument("--ansatz", choices=("determinant", "pfaffian", "pair_product"), default="determinant")
    parser.add_argument("--terms", type=int, default=16)
    parser.add_argument("--backbone", choices=("ferminet", "tensors"), default="ferminet")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256, help="of the stream of particles")
    parser.add_argument("--pairs", type=int, default=32, help="width of the stream of pairs, or channels of tensors")
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--jacobian", choices=JACOBIANS, default=JACOBIANS[0])
    parser.add_argument("--chunk-size", type=int, help="walkers at a time in the local energy")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--rounds", type=int, default=5, help="turns of every part")
    parser.add_argument("--peak", nargs=2, metavar=("ATOM", "WALKERS"), help="(internal)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    if arguments.peak:
        atom, walkers = arguments.peak
        print(peak(arguments, atom, int(walkers)))
        return
    found = machine(arguments.device) | {"clock": arguments.clock}
    cases = [(arguments.atom, arguments.walkers)]
    if arguments.growth:
        cases += [(atom, arguments.walkers) for atom in ATOMS if atom != arguments.atom]
        cases += [(arguments.atom, arguments.walkers * factor // 2) for factor in (1, 4, 8)]
    rows = [copy_row(arguments.device)]
    for atom, walkers in cases:
        rows += bench(arguments, atom, walkers)
    publish(rows, found, arguments, print_table)
    if arguments.growth and not arguments.json:
        print_growth(rows, arguments.atom, arguments.walkers)


if __name__ == "__main__":
    main()
