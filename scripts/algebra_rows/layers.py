"""Which of the maps that commute the parameters of a layer reach."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from algebra_rows.row import row
from gaugeflow.nn import GaugeTheory, LConv, axis_paths
from gaugeflow.symmetry import SiteMatrices, check_complete

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
