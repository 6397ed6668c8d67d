"""What every Markov chain of the package offers."""

from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = ["Sampler"]


class Sampler(Protocol):
    """A Markov move on a batch of independent chains.

    To write a new one: keep the target distribution invariant, draw from the given generator alone, tune only while
    ``warmup`` is true, and put what a checkpoint needs into ``state_dict`` as plain values.
    """

    warmup: bool

    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The next field of every chain and diagnostics, each ``(batch,)``; ``field`` is not changed."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep, as plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        ...
