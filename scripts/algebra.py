"""What `gaugeflow.symmetry.algebra` finds, beside what is known; the result lies in scripts/results.

python scripts/algebra.py                all rows, within a minute of one core
python scripts/algebra.py --row SU(3)    only the rows with this in their question, nothing written
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow.nn import GaugeTheory, LConv, axis_paths
from gaugeflow.symmetry import (
    CartesianTensors,
    Image,
    PairFeatures,
    Points,
    Representation,
    SiteMatrices,
    SiteVectors,
    check_complete,
    equivariant_ridge,
    fit_kernel,
    group_named,
    intertwiners,
    irreducible_characters,
    irreducible_parts,
    multiplication_table,
    representation,
)
from gaugeflow.symmetry.actions.coordinates import generators

RESULT = Path(__file__).parent / "results" / "algebra.json"


class Row(NamedTuple):
    """A question, the answer that is known, and what computes it."""

    table: str
    question: str
    known: str
    find: Callable[[], Any]


ROWS: list[Row] = []


def row(table: str, question: str, known: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a computation as a row."""

    def register(find: Callable[[], Any]) -> Callable[[], Any]:
        ROWS.append(Row(table, question, str(known), find))
        return find

    return register


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def vector(group: str, d: int = 3) -> Representation:
    return representation(CartesianTensors(normal(1, d)), group)


def fundamental(n: int) -> Representation:
    return representation(SiteVectors(normal(1, 1, 1, n) + 0j), "global-gauge")


def adjoint(n: int) -> Representation:
    return (fundamental(n) * fundamental(n).dual()).within(generators(n))


def between(x: Any, y: Any, group: str = "global-gauge") -> int:
    return intertwiners(x, y, group).dim


MAPS = "maps that commute"


@row(MAPS, "S_5: points to points", 2)
def _() -> int:
    x = Points(normal(1, 5, 1))
    return between(x, x, "permutations")


@row(MAPS, "S_4: pairs to pairs", 15)
def _() -> int:
    x = PairFeatures(normal(1, 4, 4))
    return between(x, x, "permutations")


@row(MAPS, "SO(3): V x V to V", 1)
def _() -> int:
    v = vector("rotations")
    return between(v * v, v, "rotations")


@row(MAPS, "O(3): V x V to V", 0)
def _() -> int:
    v = vector("orthogonal")
    return between(v * v, v, "orthogonal")


@row(MAPS, "SO(3): V x V to V x V", 3)
def _() -> int:
    v = vector("rotations")
    return between(v * v, v * v, "rotations")


@row(MAPS, "SU(2): adj x adj to adj", 1)
def _() -> int:
    return between(adjoint(2) * adjoint(2), adjoint(2))


@row(MAPS, "SU(3): adj x adj to adj", 2)
def _() -> int:
    return between(adjoint(3) * adjoint(3), adjoint(3))


@row(MAPS, "SU(3): 3 x 3 to 3bar", 1)
def _() -> int:
    return between(fundamental(3) * fundamental(3), fundamental(3).dual())


@row(MAPS, "translations of 4 x 4: pictures to pictures", 16)
def _() -> int:
    x = Image(normal(1, 1, 4, 4))
    return between(x, x, "translations")


@row(MAPS, "D4 and translations of 5 x 5: pictures to pictures", 6)
def _() -> int:
    x = Image(normal(1, 1, 5, 5))
    return between(x, x, "d4 * translations")


PARTS = "irreducible parts"


def written(parts: list[Any]) -> str:
    return " + ".join(f"{'' if times == 1 else f'{times} x '}{size} {kind}" for size, times, kind in parts)


@row(PARTS, "SO(3): V x V", "1 real + 3 real + 5 real")
def _() -> str:
    v = vector("rotations")
    return written(irreducible_parts(v * v, "rotations"))


@row(PARTS, "SU(3): 8 x 8", "1 real + 2 x 8 real + 10 complex + 10 complex + 27 real")
def _() -> str:
    return written(irreducible_parts(adjoint(3) * adjoint(3), "global-gauge"))


@row(PARTS, "SU(2): the fundamental representation", "2 quaternionic")
def _() -> str:
    return written(irreducible_parts(fundamental(2), "global-gauge"))


@row(PARTS, "dimensions of the irreducible characters of S_5", "1 1 4 4 5 5 6")
def _() -> str:
    table = multiplication_table("permutations", Points(normal(1, 5, 1)))
    sizes = irreducible_characters(table).abs().amax(1)
    return " ".join(str(round(float(size))) for size in sizes)


