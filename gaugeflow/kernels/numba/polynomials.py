"""Polynomials of Wilson loops on the CPU: a tape of products in compiled loops, one configuration per thread."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.numba.backend import flat, grid_of, type_carriers
from gaugeflow.kernels.numba.layout import RowLayout
from gaugeflow.kernels.numba.tape.play import play
from gaugeflow.kernels.numba.tape.score import ADJOINT_TIMES, TIMES, TIMES_ADJOINT, Request, Score, Terms
from gaugeflow.kernels.numba.threads import share
from gaugeflow.kernels.polynomials import LoopPolynomials
from gaugeflow.kernels.tapes.loops import Factor, Recording, Site

__all__ = ["NumbaPolynomials"]


class NumbaPolynomials(LoopPolynomials):
    """States and momenta are those of the numba kernels without halo."""

    def __init__(self, kernels: LoopKernels, recording: Recording) -> None:
        super().__init__(kernels, recording)
        shape, dtype = kernels.shape, kernels.dtype
        places = _Places(shape, RowLayout(shape, dtype.itemsize, [0] * len(shape)).inner)
        products, traces, terms, slopes = self._tables(places)
        self.layout = RowLayout(shape, dtype.itemsize, [places.reach] * len(shape))
        neighbours = self.layout.neighbour_rows(places.known)
        spots = places.spots(self.layout, neighbours)
        size, lanes = type_carriers(kernels.n, self.layout, dtype)
        mask = (np.arange(self.layout.padded) < self.layout.extent).astype(lanes[0].dtype)
        score = Score(self.tape.fields, products, traces, neighbours, spots, mask, terms, slopes)
        self._played = partial(play, size, lanes, grid_of(kernels.n, self.layout), score)

    def values(self, state: Tensor) -> Tensor:
        return self._play(state, False, False)[0]

    def directional(self, state: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        return self._play(state, True, False, momenta)[:2]

    def force(self, state: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        values, _, force, _ = self._play(state, False, True, None, c)
        return force, values

    def pullback(
        self, state: Tensor, momenta: Tensor, c: Tensor, e: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        values, along, force, turned = self._play(state, True, True, momenta, c, e, weight)
        return turned, force, values, along

    def _play(
        self,
        state: Tensor,
        dual: bool,
        back: bool,
        momenta: Tensor | None = None,
        c: Tensor | None = None,
        e: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        layout, batch, count = self.layout, len(state), len(self.functions)
        lines = (batch, layout.ndim, layout.rows)
        check_packed(state, (*lines, 2 * self.kernels.n**2, layout.padded), self.kernels.dtype)
        size = (*lines, self.kernels.dim, layout.padded)
        if momenta is not None:
            check_packed(momenta, size, self.kernels.dtype)
        sums = torch.zeros(2, batch, count, dtype=torch.float64)
        force = state.new_zeros(size if back else 0)
        turned = state.new_zeros(size if back and dual else 0)
        weights = (_numbers(c, count), _numbers(e, count), _numbers(weight, batch))
        request = Request(dual, back, flat(turned[:0] if momenta is None else momenta.detach()), *weights)
        out = (sums[0].numpy(), sums[1].numpy(), flat(force), flat(turned))
        share(self._played, (flat(state), request, out), batch)
        return sums[0], sums[1], force, turned

    def _tables(self, places: "_Places") -> tuple[NDArray[np.int64], NDArray[np.int64], Terms, Terms]:
        """The tape and the polynomials with every displacement as a row of neighbours and a shift."""
        kinds = {(False, False): TIMES, (False, True): TIMES_ADJOINT, (True, False): ADJOINT_TIMES}
        steps, before = [], -1
        for p in self.tape.products:
            between = _plus(p.b_place, _minus(p.a_place))
            moves = (p.a_place, p.b_place, _minus(p.a_place), between, _minus(p.b_place), _minus(between))
            numbers = [number for place in moves for number in places[place]]
            steps.append((p.a, p.b, kinds[p.a_adjoint, p.b_adjoint], p.field, p.field > before, *numbers))
            before = p.field
        traces = [(t.a, t.b, t.b_adjoint, *places[t.shift], places[_minus(t.shift)][0]) for t in self.tape.traces]
        terms, slopes = _TermList(places), _TermList(places)
        for function, products in enumerate(self.functions):
            for factors in products:
                terms.append(function, factors)
                for k, (loop, conjugate, place) in enumerate(factors):
                    others = [(o, c, _plus(p, _minus(place))) for o, c, p in (*factors[:k], *factors[k + 1 :])]
                    slopes.append(function, others, (loop, conjugate))
        return _table(steps, 17), _table(traces, 6), terms.table(), slopes.table()


class _Places:
    """Displacements on the torus, numbered as they come."""

    def __init__(self, shape: Sequence[int], inner: int) -> None:
        self.shape, self.inner = shape, inner
        self.known: list[Site] = [(0,) * len(shape)]

    def __getitem__(self, place: Site) -> tuple[int, int]:
        """The number of a displacement, and its part along the inner axis."""
        near = tuple((p + extent // 2) % extent - extent // 2 for p, extent in zip(place, self.shape, strict=True))
        if near not in self.known:
            self.known.append(near)
        return self.known.index(near), near[self.inner]

    @property
    def reach(self) -> int:
        """The largest distance along the inner axis, in either direction."""
        return max(abs(place[self.inner]) for place in self.known)

    def spots(self, layout: RowLayout, neighbours: NDArray[np.int64]) -> NDArray[np.int64]:
        """See :class:`Score`."""
        inner = np.array([place[self.inner] for place in self.known])
        along = (np.arange(layout.extent) + inner[:, None]) % layout.extent + layout.halo
        rows = neighbours * 2 * (layout.padded + 2 * layout.halo)
        return np.ascontiguousarray((rows[:, :, None] + along[:, None, :]).reshape(len(inner), -1))


class _TermList:
    """Products of traces as they are collected for :class:`Terms`."""

    def __init__(self, places: _Places) -> None:
        self.places = places
        self.function: list[int] = []
        self.target: list[tuple[int, int]] = []
        self.first = [0]
        self.factors: list[tuple[int, ...]] = []

    def append(self, function: int, factors: Sequence[Factor], target: tuple[int, int] = (-1, 0)) -> None:
        self.function.append(function)
        self.target.append(target)
        self.factors += [(loop, conjugate, self.places[place][0]) for loop, conjugate, place in factors]
        self.first.append(len(self.factors))

    def table(self) -> Terms:
        function, first = np.array(self.function, np.int64), np.array(self.first, np.int64)
        return Terms(function, _table(self.target, 2), first, _table(self.factors, 3))


def check_packed(field: Tensor, expected: tuple[int, ...], dtype: torch.dtype) -> None:
    """Raises UserError for a field of other kernels: compiled code would write past its end."""
    if field.shape != expected or field.dtype != dtype or not field.is_contiguous():
        raise UserError(f"loop polynomials: expected {dtype} {expected}, got {field.dtype} {tuple(field.shape)}")


def _numbers(given: Tensor | None, count: int) -> NDArray[Any]:
    """The numbers given, or so many zeros."""
    return np.zeros(count) if given is None else flat(given.detach().contiguous())


def _plus(one: Site, other: Site) -> Site:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _minus(place: Site) -> Site:
    return tuple(-d for d in place)


def _table(rows: Sequence[Sequence[int]], columns: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, columns)
