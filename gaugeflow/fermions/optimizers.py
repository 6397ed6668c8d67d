"""What an optimiser of wavefunctions is."""

from typing import Any, Protocol

from torch import Tensor

from gaugeflow.fermions.wavefunction import Wavefunction

__all__ = ["Optimizer", "decayed"]


class Optimizer(Protocol):
    """One step down the variational energy; to write a new one give these three methods."""

    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor) -> float:
        """Changes the parameters of psi; returns the norm of the change.

        Args:
            x: walkers with the density psi^2, ``(batch, n, d)``.
            energies: their local energies, clipped, ``(batch,)``.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values from which `load_state_dict` goes on."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict`."""
        ...


def decayed(rate: float, step: int, decay: float) -> float:
    """The learning rate after so many steps, ``rate / (1 + step/decay)``."""
    return rate / (1 + step / decay)