LAYERS = "maps that a layer reaches"


def convolution(ndim: int, extent: int, tied: bool = False, everywhere: bool = False) -> str:
    """L-Conv at trivial links, from one channel to one."""
    theory = GaugeTheory("u1", ndim, rotations="all")
    paths = axis_paths(ndim)
    if everywhere:
        paths = (*paths, *itertools.chain.from_iterable([(a, b), (b, a)] for a in (1, -1) for b in (2, -2)))
    layer = LConv(theory, 1, 1, generator=torch.Generator().manual_seed(0), paths=paths)
    if tied:
        assert layer.weight.index is not None
        layer.weight.index.zero_()
    w = SiteMatrices(torch.ones(1, 1, *[extent] * ndim, 1, 1, dtype=torch.complex128))

    def f(w: Tensor) -> Tensor:
        return layer(torch.zeros(len(w), ndim, *[extent] * ndim, dtype=torch.float64), w)[1]

    report = check_complete(f, w, "translations * hypercubic", out=SiteMatrices, everywhere=everywhere)
    return f"{report.counts.rank} of {report.counts.dim if everywhere else report.counts.within}"


@row(LAYERS, "L-Conv, rotations all, 5 x 5", "2 of 2")
def _() -> str:
    return convolution(2, 5)


@row(LAYERS, "L-Conv, rotations all, 3 x 3 x 3", "2 of 2")
def _() -> str:
    return convolution(3, 3)


@row(LAYERS, "L-Conv, rotations all, 3 x 3, paths to every site, of any kernel", "3 of 3")
def _() -> str:
    return convolution(2, 3, everywhere=True)


@row(LAYERS, "L-Conv, 5 x 5, all weights tied by mistake", "1 of 2")
def _() -> str:
    return convolution(2, 5, tied=True)


REGRESSION = "difference from augmented data"


def augmented(group: str, x: Image, y: CartesianTensors) -> list[Tensor]:
    """Vectors of all rows for all elements."""
    g = group_named(group).elements((x, y))
    moved = [representation(value, group, (x, y))(g) @ value.data.flatten(1).mT for value in (x, y)]
    return [part.mT.flatten(0, 1) for part in moved]


@row(REGRESSION, "ridge, D4, pictures of 4 x 4 to vectors", "< 1e-10")
def _() -> str:
    x, y = Image(normal(7, 1, 4, 4, seed=1)), CartesianTensors(normal(7, 2))
    many, targets = augmented("d4", x, y)
    square = many.mT @ many / len(many) + 0.1 * torch.eye(many.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(square, many.mT @ targets / len(many)).mT
    found = equivariant_ridge(intertwiners(x, y, "d4"), x, y, penalty=0.1).weight().detach()
    return f"{float((found - weight).abs().max()):.1e}"


@row(REGRESSION, "averaged kernel, D4, pictures of 4 x 4 to tensors", "< 1e-10")
def _() -> str:
    x, y = Image(normal(7, 1, 4, 4, seed=1)), CartesianTensors(normal(7, 2, 2), rank=2)

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (1 + a @ b.mT / 16) ** 3

    many, targets = augmented("d4", x, y)
    weights = torch.linalg.solve(kernel(many, many) + 0.01 * len(many) * torch.eye(len(many)).double(), targets)
    new = normal(5, 1, 4, 4, seed=2)
    found = fit_kernel(kernel, x, y, "d4", penalty=0.01)(new).flatten(1)
    return f"{float((found - kernel(new.flatten(1), many) @ weights).abs().max()):.1e}"


def agree(known: str, found: str) -> bool:
    """Whether the answer is the known one, or below a known bound."""
    return float(found) < float(known[2:]) if known.startswith("< ") else found == known


def main() -> None:
    parser = argparse.ArgumentParser(description="The tables of gaugeflow.symmetry.algebra.")
    parser.add_argument("--row", default="", help="only rows with this in their question; writes nothing")
    wanted = parser.parse_args().row
    torch.set_num_threads(1)
    rows = []
    for table, question, known, find in ROWS:
        if wanted not in question:
            continue
        start = time.process_time()
        found = str(find())
        seconds = round(time.process_time() - start, 2)
        rows.append({"table": table, "question": question, "known": known, "found": found, "seconds": seconds})
        mark = "  " if agree(known, found) else "! "
        print(f"{mark}{table}: {question}: {found} (known: {known}, {seconds} s)", flush=True)
    if not wanted:
        RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
