"""Polynomials of Wilson loops, their forces and their second derivatives, whichever backend computes them."""

from abc import ABC, abstractmethod

from torch import Tensor

from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.tapes.loops import Recording

__all__ = ["LoopPolynomials"]


class LoopPolynomials(ABC):
    """Functions ``M_k(U) = sum_x sum_{m in k} Re prod_{(t, d) in m} t(x + d)`` of traces on one lattice.

    All methods work on the states and momenta of :attr:`kernels` (see :class:`gaugeflow.kernels.LoopKernels`).
    Derivatives are along ``U -> exp(i w_a T_a) U``.

    Args:
        kernels: of the same backend, for the group, lattice, dtype and device; their staples do not matter.
        recording: the traces, and what is summed in each function.
    """

    def __init__(self, kernels: LoopKernels, recording: Recording) -> None:
        self.kernels = kernels
        self.tape, self.functions = recording

    @abstractmethod
    def values(self, state: Tensor) -> Tensor:
        """All M_k, float64 ``(batch, n_functions)``."""

    @abstractmethod
    def directional(self, state: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        """All M_k and their derivatives along ``momenta``, ``(batch, n_functions)`` each."""

    @abstractmethod
    def force(self, state: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """``d_a sum_k c_k M_k`` as momenta, and all M_k; ``c`` is float64 ``(n_functions,)``."""

    @abstractmethod
    def pullback(
        self, state: Tensor, momenta: Tensor, c: Tensor, e: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the adjoint of a flow along the force needs, in one go.

        Args:
            state: ``batch`` fields.
            momenta: a direction ``p`` for each.
            c: float64 ``(n_functions,)``.
            e: float64 ``(n_functions,)``.
            weight: float64 ``(batch,)``.

        Returns:
            ``d/ds [d_a sum_k c_k M_k](exp(i s p) U) + weight d_a sum_k e_k M_k`` as momenta; the force of ``c``; all
            M_k; and their derivatives along ``momenta``.
        """
