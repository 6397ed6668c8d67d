"""The law of a new path through a cell of 2A plaquettes, ``p(L | M) = w_A(L) w_A(L^dagger M) / w_2A(M)``.

Two halves of one plaquette each have with ``M = S^2`` and ``L = S X`` the law
``exp((beta/N) Re tr(X (S + S^dagger)))`` of X: for U(1) and SU(2), where ``S + S^dagger`` is a number, that of a
plaquette at another coupling. Larger halves are drawn by rejection: L from w_A, accepted with
``w_A(L^dagger M) / w_A(1)``, which takes w_A(1) attempts on average, whatever the lattice. `refinement` says what L and
M are. All draws are exact.
"""

from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.groups import Group
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice.refinement.root import square_root_spectrum
from gaugeflow.lattice.refinement.weight import AreaWeight
from gaugeflow.montecarlo.exact.class_law import ClassLaw, draw_quaternions, draw_von_mises, reject, su2_matrix

__all__ = ["ClassWeight", "RejectionSplit", "SplitLaw"]

FLAT = 1.5
"""Where the peak of w_A is below this, Haar elements are the better proposals."""
COUPLINGS = 16
"""Proposals for SU(3) have one of so many couplings."""


class ClassWeight(Protocol):
    """A normalised class function whose convolutions belong to larger areas."""

    peak: float
    """Its value at 1, the largest."""

    def __call__(self, v: Tensor) -> Tensor:
        """Of elements."""
        ...

    def of_trace(self, trace: Tensor) -> Tensor:
        """Of the complex ``(1/N) tr V``."""
        ...


class RejectionSplit:
    """Draws L given M with the law ``w(L) w(L^dagger M)``, for any class function w: `peak` attempts on average.

    Args:
        group: U(1), SU(2) or SU(3).
        weight: w.
    """

    def __init__(self, group: Group, weight: ClassWeight) -> None:
        self.group, self.weight = group, weight
        self._proposal = ClassLaw(group, weight.of_trace) if weight.peak >= FLAT else None

    def draw(self, m: Tensor, generator: torch.Generator) -> Tensor:
        """L for each M of ``(count, *element_shape)``, double precision."""
        group, weight, proposal = self.group, self.weight, self._proposal

        def attempt(pending: Tensor) -> tuple[Tensor, Tensor]:
            count = len(pending)
            loops = group.haar((count,), generator) if proposal is None else proposal.draw(count, generator)
            chance = weight(group.mul(group.dagger(loops), m[pending])) / weight.peak
            if proposal is None:
                chance = chance * weight(loops) / weight.peak
            return loops, torch.rand(count, generator=generator, dtype=torch.float64) < chance

        return reject(len(m), attempt)


class SplitLaw:
    """Draws L given M.

    Args:
        group: U(1), SU(2) or SU(3).
        beta: Wilson's coupling.
        area: A, the plaquettes of one half.
    """

    def __init__(self, group: Group, beta: float, area: int) -> None:
        self.group, self.beta = group, beta
        self.weight = AreaWeight(group, beta, area)
        self._larger = RejectionSplit(group, self.weight) if area > 1 else None
        # 2 beta/N is the largest coupling that S + S^dagger leaves
        self._couplings = torch.arange(COUPLINGS, dtype=torch.float64) * (2 * beta / 3 / COUPLINGS)
        self._proposals: list[ClassLaw] = []
        if area == 1 and group.n == 3:
            self._proposals = [ClassLaw(group, partial(_tilted, kappa)) for kappa in self._couplings.tolist()]

    def draw(self, m: Tensor, generator: torch.Generator) -> Tensor:
        """L for each M of ``(count, *element_shape)``, double precision."""
        if self._larger is not None:
            return self._larger.draw(m, generator)
        return (self._one_u1, self._one_su2, self._one_su3)[self.group.n - 1](m, generator)

    def _one_u1(self, m: Tensor, generator: torch.Generator) -> Tensor:
        half = wrap_angle(m) / 2
        return half + draw_von_mises(2 * self.beta * torch.cos(half), generator)

    def _one_su2(self, m: Tensor, generator: torch.Generator) -> Tensor:
        """``1 + M = (S + S^dagger) S`` with ``S + S^dagger = (det(1 + M))^(1/2)``."""
        total = m + torch.eye(2, dtype=m.dtype)
        size = torch.linalg.vector_norm(total, dim=(-2, -1)) / 2**0.5
        root = total / size[:, None, None]
        return root @ su2_matrix(draw_quaternions(self.beta * size, generator))

    def _one_su3(self, m: Tensor, generator: torch.Generator) -> Tensor:
        """In the basis of M the law is ``exp(sum_j k_j Re X_jj)``, ``k_j = (2 beta/3) cos(theta_j / 2)``.

        X is drawn from ``exp(kappa Re tr X)`` with one kappa below all k_j; ``sum_j |k_j - kappa|`` bounds the rest.
        """
        half, basis = square_root_spectrum(m)
        k = 2 * self.beta / 3 * torch.cos(half)
        choice = (torch.searchsorted(self._couplings, k.amin(-1).contiguous()) - 1).clamp_min(0)
        excess = k - self._couplings[choice, None]

        def attempt(pending: Tensor) -> tuple[Tensor, Tensor]:
            angles = torch.empty(len(pending), 3, dtype=torch.float64)
            for j in choice[pending].unique().tolist():
                here = torch.nonzero(choice[pending] == j)[:, 0]
                angles[here] = self._proposals[j].draw_angles(len(here), generator)
            v = self.group.haar((len(pending),), generator)
            x = (v * torch.polar(torch.ones_like(angles), angles)[:, None, :]) @ v.mH
            rest = excess[pending]
            exponent = (rest * x.diagonal(dim1=-2, dim2=-1).real).sum(-1) - rest.abs().sum(-1)
            return x, torch.rand(len(pending), generator=generator, dtype=torch.float64) < exponent.exp()

        x = reject(len(m), attempt)
        root = torch.polar(torch.ones_like(half), half)
        return (basis * root[:, None, :]) @ x @ basis.mH


def _tilted(kappa: float, trace: Tensor) -> Tensor:
    """``exp(kappa (Re tr U - 3))``."""
    return torch.exp(3 * kappa * (trace.real - 1))
