"""Open path products of large fields by compiled loops."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.kernels.numba import loops as numba_loops
from gaugeflow.kernels.numba.backend import flat, grid_of, pack_links, type_carriers
from gaugeflow.kernels.numba.layout import RowLayout
from gaugeflow.kernels.numba.programs import compile_paths, reaches
from gaugeflow.kernels.numba.threads import share
from gaugeflow.kernels.tables import Path

__all__ = ["path_products_numba"]

ROWS_PER_PIECE = 4


def path_products_numba(links: Tensor, paths: Sequence[Path]) -> Tensor:
    """See :func:`gaugeflow.kernels.path_products`; SU(N) links on the CPU, not differentiable."""
    batch, ndim, *shape = links.shape[:-2]
    n, dtype = links.shape[-1], links.real.dtype
    origin = [0] * ndim
    different = sorted(set(paths) - {()})
    layout = RowLayout(shape, dtype.itemsize, reaches(different, origin))
    program = compile_paths([(origin, [(path, 1.0) for path in different])], layout, layout.lines_of([], dtype))
    size, lanes = type_carriers(n, layout, dtype)
    state = flat(pack_links(links, n, layout))
    out = torch.empty(len(different), batch, layout.rows, 2 * n * n, layout.padded, dtype=dtype)

    def work(start: int, stop: int) -> None:
        numba_loops.path_products(size, lanes, grid_of(n, layout), program, start, stop, state, flat(out))

    share(work, (), batch * layout.rows, ROWS_PER_PIECE)
    numbers = layout.from_rows(out[..., : layout.extent]).unflatten(-1, (n, n, 2))
    products = dict(zip(different, torch.view_as_complex(numbers), strict=True))
    products[()] = torch.eye(n, dtype=links.dtype).expand_as(links[:, 0])
    return torch.stack([products[path] for path in paths])
