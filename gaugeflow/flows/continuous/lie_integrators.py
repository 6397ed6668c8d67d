"""Runge-Kutta methods on a group: links move by exponentials, whatever goes along with them moves as usual.

``dU/dt = i v_a(t, U) T_a U`` and ``dy/dt = r(t, U, y)``. States are those of the kernels, velocities their momenta.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.dormand_prince import STAGES, WEIGHTS
from gaugeflow.groups import Group

__all__ = [
    "INTEGRATORS",
    "CrouchGrossman2",
    "CrouchGrossman3",
    "LieIntegrator",
    "MuntheKaas4",
    "MuntheKaas8",
    "States",
    "get_lie_integrator",
]

Numbers = tuple[Tensor, ...]
Field = Callable[[float, Tensor, Numbers], tuple[Tensor, Numbers]]
"""``(t, state, y) -> (v, dy/dt)``, v as momenta."""


class States(Protocol):
    """What moves: states of :class:`gaugeflow.kernels.LoopKernels`, or whatever offers the same of it."""

    @property
    def group(self) -> Group: ...

    def drift_(self, state: Tensor, momenta: Tensor, eps: float, /) -> Tensor:
        """``exp(i eps p) U``, in ``state`` or in a new tensor."""
        ...

    def reunitarize_(self, state: Tensor, /) -> Tensor: ...

    def pack_momenta(self, momenta: Tensor, /) -> Tensor: ...

    def unpack_momenta(self, momenta: Tensor, /) -> Tensor: ...


class LieIntegrator(ABC):
    """One step of a method of a given order; the error after a fixed time is of order ``h^order``."""

    name: str
    order: int

    @abstractmethod
    def step(self, kernels: States, field: Field, t: float, h: float, state: Tensor, y: Numbers) -> tuple:
        """State and numbers at ``t + h``; ``h`` may be negative."""

    def integrate(
        self, kernels: States, field: Field, times: Sequence[float], state: Tensor, y: Numbers
    ) -> tuple[Tensor, Numbers]:
        """From the first to the last of ``times``, a step between each two; the state given is left as it is."""
        for t, after in pairwise(times):
            state, y = self.step(kernels, field, t, after - t, state, y)
        return kernels.reunitarize_(state), y


class _CrouchGrossman(LieIntegrator):
    """Products of exponentials of the slopes (Crouch and Grossman, J. Nonlinear Sci. 3 (1993) 1): no commutators."""

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]

    def step(self, kernels: States, field: Field, t: float, h: float, state: Tensor, y: Numbers) -> tuple:
        slopes: list[Tensor] = []
        rates: list[Numbers] = []
        for row in self.a:
            v, rate = field(t + sum(row) * h, _moved(kernels, state, slopes, row, h), _advanced(y, rates, row, h))
            slopes.append(v)
            rates.append(rate)
        return _moved(kernels, state, slopes, self.b, h), _advanced(y, rates, self.b, h)


class CrouchGrossman2(_CrouchGrossman):
    """The midpoint rule: two slopes."""

    name, order = "cg2", 2
    a = ((), (1 / 2,))
    b = (0.0, 1.0)


class CrouchGrossman3(_CrouchGrossman):
    """Three slopes, order 3 (op. cit.; Hairer, Lubich, Wanner, Geometric Numerical Integration, IV.8)."""

    name, order = "cg3", 3
    a = ((), (3 / 4,), (119 / 216, 17 / 108))
    b = (13 / 51, -2 / 3, 24 / 17)


class MuntheKaas4(LieIntegrator):
    """The classical method of order 4 in the algebra with two commutators (Munthe-Kaas, BIT 38 (1998) 92; Engo, BIT
    40 (2000) 41): four slopes, ``U(t + h) = exp(u) U`` with ``u = (k1 + 2 k2 + 2 k3 + k4 - [k1, k4] / 2) / 6``."""

    name, order = "rkmk4", 4
    a = ((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0))
    b = (1 / 6, 1 / 3, 1 / 3, 1 / 6)

    def step(self, kernels: States, field: Field, t: float, h: float, state: Tensor, y: Numbers) -> tuple:
        slopes: list[Tensor] = []
        rates: list[Numbers] = []
        for stage, row in enumerate(self.a):
            at = state
            if stage:
                u = _sum(slopes, row)
                if stage == 2:
                    u = u - h / 8 * _bracket(kernels, slopes[0], slopes[1])
                at = kernels.drift_(state.clone(), u, h)
            v, rate = field(t + sum(row) * h, at, _advanced(y, rates, row, h))
            slopes.append(v)
            rates.append(rate)
        u = _sum(slopes, self.b) - h / 12 * _bracket(kernels, slopes[0], slopes[3])
        return kernels.drift_(state.clone(), u, h), _advanced(y, rates, self.b, h)


class MuntheKaas8(LieIntegrator):
    """The method of order 8 by Dormand and Prince in the algebra (Munthe-Kaas, Appl. Numer. Math. 29 (1999) 115).

    ``U(t + h) = exp(u) U`` with ``du/dt = dexp^-1_u v = v - [u, v] / 2 + [u, [u, v]] / 12 - ...``. Twelve slopes, and
    six commutators for each, so that a step costs three of order 4 and more; four of them are better than forty.
    """

    name, order = "rkmk8", 8
    a, b = STAGES, WEIGHTS

    def step(self, kernels: States, field: Field, t: float, h: float, state: Tensor, y: Numbers) -> tuple:
        slopes: list[Tensor] = []
        rates: list[Numbers] = []
        for row in self.a:
            if not slopes:
                v, rate = field(t, state, y)
            else:
                u = _sum(slopes, row)
                at = kernels.drift_(state.clone(), u, h)
                v, rate = field(t + sum(row) * h, at, _advanced(y, rates, row, h))
                v = _pulled_back(kernels, h * u, v)
            slopes.append(v)
            rates.append(rate)
        return kernels.drift_(state.clone(), _sum(slopes, self.b), h), _advanced(y, rates, self.b, h)


INTEGRATORS: dict[str, type[LieIntegrator]] = {
    method.name: method for method in (CrouchGrossman2, CrouchGrossman3, MuntheKaas4, MuntheKaas8)
}


def get_lie_integrator(name: str) -> LieIntegrator:
    """The method called ``cg2``, ``cg3``, ``rkmk4`` or ``rkmk8``.

    Raises:
        UserError: another name.
    """
    if name not in INTEGRATORS:
        raise UserError(f"integrator: expected one of {', '.join(INTEGRATORS)}, got {name!r}")
    return INTEGRATORS[name]()


def _moved(kernels: States, state: Tensor, slopes: Sequence[Tensor], row: Sequence[float], h: float) -> Tensor:
    state = state.clone()
    for weight, slope in zip(row, slopes, strict=False):
        if weight:
            state = kernels.drift_(state, slope, weight * h)
    return state


def _sum(slopes: Sequence[Tensor], row: Sequence[float]) -> Tensor:
    terms = [weight * slope for weight, slope in zip(row, slopes, strict=True) if weight]
    return torch.stack(terms).sum(0) if len(terms) > 1 else terms[0]


def _advanced(y: Numbers, rates: Sequence[Numbers], row: Sequence[float], h: float) -> Numbers:
    steps = [(weight * h, rate) for weight, rate in zip(row, rates, strict=False) if weight]
    return tuple(sum((w * rate[k] for w, rate in steps), start=value) for k, value in enumerate(y))


def _bracket(kernels: States, one: Tensor, other: Tensor) -> Tensor:
    """Coefficients of ``[i p_a T_a, i q_b T_b] = i [p, q]_c T_c`` of two momenta."""
    if kernels.group.n == 1:
        return torch.zeros_like(one)
    p, q = (kernels.unpack_momenta(x) for x in (one, other))
    return kernels.pack_momenta((_adjoint(kernels.group, p) @ q[..., None])[..., 0])


BERNOULLI = {1: -1 / 2, 2: 1 / 12, 4: -1 / 720, 6: 1 / 30240}
"""``B_k / k!`` by k: what comes after is of higher order than a method of order 8 sees."""


def _pulled_back(kernels: States, u: Tensor, v: Tensor) -> Tensor:
    """``dexp^-1_u v = sum_k (B_k / k!) [u, [u, ... v]]`` of two momenta."""
    if kernels.group.n == 1:
        return v
    adjoint, bracket = _adjoint(kernels.group, kernels.unpack_momenta(u)), kernels.unpack_momenta(v)[..., None]
    total = bracket
    for k in range(1, max(BERNOULLI) + 1):
        bracket = adjoint @ bracket
        if k in BERNOULLI:
            total = total + BERNOULLI[k] * bracket
    return kernels.pack_momenta(total[..., 0])


def _adjoint(group: Group, p: Tensor) -> Tensor:
    """The matrices ``[p, .]_cb``, ``(..., dim, dim)``, of coefficients ``(..., dim)``."""
    t = group.basis(p.dtype, p.device)
    products = torch.einsum("aij,bjk->abik", t, t)
    structure = group.coefficients(1j * (products - products.transpose(0, 1)))  # (a, b, c)
    return (p @ structure.mT.flatten(1)).unflatten(-1, (group.dim, group.dim))
