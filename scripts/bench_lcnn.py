#!/usr/bin/env python3
"""Speed and memory of the gauge-equivariant layers beside the same formulas in plain torch.

One row for each layer, direction, group, lattice, precision and backend:

    conv-bilin   the merged layer: all products of local and of transported matrices, with adjoints and the unit
    conv         L-Conv: the sum over transported matrices
    bilin        L-Bilin: all products of local matrices
    copy         the machine's own copy of 512 MB, for comparison (bytes read and written per second)

Paths are the nearest neighbours in both directions and the site itself. The backends, equal to rounding, which is
checked before the clock starts:

    gaugeflow    the layer of the package
    matmul       roll and matmul; the weights are contracted with the transported matrices first, which is the cheapest
                 order: a careful plain version
    pairs        roll and matmul; every product of a pair, then the weights: the formula as it stands, which takes
                 gigabytes (by --backends only)

``forward`` counts sites per second of the forward pass with its graph; ``backward`` of the gradient with respect to
links, matrices and weights. Backends take turns, so that a busy machine disturbs all alike, and the shortest time
counts; on a machine that never rests, take ``--clock cpu --threads 1``, processor time of one thread. ``bytes`` is the
growth of the peak resident memory of a fresh process in which one backend makes one forward and one backward pass,
having done both on a lattice of 2^D sites before.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.memory import elsewhere, growth
from benchmarks.output import CLOCKS, parser_of, publish
from torch import Tensor

from gaugeflow.lattice import hot_start
from gaugeflow.nn import GaugeTheory, Layer, LBilin, LConv, LConvBilin
from gaugeflow.nn.sums import sums

DTYPES = {"complex64": torch.float32, "complex128": torch.float64}
CASES = [("su3", 8, 4, "complex128"), ("su3", 8, 4, "complex64"), ("su2", 64, 2, "complex128")]
OPS: dict[str, Callable[..., Layer]] = {"conv-bilin": LConvBilin, "conv": LConv, "bilin": LBilin}
BACKENDS = ("gaugeflow", "matmul", "pairs")
Row = dict[str, Any]
Case = tuple[str, int, int, str]


def transported(links: Tensor, w: Tensor) -> Tensor:
    """The matrices of a site and those of its neighbours, in the order of the layer's paths."""
    moved = [w]
    for axis in range(links.shape[1]):
        ahead = links[:, axis, None]
        behind = ahead.roll(1, 2 + axis).mH
        moved += [ahead @ w.roll(-1, 2 + axis) @ ahead.mH, behind @ w.roll(1, 2 + axis) @ behind.mH]
    return torch.cat(moved, 1)


def extended(w: Tensor) -> Tensor:
    """Matrices, adjoints, unit."""
    unit = torch.eye(w.shape[-1], dtype=w.dtype).expand_as(w[:, :1])
    return torch.cat((w, w.mH, unit), 1)


def mixed(weight: Tensor, w: Tensor) -> Tensor:
    """Linear combinations of channels, ``(M, C)`` and ``(batch, C, ...)`` to ``(batch, M, ...)``."""
    flat = torch.view_as_real(w.contiguous())
    return torch.view_as_complex((weight @ flat.flatten(2)).unflatten(2, flat.shape[2:]))


def plain(op: str, backend: str, links: Tensor, w: Tensor, weight: Tensor) -> Tensor:
    """The layers in plain torch."""
    if op == "conv":
        return mixed(weight, transported(links, w))
    a, b = extended(w), extended(transported(links, w) if op == "conv-bilin" else w)
    if backend == "pairs":
        return mixed(weight.flatten(1), (a[:, :, None] @ b[:, None]).flatten(1, 2))
    c = mixed(weight.flatten(0, 1), b).unflatten(1, weight.shape[:2])
    return (a[:, None] @ c).sum(2)


class Job:
    """One layer on one lattice, to be run by any backend."""

    def __init__(self, op: str, case: Case, channels: int) -> None:
        group, extent, ndim, dtype = case
        theory, generator = GaugeTheory(group, ndim, DTYPES[dtype]), torch.Generator().manual_seed(1)
        shape, n = (extent,) * ndim, theory.group.n
        self.op, self.layer = op, OPS[op](theory, channels, channels, generator=generator)
        self.links = hot_start(theory.group, shape, generator, dtype=DTYPES[dtype]).requires_grad_(op != "bilin")
        real = torch.randn(1, channels, *shape, n, n, 2, generator=generator, dtype=DTYPES[dtype])
        self.w = torch.view_as_complex(real).requires_grad_()

    def forward(self, backend: str) -> Tensor:
        if backend == "gaugeflow":
            return self.layer(self.links, self.w)[1]
        return plain(self.op, backend, self.links, self.w, self.layer.weight())

    def backward(self, out: Tensor) -> tuple[Tensor, ...]:
        wanted = [x for x in (self.links, self.w, *self.layer.parameters()) if x.requires_grad]
        return torch.autograd.grad(out, wanted, out.detach())

    def check(self, backend: str) -> None:
        """Values and gradients are those of the layer."""
        for ours, theirs in zip(self.results("gaugeflow"), self.results(backend), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))

    def results(self, backend: str) -> list[Tensor]:
        out = self.forward(backend)
        return [out.detach(), *self.backward(out)]


