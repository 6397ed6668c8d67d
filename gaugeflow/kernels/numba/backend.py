"""The CPU backend: compiled loops over rows of sites, written for vector units, shared between threads.

The first call for a group and precision compiles (a few seconds); the result is cached on disk. The cache looks only
at the file of the kernel that is called: after editing one that it calls, delete ``*.nbi``.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.kernels.colouring import colour_links
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.numba import local as numba_local
from gaugeflow.kernels.numba import loops as numba_loops
from gaugeflow.kernels.numba import rows as numba_rows
from gaugeflow.kernels.numba.layout import RowLayout
from gaugeflow.kernels.numba.local import Colour
from gaugeflow.kernels.numba.loops import Grid
from gaugeflow.kernels.numba.packing import fill_lines
from gaugeflow.kernels.numba.programs import Program, compile_paths, reaches
from gaugeflow.kernels.numba.threads import share
from gaugeflow.kernels.tables import Path, Profile, Region, Staples, check_loops

__all__ = ["NumbaKernels", "flat", "grid_of", "pack_links", "type_carriers"]

ROWS_PER_PIECE, VECTORS_PER_PIECE = 4, 16
LOOK_AHEAD_BYTES = 1 << 25
"""Size of a field from which links are asked for ahead of time; smaller ones stay in the caches."""


class NumbaKernels(LoopKernels):
    """States are :class:`RowLayout` tensors, momenta ``(batch, D, rows, dim, T')`` with zeros beyond the extent."""

    backend = "numba"

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        staples: Staples,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
        profile: Profile | None = None,
    ) -> None:
        super().__init__(group, shape, staples, dtype, device, profile)
        starts = [tuple(int(axis == mu) for axis in range(self.ndim)) for mu in range(self.ndim)]
        sums = list(zip(starts, self.staple_table, strict=True))
        halos = [reaches([path for path, _ in row], start) for start, row in sums]
        self.layout = RowLayout(self.shape, dtype.itemsize, [max(reach) for reach in zip(*halos, strict=True)])
        factors = [factor for mu in range(self.ndim) for factor in self._coefficients(mu)]
        self._program = compile_paths(sums, self.layout, self.layout.lines_of(factors, dtype))
        self._size, self._lanes = type_carriers(self.n, self.layout, dtype)
        self._grid = grid_of(self.n, self.layout)
        self._mask = np.zeros(self.layout.padded, self._lanes[0].dtype)
        self._mask[: self.layout.extent] = 1
        self._colours: dict[Region | None, list[Colour]] = {}

    def pack(self, links: Tensor) -> Tensor:
        self._check_links(links)
        return pack_links(links.detach(), self.n, self.layout)

    def unpack(self, state: Tensor) -> Tensor:
        matrices = self._matrices(state)
        return matrices.angle() if self.n == 1 else matrices

    def pack_momenta(self, momenta: Tensor) -> Tensor:
        self._check_momenta(momenta)
        field = momenta[..., None] if self.n == 1 else momenta
        lines = self.layout.to_rows(field.detach()).flatten(2, -3)
        return torch.nn.functional.pad(lines, (0, self.layout.padded - self.layout.extent)).contiguous()

    def unpack_momenta(self, momenta: Tensor) -> Tensor:
        field = self.layout.from_rows(momenta[..., : self.layout.extent])
        return field[..., 0] if self.n == 1 else field

    def staples(self, state: Tensor, out: Tensor | None = None) -> Tensor:
        if out is None:
            out = state.new_empty(*state.shape[:-1], self.layout.padded)
        self._over_rows(
            numba_loops.staples, self._program, state, self._links(state), self._lines(out, state, 2 * self.n**2)
        )
        return out

    def unpack_staples(self, staples: Tensor) -> Tensor:
        return self._matrices(staples)

    def force(self, state: Tensor) -> Tensor:
        rest = state.new_zeros(*state.shape[:3], self.dim, self.layout.padded)
        return self.kick_(rest, state, -1.0)

    def kick_(self, momenta: Tensor, state: Tensor, eps: float) -> Tensor:
        fields = (self._lines(momenta, state, self.dim), self._links(state), self._mask, float(eps))
        self._over_rows(numba_loops.kick, self._program, state, *fields)
        return momenta

    def drift_(self, state: Tensor, momenta: Tensor, eps: float) -> Tensor:
        fields = (self._links(state), self._lines(momenta, state, self.dim), float(eps))
        self._over_rows(numba_rows.drift, None, state, *fields)
        return state

    def loop_traces(self, state: Tensor, loops: Sequence[Path], profile: Profile | None = None) -> Tensor:
        check_loops(loops, self.shape)
        self._links(state)
        different = sorted(set(loops))
        state, layout = self._widened(state, max(map(max, [reaches([loop], [0] * self.ndim) for loop in loops])))
        factors = [profile(self.shape, loop) for loop in different] if profile else []
        paths = [([0] * self.ndim, [(loop, 1.0) for loop in different])]
        program = compile_paths(paths, layout, layout.lines_of(factors, self.dtype))
        sums = np.zeros((state.shape[0] * layout.rows, len(different), 2))
        self._over_rows(numba_loops.traces, program, state, flat(state), sums, grid=grid_of(self.n, layout))
        traces = torch.view_as_complex(torch.from_numpy(sums.reshape(state.shape[0], -1, *sums.shape[1:]).sum(1)))
        return traces[:, [different.index(loop) for loop in loops]] / (self.n * self.volume)

    def heatbath_(self, state: Tensor, key: int, region: Region | None = None) -> Tensor:
        return self._sweep(state, numba_local.HEATBATH, key, region)

    def overrelax_(self, state: Tensor, region: Region | None = None) -> Tensor:
        return self._sweep(state, numba_local.OVERRELAX, 0, region)

    def reunitarize_(self, state: Tensor) -> Tensor:
        if self.n > numba_rows.CLOSED_FORM_UP_TO:
            return state.copy_(self.pack(self.group.project(self.unpack(state))))
        self._over_rows(numba_rows.reunitarize, None, state, self._links(state))
        return state

    def _links(self, state: Tensor) -> NDArray[Any]:
        """The numbers of a state, after a look at its shape: compiled code would write past the end of another one."""
        return self._checked(state, state.shape[0], 2 * self.n**2, self.layout.padded + 2 * self.layout.halo)

    def _lines(self, field: Tensor, state: Tensor, lines: int) -> NDArray[Any]:
        """The numbers of momenta or staples that go with a state."""
        return self._checked(field, state.shape[0], lines, self.layout.padded)

    def _checked(self, field: Tensor, chains: int, lines: int, width: int) -> NDArray[Any]:
        expected = (chains, self.ndim, self.layout.rows, lines, width)
        if field.shape != expected or field.dtype != self.dtype:
            raise UserError(
                f"kernels: expected a packed field {self.dtype} {expected} of these kernels, "
                f"got {field.dtype} {tuple(field.shape)}"
            )
        return flat(field)

    def _matrices(self, lines: Tensor) -> Tensor:
        """Complex matrices of a state or of staples, told apart by the length of their lines; U(1): complex numbers."""
        first = (lines.shape[-1] - self.layout.padded) // 2
        field = self.layout.from_rows(lines[..., first : first + self.layout.extent])
        return torch.view_as_complex(field if self.n == 1 else field.unflatten(-1, (self.n, self.n, 2)))

    def _widened(self, state: Tensor, reach: int) -> tuple[Tensor, RowLayout]:
        """The state with a halo of at least ``reach``."""
        if reach <= self.layout.halo:
            return state, self.layout
        layout = self.layout.with_halo(reach)
        return state[..., layout.places() % self.layout.extent + self.layout.halo], layout

    def _coloured(self, region: Region | None) -> list[Colour]:
        """What is updated one after the other."""
        sites, found = self.layout.sites(), []
        inside = region(self.shape).numpy() if region else np.ones((self.ndim, *self.shape), bool)
        for mu, by_site in enumerate(colour_links(self.staple_table, self.shape)):
            colours = np.where(inside[mu], by_site, -1).reshape(-1)[sites]
            for number in range(int(colours.max()) + 1):
                found.append(Colour(mu, number, self.layout.vectors(colours == number), colours, sites))
        return found

    def _sweep(self, state: Tensor, kind: int, key: int, region: Region | None) -> Tensor:
        numbers = self._links(state)
        sweep = partial(numba_local.sweep, self._size, self._lanes, self._grid, self._program)
        if region not in self._colours:
            self._colours[region] = self._coloured(region)
        for links in self._colours[region]:
            fields = (numbers, links, kind, np.uint64(key))
            share(sweep, fields, state.shape[0] * len(links.vectors), VECTORS_PER_PIECE)
        return state

    def _over_rows(
        self,
        kernel: Callable[..., object],
        program: Program | None,
        state: Tensor,
        *fields: Any,
        grid: Grid | None = None,
    ) -> None:
        """Runs a kernel over chains and rows."""
        head = (self._size, self._lanes, grid or self._grid) + ((program,) if program else ())
        share(partial(kernel, *head), fields, state.shape[0] * self.layout.rows, ROWS_PER_PIECE)


