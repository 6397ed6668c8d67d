"""Products of field strengths, site by site, with nothing kept but their traces.

A field strength is ``G = (C - C^dagger) / 2i`` without its trace, of a mean C of loops from the site.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

from gaugeflow.kernels.numba.backend import flat, grid_of, pack_links, type_carriers
from gaugeflow.kernels.numba.layout import RowLayout
from gaugeflow.kernels.numba.loops import Position, address_of, new_buffers, staple_sum
from gaugeflow.kernels.numba.programs import compile_paths, reaches
from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.threads import share
from gaugeflow.kernels.tables import Path

__all__ = ["strength_products_numba"]

ROWS_PER_PIECE = 4


def strength_products_numba(
    links: Tensor, leaves: Sequence[Sequence[Path]], pairs: Sequence[tuple[int, int]]
) -> Tensor:
    """Lattice means of ``tr G_a G_b`` for each pair, float64 ``(batch, n_pairs)``; SU(N) links on the CPU.

    Args:
        links: ``(batch, D, *shape, N, N)``.
        leaves: for each G the loops whose mean is C.
        pairs: places in `leaves`.
    """
    batch, ndim, *shape = links.shape[:-2]
    n, dtype, origin = links.shape[-1], links.real.dtype, [0] * ndim
    layout = RowLayout(shape, dtype.itemsize, reaches([path for paths in leaves for path in paths], origin))
    sums = [(origin, [(path, 1 / len(paths)) for path in paths]) for paths in leaves]
    program = compile_paths(sums, layout, layout.lines_of([], dtype))
    grid = grid_of(n, layout)._replace(look_ahead=True)  # sums of many planes pass more links than the caches hold
    head = (*type_carriers(n, layout, dtype), grid, program)
    state, out = flat(pack_links(links, n, layout)), np.zeros((batch * layout.rows, len(pairs)))
    chosen = np.array(pairs, dtype=np.int64)

    def work(start: int, stop: int) -> None:
        products(*head, start, stop, state, chosen, out)

    share(work, (), batch * layout.rows, ROWS_PER_PIECE)
    return torch.from_numpy(out).view(batch, layout.rows, -1).sum(1) / torch.Size(shape).numel()


@njit(cache=True, nogil=True)
def products(size, lanes, grid, program, start, stop, state, pairs, out):
    """``tr G_a G_b = -(1/4) [tr A_a A_b - (1/N) tr A_a tr A_b]``, ``A = C - C^dagger``, summed along each row."""
    n, stride, count = len(size), len(lanes), len(program.bounds) - 1
    memory, address = new_buffers(size, lanes, state, count + 3 + program.depth)
    matrix = 2 * n * n * stride * state.itemsize
    total, one, turned = (address, stride), (address + matrix, stride), (address + 2 * matrix, stride)
    first, buffers = address + 3 * matrix, address + (count + 3) * matrix
    mk.identity(size, lanes, (one,), 1.0)
    traces, product = np.zeros((count, 2, stride), state.dtype), np.zeros((2, stride), state.dtype)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for column in range(0, grid.padded, stride):
            for k in range(count):
                staple_sum(size, lanes, grid, program, state, k, Position(batch, row, column), address, buffers)
                here = (first + k * matrix, stride)
                mk.adjoint(size, lanes, (turned, total), 0.0)
                mk.scaled(size, lanes, (here, total), 1.0)
                mk.add_scaled(size, lanes, (here, turned), -1.0)
                mk.trace_product(size, lanes, ((address_of(traces[k]), stride), here, one), 0.0)
            for pair in range(len(pairs)):
                a, b = pairs[pair]
                left, right = (first + a * matrix, stride), (first + b * matrix, stride)
                mk.trace_product(size, lanes, ((address_of(product), stride), left, right), 0.0)
                for lane in range(min(stride, grid.extent - column)):
                    imaginary = np.float64(traces[a, 1, lane]) * traces[b, 1, lane]
                    out[item, pair] -= (product[0, lane] + imaginary / n) / 4
    return memory.size
