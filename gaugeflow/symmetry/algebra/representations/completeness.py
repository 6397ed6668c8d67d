"""Whether the parameters of a linear layer reach every linear map that commutes with a group."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree, call_raw, device_of, leaves, map_tensors, raw_of
from gaugeflow.symmetry.algebra.representations.hom import hom
from gaugeflow.symmetry.algebra.representations.representation import Representation, together, written
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.casting import in_precision
from gaugeflow.symmetry.checks.trials.held import held_by
from gaugeflow.symmetry.checks.trials.outputs import wrap
from gaugeflow.symmetry.checks.trials.trials import master
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["Completeness", "Counts", "check_complete"]

EXACT = 1e-8
"""The part of a map that may be rounding."""


class Counts(NamedTuple):
    """Numbers of independent linear maps.

    Attributes:
        rank: how many that commute with the group the parameters reach.
        dim: how many commute with the group.
        within: how many of these vanish wherever the layer does for all parameters: those of its own kernel.
        broken: how many the parameters reach that do not commute.
    """

    rank: int
    dim: int
    within: int
    broken: int


NOTHING = Counts(0, 0, 0, 0)


@dataclass(frozen=True)
class Completeness(Report):
    """What `check_complete` says, and the numbers from which it says it."""

    counts: Counts = NOTHING


def check_complete(
    f: Callable[..., Any],
    x: Tree,
    group: Group | str,
    *,
    out: Any,
    everywhere: bool = False,
    seed: int = 0,
    label: str | None = None,
) -> Completeness:
    """Check that a linear layer reaches all linear maps that commute with a group: nothing tied too much or forgotten.

    The maps of the layer for random parameters span a space; its rank is compared with the dimension of all maps that
    commute with the group. A constant that the layer adds is left aside. Complex numbers are counted as in
    `representation`, so real weights of a complex-linear layer count as complex ones.

    Args:
        f: the layer, or a function that calls it: of plain tensors, linear in `x`. Its parameters are drawn at random
            and put back.
        x: example of the input, as for `check`.
        group: a group or its name.
        out: how the output is read.
        everywhere: compare with all maps, not only with those that vanish where those of the layer always do: those
            of its kernel.
        seed: of the random parameters and group elements.

    Raises:
        ValueError: a function without parameters, one that is not linear, or values too large for dense matrices.
    """
    start = time.perf_counter()
    group, example, held = group_named(group), map_tensors(lambda t: t[:1], master(x)), held_by(f)
    parameters = list({id(p): p for module in held.modules for p in module.parameters()}.values())
    if not parameters:
        raise ValueError(f"completeness: expected a layer with parameters, {label_of(f)} holds none")
    with torch.no_grad(), in_precision(held, torch.float64):
        layer = _read_layer(f, example, group, out)
        basis = hom(layer.x, layer.y, seed).flatten(1)
        generator = torch.Generator().manual_seed(seed)
        reached = []
        for _ in range(min(sum(p.numel() for p in parameters), len(basis)) + 1):
            for p in parameters:
                p.data = torch.randn(p.shape, dtype=p.dtype, generator=generator).to(p.device)
            reached.append(layer.matrix().flatten())
    counts = _counted(torch.stack(reached), basis)
    finding = _finding(group.label(), counts, everywhere)
    return Completeness(label or label_of(f), (finding,), time.perf_counter() - start, counts=counts)


def _counted(reached: Tensor, basis: Tensor) -> Counts:
    """From maps of the layer `(draws, m n)` and an orthonormal basis of Hom `(dim, m n)`."""
    size = reached.abs().max()
    off = reached - reached @ basis.mH @ basis
    places = (reached.abs() > EXACT * size).any(0)
    return Counts(
        rank=_rank(reached @ basis.mH, size),
        dim=len(basis),
        within=len(basis) - _rank(basis[:, ~places], torch.ones(())),
        broken=_rank(off, size),
    )


def _rank(maps: Tensor, scale: Tensor) -> int:
    return int(torch.linalg.matrix_rank(maps, atol=EXACT * float(scale))) if maps.numel() else 0


def _finding(group: str, counts: Counts, everywhere: bool) -> Finding:
    rank, dim, within, broken = counts
    expected = dim if everywhere else within
    maps = f"{expected} linear maps that commute" + ("" if everywhere else f" and have its kernel ({dim} with any)")
    if broken:
        verdict, message = Verdict.BROKEN, f"it makes {broken} independent maps that do not commute"
    elif rank < expected:
        lacking = f"{expected - rank} of the {maps} cannot be reached"
        verdict, message = Verdict.BROKEN, f"{lacking}: weights are tied that need not be, or missing"
    elif not rank:
        verdict, message = Verdict.CONSTANT, "it is zero for all parameters"
    else:
        verdict, message = Verdict.HOLDS, f"all {maps} can be reached"
    return Finding(f"completeness under {group}", verdict, message)


def _read_layer(f: Callable[..., Any], example: Tree, group: Group, out: Any) -> _Layer:
    """The layer between vectors: complex ones where it is linear over the complex numbers, else real ones."""
    y = map_tensors(Tensor.detach, wrap(out, call_raw(f, raw_of(example))))
    x, y = together(example, y, group)
    for layer in (_Layer(f, example, out, x, y), _Layer(f, example, out, x.real(), y.real())):
        if layer.is_linear():
            return layer
    raise ValueError(f"completeness: expected a layer that is linear in its input, {label_of(f)} is not")


@dataclass(frozen=True)
class _Layer:
    """The linear part of a function between vectors, for the parameters that it has now."""

    f: Callable[..., Any]
    like: Tree
    out: Any
    x: Representation
    y: Representation

    def __call__(self, vectors: Tensor) -> Tensor:
        given = torch.cat([torch.zeros_like(vectors[:1]), vectors]).to(device_of(self.like))
        y = wrap(self.out, call_raw(self.f, written(given, self.like)))
        read = self.y.read(tuple(leaf.data for leaf in leaves(y)))
        return read[1:] - read[:1]

    def is_linear(self) -> bool:
        dtype = torch.complex128 if self.x.is_complex else torch.float64
        v, w = torch.randn((2, 3, self.x.size), dtype=dtype, generator=torch.Generator().manual_seed(0))
        factor = 2j if self.x.is_complex else 2.0
        expected = factor * self(v) - self(w)
        return bool((self(factor * v - w) - expected).abs().max() <= EXACT * expected.abs().max())

    def matrix(self) -> Tensor:
        return self(torch.eye(self.x.size, dtype=torch.complex128 if self.x.is_complex else torch.float64)).mT