def type_carriers(n: int, layout: RowLayout, dtype: torch.dtype) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Tuples whose types tell compiled code N and the vector: ``size`` and ``lanes``."""
    number = np.float32(0) if dtype == torch.float32 else np.float64(0)
    return (0,) * n, (number,) * layout.lanes


def grid_of(n: int, layout: RowLayout) -> Grid:
    """What compiled code needs to know of a layout of N x N matrices."""
    field = layout.ndim * layout.rows * 2 * n * n * (layout.padded + 2 * layout.halo) * layout.itemsize
    return Grid(layout.ndim, layout.rows, layout.extent, layout.padded, layout.halo, field > LOOK_AHEAD_BYTES)


def pack_links(links: Tensor, n: int, layout: RowLayout) -> Tensor:
    """Links, or U(1) angles, as a new state."""
    matrices = torch.polar(torch.ones_like(links), links) if n == 1 else links
    numbers = torch.view_as_real(matrices.resolve_conj()).contiguous()
    count, width = 2 * n * n, layout.padded + 2 * layout.halo
    state = numbers.new_empty(*numbers.shape[:2], layout.rows, count, width)
    fill = partial(fill_lines, layout.sites(), layout.halo, width, count)
    share(fill, (flat(numbers), flat(state)), state.shape[0] * state.shape[1] * layout.rows, ROWS_PER_PIECE)
    return state


def flat(field: Tensor) -> NDArray[Any]:
    """The numbers of a contiguous tensor, for compiled code."""
    return field.view(-1).numpy()
