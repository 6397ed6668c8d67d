"""The heat kernel of plaquettes in two-dimensional SU(2) and SU(3): a gauge-invariant base in closed form.

Independent heat kernels of the links would be simpler, and of no use: their density varies along gauge orbits, that of
the target does not, layers that are gauge-equivariant cannot repair it, and the effective sample size falls
exponentially with the number of sites. Of the plaquettes of a torus with V sites, with respect to Haar measure,

    q(U) = prod_p K_t(P_p) / Z,    K_t(V) = sum_r d_r exp(-t C_r / 2) chi_r(V),    Z = sum_r exp(-t V C_r / 2)

with the quadratic Casimir C_r of generators with tr(T_a T_b) = delta_ab / 2, is invariant. As ``K_s * K_t = K_(s+t)``,
Z and an exact draw, from the torus's two loops down to plaquettes, need kernels at t times an area alone: Menotti and
Onofri, Nucl. Phys. B 190 (1981) 288; Migdal, Sov. Phys. JETP 42 (1975) 413. At small t, the w of ``exp(i w_a T_a)``
are normal of variance t: Wilson's action at ``beta = 2N / t`` is near. In more than two dimensions no Z is known.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import Base
from gaugeflow.groups import SUN, Group
from gaugeflow.lattice.exact.character_series import CharacterSeries, Term
from gaugeflow.lattice.refinement.cells import cell_loops, refinement_axes
from gaugeflow.montecarlo.exact.sampler import draw_torus
from gaugeflow.montecarlo.exact.split import RejectionSplit

__all__ = ["HeatKernel", "HeatKernelTorus"]

NEGLIGIBLE = 1e-19
"""Of the kernel at 1 that an irrep may lack."""
FASTEST = 0.2
"""Shortest time served: below it most of the group has a density beneath the rounding of the sum."""


class HeatKernel:
    """``K_t`` of SU(2) or SU(3) matrices ``(..., N, N)``, normalised and differentiable.

    Rounding is about 1e-15 of the largest value; where K_t is smaller its logarithm is that of the rounding.

    Args:
        group: SU(2) or SU(3).
        time: t above, at least 0.2.

    Attributes:
        peak: the largest value, ``K_t(1)``.

    Raises:
        UserError: another group, or a time that is too short.
    """

    def __init__(self, group: Group, time: float) -> None:
        if not isinstance(group, SUN) or group.n > 3:
            raise UserError(f"heat kernel: expected su2 or su3, got {group.name}")
        if not (time >= FASTEST and math.isfinite(time)):
            raise UserError(f"heat kernel: expected a time of {FASTEST} or more, got {time}")
        self.group, self.time = group, time
        terms = list(_irreps(group.n, time))
        self.peak = math.fsum(d * d * factor for _, d, factor in terms)
        self.trace = math.fsum(factor for _, _, factor in terms)  # Z of the torus with this t for all plaquettes
        self._series = CharacterSeries(group.n, terms)

    def __call__(self, v: Tensor) -> Tensor:
        """``K_t`` of elements ``(..., N, N)``, ``(...)``."""
        return self.of_trace(self.group.trace(v))

    def of_trace(self, trace: Tensor) -> Tensor:
        """``K_t`` of the complex ``(1/N) tr V``."""
        return self._series(trace).clamp_min(0)

    def log(self, v: Tensor) -> Tensor:
        """``log K_t`` of elements ``(..., N, N)``, ``(...)``."""
        return self._series(self.group.trace(v)).clamp_min(1e-16 * self.peak).log()


class HeatKernelTorus(Base):
    """Links ``(batch, 2, X, T, N, N)`` of SU(2) or SU(3) whose plaquettes have the heat kernel as weight.

    A draw takes about ``K_t(1)`` attempts for each plaquette, which for SU(3) at t = 1 are a hundred.

    Args:
        group: SU(2) or SU(3).
        shape: two extents, powers of two.
        time: t of one plaquette, about ``2N / beta`` of Wilson's action.
        dtype: real dtype of the links.

    Raises:
        UserError: another group or lattice, or a time that is too short; on a draw, a generator that is not on the CPU.
    """

    def __init__(self, group: Group, shape: Sequence[int], time: float, dtype: torch.dtype = torch.float64) -> None:
        super().__init__(shape, dtype)
        refinement_axes(self.shape)
        self.group, self.time = group, time
        self.kernel = HeatKernel(group, time)
        self._whole = HeatKernel(group, time * math.prod(self.shape))
        self._laws: dict[int, RejectionSplit] = {}

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        if generator.device.type != "cpu":
            raise UserError(f"base: the heat kernel draws on the CPU, got a generator on {generator.device}")
        links = draw_torus(self.group, self.shape, num_samples, self._whole, self._law, generator)
        return links.to(self.dtype.to_complex())

    def log_prob(self, z: Tensor) -> Tensor:
        logs = self.kernel.log(cell_loops(self.group, z, 0))
        return logs.flatten(1).sum(1) - math.log(self._whole.trace)

    def _law(self, area: int) -> RejectionSplit:
        if area not in self._laws:
            self._laws[area] = RejectionSplit(self.group, HeatKernel(self.group, self.time * area))
        return self._laws[area]


def _irreps(n: int, time: float) -> Iterator[Term]:
    """Irreps with d and ``exp(-t C / 2)`` until all that remain are negligible; C and d grow with each label."""

    def reach(label: int) -> bool:
        """Whether an irrep with this largest label can matter: C is at least label^2 / 4, d below (label + 2)^3."""
        return (label + 2) ** 6 * math.exp(-time * label**2 / 8) > NEGLIGIBLE

    largest = next(label for label in range(10**6) if not reach(label))
    for p in range(largest):
        if n == 2:
            yield (p, 0), p + 1, math.exp(-time * p * (p + 2) / 8)
            continue
        for q in range(largest):
            casimir = (p * p + q * q + p * q) / 3 + p + q
            d = (p + 1) * (q + 1) * (p + q + 2) // 2
            if d * d * math.exp(-time * casimir / 2) > NEGLIGIBLE / 100:
                yield (p + q, q, 0), d, math.exp(-time * casimir / 2)
