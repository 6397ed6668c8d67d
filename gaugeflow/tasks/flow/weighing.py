"""Weighted fields, each process a share: by the layers of a flow, with Monte Carlo updates between them, or averaged.

Whatever the number of processes, all of them together make the same fields. Every process draws the base samples of
the whole batch and takes its share through the layers; the numbers of Monte Carlo updates come from a generator for
each block of fields, and processes share the blocks.
"""

from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, Resampled, StochasticFlow
from gaugeflow.flows.symmetrized import Symmetrized, average, distance_won
from gaugeflow.random import draw_key, stream
from gaugeflow.runs import ranks

__all__ = ["Averaged", "Layers", "Weigher", "WithUpdates"]

BLOCK = 32
"""So many fields share a generator."""


class Weigher(Protocol):
    """What makes weighted fields. Every process calls it with its generator in the same state."""

    @property
    def reversible(self) -> bool:
        """Whether `weigh` can be called."""
        ...

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """This process's share of `count` fields, and columns: their `log_weight`, and what else is known of them."""
        ...

    def weigh(self, fields: Tensor, generator: torch.Generator) -> Tensor:
        """The log-weights of this process's share of fields of the target, which every process holds."""
        ...


class Layers:
    """The layers alone.

    Raises:
        UserError: on a call with fewer fields than there are processes.
    """

    reversible = True

    def __init__(self, flow: GaugeFlow) -> None:
        self.flow = flow

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """This process's share of `count` fields, and their log-weights."""
        z, log_q = self.flow.q0(count, generator)
        x, log_det = self.flow.forward_and_log_det(_share(z))
        return x, {"log_weight": self.flow.log_weight(x, _share(log_q) - log_det)}

    def weigh(self, fields: Tensor, generator: torch.Generator) -> Tensor:
        """The log-weights of this process's share."""
        share = _share(fields)
        return self.flow.log_weight(share, self.flow.log_prob(share))


class Averaged(Layers):
    """The layers with their density averaged over symmetries, which is the base of the flow."""

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """This process's share of `count` fields, their log-weights, and the `distance_won` on the orbit of each."""
        averaged: Symmetrized = self.flow.q0
        x = averaged.moved(*map(_share, averaged.drawn(count, generator)))
        orbit = averaged.orbit(x)
        return x, {"log_weight": self.flow.log_weight(x, average(orbit)), "distance_won": distance_won(orbit)}


class WithUpdates:
    """The layers of a flow between Monte Carlo updates.

    Raises:
        UserError: on a call with fewer blocks of fields than there are processes.
    """

    def __init__(self, flow: StochasticFlow) -> None:
        self.flow = flow

    @property
    def reversible(self) -> bool:
        """Whether the way back from the target has the law that forward weights are for."""
        return self.flow.reversible

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """This process's share of `count` fields, their log-weights, and how often their populations were resampled."""
        blocks = _share_of_blocks(torch.arange(count), generator)
        made = [self._sample(len(places), own) for places, own in blocks]
        columns = {name: torch.cat([found[name] for _, found in made]) for name in made[0][1]}
        return torch.cat([x for x, _ in made]), columns

    def _sample(self, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        x, log_w = self.flow.sample(count, generator)
        resampled = {"resampled": self.flow.resampled} if isinstance(self.flow, Resampled) else {}
        return x, {"log_weight": log_w, **resampled}

    def weigh(self, fields: Tensor, generator: torch.Generator) -> Tensor:
        """The log-weights of this process's share, each by one way back to the base."""
        blocks = _share_of_blocks(fields, generator)
        return torch.cat([self.flow.reverse(block, own) for block, own in blocks])


def _share(fields: Tensor) -> Tensor:
    together = ranks()
    if len(fields) < together.size:
        raise UserError(f"report: expected a field or more for each of {together.size} processes, came {len(fields)}")
    return together.part(fields)


def _share_of_blocks(fields: Tensor, generator: torch.Generator) -> list[tuple[Tensor, torch.Generator]]:
    """This process's share of all blocks, each with its generator."""
    blocks, together = fields.split(BLOCK), ranks()
    if len(blocks) < together.size:
        raise UserError(
            f"report: expected {BLOCK} fields or more for each of {together.size} processes, came {len(fields)}"
        )
    key = draw_key(generator)
    mine = together.part(torch.arange(len(blocks))).tolist()
    return [(blocks[place], stream("block", key, place, device=generator.device)) for place in mine]
