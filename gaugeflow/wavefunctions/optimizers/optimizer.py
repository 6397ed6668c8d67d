"""What an optimiser of wavefunctions is."""

from typing import Any, Protocol

from torch import Tensor

from gaugeflow.wavefunctions.optimizers.log_derivatives import trained
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["ALONE", "NotFinite", "Optimizer", "Processes", "decayed", "subtract"]


class NotFinite(ArithmeticError):
    """A step that cannot be made: of the tensor of this name, a number for each walker, some are not finite.

    ``values`` are all finite where no walker is to blame.
    """

    def __init__(self, tensor: str, values: Tensor) -> None:
        super().__init__(f"{tensor} is not finite")
        self.tensor, self.values = tensor, values


class Optimizer(Protocol):
    """One step down the variational energy; to write a new one give these three methods."""

    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor, weights: Tensor | None = None) -> float:
        """Changes the parameters of psi; returns the norm of the change. Raises NotFinite if it cannot.

        Args:
            x: walkers, ``(batch, n, d)`` or ``(batch, 2, sites)``, all of them on each process.
            energies: their local energies, clipped, ``(batch,)``.
            weights: with which they have the density psi^2, ``(batch,)``, of the sum 1; equal by default.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values from which `load_state_dict` goes on."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict`."""
        ...


class Processes(Protocol):
    """Those that share the samples of a step: each takes its part and adds what the others have found."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def part(self, batch: Tensor) -> Tensor:
        """The share of this process, of equal size on each."""
        ...

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes."""
        ...

    def gather(self, part: Tensor) -> Tensor:
        """The shares of all, one after another."""
        ...


class _Alone:
    """One process, whose share is the whole."""

    size = 1

    def part(self, batch: Tensor) -> Tensor:
        return batch

    def sum(self, value: Tensor) -> Tensor:
        return value

    def gather(self, part: Tensor) -> Tensor:
        return part


ALONE: Processes = _Alone()
"""One process."""


def decayed(rate: float, step: int, decay: float) -> float:
    """The learning rate after so many steps, ``rate / (1 + step/decay)``."""
    return rate / (1 + step / decay)


def subtract(psi: Wavefunction, change: Tensor) -> None:
    """Changes the learned parameters by what has them one after another, ``(parameters,)``."""
    parameters = list(trained(psi).values())
    parts = change.split([parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.sub_(part.reshape(parameter.shape))
