"""Convolutions of site fields that commute with translations and with the whole hypercubic group."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError

__all__ = ["OrbitKernels", "displacement_orbits"]


def displacement_orbits(ndim: int, radius: int) -> list[list[tuple[int, ...]]]:
    """The displacements with ``|d_mu| <= radius``, gathered in orbits under permutations and signs of the axes.

    The orbit of zero comes first, then by length; in two dimensions with radius 1 there are three, of 1, 4 and 4.
    """
    orbits: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for d in itertools.product(range(-radius, radius + 1), repeat=ndim):
        orbits.setdefault(tuple(sorted(map(abs, d))), []).append(d)
    return [orbits[key] for key in sorted(orbits, key=lambda key: (sum(c * c for c in key), key))]


class OrbitKernels(nn.Module):
    """``(K_o * h)(x) = sum_{d in orbit o} h(x + d)`` on a periodic lattice, by Fourier transform.

    The kernels are even, hence their transforms real. Their number does not depend on the extents, so weights for them
    serve every lattice; a displacement that winds around a small one counts as often as it arrives.

    Args:
        shape: extents; any number of axes.
        radius: largest displacement along an axis, at least 0.
        dtype: real dtype of the fields.

    Raises:
        UserError: no axis, an extent below 1 or a negative radius.
    """

    transfer: Tensor
    """``(orbits, *modes)``, the modes of ``rfftn``."""
    centre: Tensor
    """``(orbits,)``: the weight of a site in its own sum."""

    def __init__(self, shape: Sequence[int], radius: int, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.shape, self.axes = tuple(shape), tuple(range(2, 2 + len(shape)))
        if not self.shape or min(self.shape) < 1 or radius < 0:
            raise UserError(f"kernels: expected extents >= 1 and a radius >= 0, got {self.shape} and {radius}")
        orbits = displacement_orbits(len(self.shape), radius)
        table = torch.zeros(len(orbits), *self.shape, dtype=torch.float64)
        for kernel, orbit in zip(table, orbits, strict=True):
            for d in orbit:
                kernel[tuple(c % extent for c, extent in zip(d, self.shape, strict=True))] += 1
        transfer = torch.fft.rfftn(table, dim=tuple(range(1, table.ndim))).real
        self.register_buffer("transfer", transfer.to(dtype), persistent=False)
        self.register_buffer("centre", table.flatten(1)[:, 0].to(dtype), persistent=False)

    def __len__(self) -> int:
        return len(self.centre)

    def each(self, h: Tensor) -> Tensor:
        """Every kernel on every channel: ``(batch, channels, *shape)`` to ``(batch, channels, orbits, *shape)``."""
        modes = torch.fft.rfftn(h, dim=self.axes)[:, :, None] * self.transfer
        return torch.fft.irfftn(modes, s=self.shape, dim=tuple(axis + 1 for axis in self.axes))

    def mix(self, h: Tensor, weights: Tensor) -> Tensor:
        """``sum_{f, o} weights[g, f, o] K_o * h_f``: ``(batch, f, *shape)`` to ``(batch, g, *shape)``."""
        kernels = torch.tensordot(weights, self.transfer, 1)  # (g, f, *modes)
        modes = torch.fft.rfftn(h, dim=self.axes)[:, None] * kernels
        return torch.fft.irfftn(modes.sum(2), s=self.shape, dim=self.axes)

    def extra_repr(self) -> str:
        return f"{len(self)} orbits on {'x'.join(map(str, self.shape))}, {math.prod(self.shape)} sites"
