"""Fields and actions on which the kernel tests agree."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.groups import Group, get_group
from gaugeflow.kernels import LoopKernels, Staples, get_kernels
from gaugeflow.lattice.paths import lattice_images, rectangle, staple_paths


@dataclass(frozen=True)
class Case:
    """A group, a lattice and an action ``beta`` times plaquettes, or plaquettes and rectangles with ``c1``."""

    group: str
    shape: tuple[int, ...]
    c1: float = 0.0
    beta: float = 2.0

    @property
    def algebra(self) -> Group:
        return get_group(self.group)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def loops(self) -> list[tuple[tuple[int, ...], float]]:
        small = [(loop, self.beta * (1 - 8 * self.c1)) for loop in lattice_images(rectangle(0, 1, 1, 1), self.ndim)]
        large = [(loop, self.beta * self.c1) for loop in lattice_images(rectangle(0, 1, 2, 1), self.ndim)]
        return small + large if self.c1 else small

    @property
    def staples(self) -> Staples:
        return staple_paths(self.loops, self.ndim)

    def kernels(self, backend: str, dtype: torch.dtype = torch.float64) -> LoopKernels:
        return get_kernels(self.algebra, self.staples, self.shape, dtype, backend=backend)

    def haar(self, generator: torch.Generator, batch: int = 2, dtype: torch.dtype = torch.float64) -> Tensor:
        return self.algebra.haar((batch, self.ndim, *self.shape), generator, dtype)

    def momenta(self, generator: torch.Generator, batch: int = 2, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(batch, self.ndim, *self.shape, *self.algebra.algebra_shape, generator=generator, dtype=dtype)

    def smooth(self, generator: torch.Generator, batch: int = 2, dtype: torch.dtype = torch.float64) -> Tensor:
        """Links near 1, whose staples do not cancel: updates of them are well conditioned."""
        return self.algebra.exp(0.3 * self.momenta(generator, batch, dtype))

    def action(self, kernels: LoopKernels, state: Tensor) -> Tensor:
        traces = kernels.loop_traces(state, [loop for loop, _ in self.loops]).real
        weights = torch.tensor([c for _, c in self.loops], dtype=torch.float64)
        return kernels.volume * ((1 - traces) * weights).sum(1)

    def __str__(self) -> str:
        return f"{self.group}-{'x'.join(map(str, self.shape))}{'-rectangles' if self.c1 else ''}"


CASES = [
    Case("u1", (3, 11)),
    Case("u1", (5, 11), c1=-1 / 12),
    Case("su2", (3, 5, 9), c1=-1 / 12),
    Case("su3", (2, 3, 4, 9)),
    Case("su3", (5, 3, 9), c1=-0.331),
    Case("su4", (3, 9)),
]
"""Every N that is written out, D = 2, 3, 4, odd extents, and vectors that the rows do not fill."""
