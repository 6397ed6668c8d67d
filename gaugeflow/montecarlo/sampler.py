"""What every Markov chain of the package offers."""

from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.spaces import Space

__all__ = ["Sampler", "Within", "check_start"]


class Sampler(Protocol):
    """A Markov move on a batch of independent chains.

    To write a new one: keep the target distribution invariant, draw from the given generator alone, tune only while
    ``warmup`` is true, and put what a checkpoint needs into ``state_dict`` as plain values. A move that tunes nothing
    takes both methods from here.
    """

    warmup: bool

    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The next field of every chain and diagnostics, each ``(batch,)``; ``field`` is not changed."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep, as plain values."""
        return {"warmup": self.warmup}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        self.warmup = bool(state["warmup"])


class Within(Sampler):
    """A sampler of which another one, `within`, is a part; what is tuned is that one."""

    def __init__(self, within: Sampler) -> None:
        self.within = within

    @property
    def warmup(self) -> bool:
        return self.within.warmup

    @warmup.setter
    def warmup(self, value: bool) -> None:
        self.within.warmup = value

    def state_dict(self) -> dict[str, Any]:
        return self.within.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.within.load_state_dict(state)


def check_start(space: Space, field: Tensor, generator: torch.Generator) -> None:
    """Refuses what no chain can start from.

    Raises:
        UserError: ``field`` is not on its manifold (not a number, or links that are not unitary to about 1e-3), or
            ``generator`` is not a generator on the device of the field.
    """
    if not isinstance(generator, torch.Generator) or generator.device.type != field.device.type:
        came = f"one on {generator.device}" if isinstance(generator, torch.Generator) else repr(generator)
        raise UserError(f"sampler: expected a torch.Generator on {field.device}, got {came}")
    space.check(field)
