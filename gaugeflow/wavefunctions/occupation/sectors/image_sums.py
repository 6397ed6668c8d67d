"""Sums over images of orbitals by compiled loops, as a function of torch with first derivatives."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.kernels.numba.threads import share
from gaugeflow.wavefunctions.occupation.sectors import image_loops

__all__ = ["CompiledImages"]

LEAST = 16
"""Configurations that are worth handing to a thread."""


class CompiledImages(torch.autograd.Function):
    """``apply(orders, weights, tables, own, rows, tables, own, rows)``, up before down, with tables ``(batch, terms,
    sites, n)``, what is each particle's own ``(batch, terms, n, n)``, and rows ``(batch, n, sites)``.

    Gives the sums and those of the moduli of their parts, ``(batch,)``; the latter have no derivatives. A configuration
    that a motion leaves alone, but for a sign that is not its character, has exact zeros in any precision.
    """

    @staticmethod
    def forward(ctx: Any, orders: Tensor, weights: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        total, size = weights.new_empty(len(given[0])), weights.new_empty(len(given[0]))
        ctx.save_for_backward(orders, weights, *given)
        work = (_spin(*given[:3]), _spin(*given[3:]), orders.numpy(), weights.numpy(), total.numpy(), size.numpy())
        share(image_loops.sums, work, len(total), LEAST)
        ctx.mark_non_differentiable(size)
        return total, size

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slopes: Tensor, _: Tensor) -> Any:
        orders, weights, *given = ctx.saved_tensors
        spins = _spin(*given[:3]), _spin(*given[3:])
        found = [image_loops.Spin(np.zeros_like(s.tables), np.zeros_like(s.own), s.sites) for s in spins]
        work = (*spins, orders.numpy(), weights.numpy(), slopes.double().contiguous().numpy(), *found)
        share(image_loops.back, work, len(slopes), LEAST)
        up, down = ([*map(torch.from_numpy, spin[:2]), None] for spin in found)
        return None, None, *up, *down


def _spin(tables: Tensor, own: Tensor, rows: Tensor) -> image_loops.Spin:
    sites = rows.detach().argmax(-1).numpy()
    return image_loops.Spin(tables.detach().contiguous().numpy(), own.detach().contiguous().numpy(), sites)