def times(job: Job, backends: list[str], arguments: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Shortest forward and backward time of each backend; they take turns."""
    clock = CLOCKS[arguments.clock]
    found: dict[str, tuple[float, float]] = dict.fromkeys(backends, (math.inf, math.inf))
    start, done = time.perf_counter(), 0
    while done < arguments.rounds or time.perf_counter() - start < arguments.seconds:
        for backend in backends:
            begin = clock()
            out = job.forward(backend)
            middle = clock()
            job.backward(out)
            spent = (middle - begin, clock() - middle)
            found[backend] = (min(found[backend][0], spent[0]), min(found[backend][1], spent[1]))
        done += 1
    return found


def peak(op: str, case: Case, channels: int, backend: str) -> int:
    """Growth of this process's peak resident memory in one forward and backward pass."""
    worth, sums.WORTH_COMPILING = sums.WORTH_COMPILING, 0  # compiled code is loaded before the measurement
    Job(op, (case[0], 2, case[2], case[3]), channels).results(backend)
    sums.WORTH_COMPILING = worth
    return growth(partial(Job(op, case, channels).results, backend))


def peak_elsewhere(op: str, case: Case, channels: int, backend: str) -> int:
    """:func:`peak` of a fresh process."""
    arguments = ["--peak", op, *map(str, case), backend, "--channels", str(channels)]
    return int(elsewhere(*arguments, "--threads", str(torch.get_num_threads())))


def bench(op: str, case: Case, arguments: argparse.Namespace) -> Iterator[Row]:
    """Rows of one layer on one lattice."""
    job = Job(op, case, arguments.channels)
    backends = [name for name in arguments.backends if not (op == "conv" and name == "pairs")]
    for backend in backends:
        job.check(backend)
    spent = times(job, backends, arguments)
    group, extent, ndim, dtype = case
    for backend in backends:
        memory = peak_elsewhere(op, case, arguments.channels, backend)
        for direction, seconds in zip(("forward", "backward"), spent[backend], strict=True):
            row = {"op": f"{op} {direction}", "group": group, "shape": [extent] * ndim, "dtype": dtype}
            yield row | {"backend": backend, "per_second": extent**ndim / seconds, "bytes": memory}


def print_table(rows: list[Row]) -> None:
    print(f"{'op':21}{'group':7}{'shape':10}{'dtype':12}{'backend':11}{'sites/s':>11}{'peak MB':>9}")
    for row in rows:
        shape = "x".join(map(str, row["shape"]))
        print(f"{row['op']:21}{row['group']:7}{shape:10}{row['dtype']:12}{row['backend']:11}", end="")
        print(f"{row['per_second']:11.3e}{row['bytes'] / 1e6:9.1f}")


def parse_arguments() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--ops", nargs="+", choices=list(OPS), default=list(OPS))
    parser.add_argument("--groups", nargs="+", default=["su2", "su3"])
    parser.add_argument("--dtypes", nargs="+", choices=sorted(DTYPES), default=list(DTYPES))
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS[:2]))
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--rounds", type=int, default=5, help="least number of turns of every backend")
    parser.add_argument("--seconds", type=float, default=5.0, help="least time spent on each layer and lattice")
    parser.add_argument(
        "--peak", nargs=6, metavar=("OP", "GROUP", "EXTENT", "NDIM", "DTYPE", "BACKEND"), help="(internal)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    if arguments.peak:
        op, group, extent, ndim, dtype, backend = arguments.peak
        print(peak(op, (group, int(extent), int(ndim), dtype), arguments.channels, backend))
        return
    found = machine() | {"clock": arguments.clock}
    rows = [copy_row()]
    for case in CASES:
        if case[0] in arguments.groups and case[3] in arguments.dtypes:
            for op in arguments.ops:
                rows += bench(op, case, arguments)
    publish(rows, found, arguments, print_table)


if __name__ == "__main__":
    main()
