"""Polynomials of Wilson loops, their forces and their second derivatives, whichever backend computes them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.kernels.loop_tape import Recording
from gaugeflow.kernels.select import get_kernels

__all__ = ["LoopPolynomials", "get_loop_polynomials"]


class LoopPolynomials(ABC):
    """Functions ``M_k(U) = sum_x sum_{m in k} Re prod_{(t, d) in m} t(x + d)`` of traces on one lattice.

    All methods work on the states and momenta of :attr:`kernels` (see :class:`gaugeflow.kernels.LoopKernels`).
    Derivatives are along ``U -> exp(i w_a T_a) U``.

    Args:
        group: U(1) or SU(N).
        shape: extents.
        recording: the traces, and what is summed in each function.
        dtype: real dtype.
        device: where the states live.
    """

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        recording: Recording,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        self.kernels = get_kernels(group, ((),) * len(shape), shape, dtype, device, self.backend)
        self.tape, self.functions = recording

    backend: str

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


def get_loop_polynomials(
    group: Group,
    shape: Sequence[int],
    recording: Recording,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    backend: str = "auto",
) -> LoopPolynomials:
    """The polynomials in a backend: ``numba`` (CPU), ``torch``, or ``auto``, which is numba on the CPU.

    Raises:
        UserError: another backend.
    """
    # Imported only when asked for: the compiler is slow to load.
    if backend in ("auto", "numba") and torch.device(device).type == "cpu":
        from gaugeflow.kernels.numba_polynomials import NumbaPolynomials

        return NumbaPolynomials(group, shape, recording, dtype, device)
    if backend in ("auto", "torch"):
        from gaugeflow.kernels.torch_polynomials import TorchPolynomials

        return TorchPolynomials(group, shape, recording, dtype, device)
    raise UserError(f"loop polynomials: backend {backend!r} does not serve device {device}; expected auto or torch")
