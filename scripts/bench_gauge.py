#!/usr/bin/env python3
"""Speed of the kernels of lattice gauge theory: links per second of every backend, beside the copy bandwidth.

One row for each operation, group, lattice, precision and backend:

    staples   the staple sums A_mu(x) of the Wilson action in the backend's layout
    force     the force from staples and links
    hmc       one leapfrog step: p <- p - eps F, U <- exp(i eps p) U
    heatbath  one sweep of the heat bath over all links
    overrelax one overrelaxation sweep
    pack      from the links of the library to the backend's layout
    unpack    and back
    copy      the machine's own copy of 512 MB, for comparison (bytes read and written per second)

``per_second`` counts links, ``bytes`` the memory traffic per second if each link were read once and each result
written once. Times are the best of several after a warm-up that also compiles.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from benchmarks.copying import copy_row, synchronize
from benchmarks.machine import machine
from benchmarks.output import parser_of, publish

from gaugeflow.groups import get_group
from gaugeflow.kernels import LoopKernels, get_kernels
from gaugeflow.lattice.paths import lattice_images, rectangle, staple_paths

DTYPES = {"complex64": torch.float32, "complex128": torch.float64}
OPS = ["staples", "force", "hmc", "heatbath", "overrelax", "pack", "unpack"]
BETA = {"u1": 1.0, "su2": 2.3, "su3": 6.0}
Row = dict[str, Any]


def best_time(work: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Shortest wall time of ``work`` in at least three runs that fill about ``seconds``."""
    work()
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        synchronize(device)
        start = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times)


def operations(kernels: LoopKernels, links: torch.Tensor) -> dict[str, tuple[Callable[[], object], int]]:
    """What is timed, on links that a few sweeps took from the unit, and the numbers that one link reads and writes."""
    matrix, dim, generator = 2 * kernels.n**2, kernels.dim, torch.Generator(links.device).manual_seed(1)
    algebra = (len(links), kernels.ndim, *kernels.shape, *kernels.group.algebra_shape)
    momenta = torch.randn(algebra, generator=generator, dtype=kernels.dtype, device=links.device)
    state, p = kernels.pack(links), kernels.pack_momenta(momenta)
    for sweep in range(3):
        kernels.heatbath_(state, sweep)
    staples = kernels.staples(state)
    other, eps = state.clone(), 1e-3
    return {
        "staples": (lambda: kernels.staples(state, out=staples), 2 * matrix),
        "force": (lambda: kernels.force(state), matrix + dim),
        "hmc": (lambda: kernels.drift_(other, kernels.kick_(p, other, eps), eps), 3 * matrix + 3 * dim),
        "heatbath": (lambda: kernels.heatbath_(state, 4), 2 * matrix),
        "overrelax": (lambda: kernels.overrelax_(state), 2 * matrix),
        "pack": (lambda: kernels.pack(links), 2 * matrix),
        "unpack": (lambda: kernels.unpack(state), 2 * matrix),
    }


def bench(name: str, extent: int, dtype: str, backend: str, arguments: argparse.Namespace) -> Iterator[Row]:
    """Rows of one group, lattice, precision and backend."""
    shape, device = (extent,) * arguments.ndim, torch.device(arguments.device)
    loops = [(loop, BETA.get(name, 6.0)) for loop in lattice_images(rectangle(0, 1, 1, 1), arguments.ndim)]
    links = get_group(name).identity((arguments.chains, arguments.ndim, *shape), DTYPES[dtype], device)
    kernels = get_kernels(links, staple_paths(loops, arguments.ndim), backend=backend)
    count = arguments.chains * arguments.ndim * math.prod(shape)
    row = {"group": name, "shape": list(shape), "chains": arguments.chains, "dtype": dtype, "backend": backend}
    for op, (work, numbers) in operations(kernels, links).items():
        if op in arguments.ops:
            rate = count / best_time(work, device, arguments.seconds)
            yield {"op": op} | row | {"per_second": rate, "bytes": rate * numbers * DTYPES[dtype].itemsize}


def print_table(rows: list[Row]) -> None:
    print(f"{'op':10}{'group':7}{'shape':14}{'dtype':12}{'backend':9}{'links/s':>12}{'GB/s':>9}")
    for row in rows:
        shape = "x".join(map(str, row["shape"]))
        print(f"{row['op']:10}{row['group']:7}{shape:14}{row['dtype']:12}{row['backend']:9}", end="")
        print(f"{row['per_second']:12.3e}{row['bytes'] / 1e9:9.2f}")


def parse_arguments() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--ops", nargs="+", choices=OPS, default=OPS)
    parser.add_argument("--groups", nargs="+", default=["su2", "su3"])
    parser.add_argument("--extents", nargs="+", type=int, default=[8, 16])
    parser.add_argument("--ndim", type=int, default=4)
    parser.add_argument("--chains", type=int, default=1, help="how many lattices at once")
    parser.add_argument("--dtypes", nargs="+", choices=sorted(DTYPES), default=list(DTYPES))
    parser.add_argument("--backends", nargs="+", help="default: torch and the compiled backend of the device")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=1.0, help="time spent on each row")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    device = torch.device(arguments.device)
    backends = arguments.backends or ["torch", "triton" if device.type == "cuda" else "numba"]
    rows = [copy_row(device)]
    for name in arguments.groups:
        for extent in arguments.extents:
            for dtype in arguments.dtypes:
                for backend in backends:
                    rows += bench(name, extent, dtype, backend, arguments)
    publish(rows, machine(device), arguments, print_table)


if __name__ == "__main__":
    main()
