"""Proposals that local moves cannot replace where nuclei are far apart: of a whole electron, and of two spins.

Both are as likely as their way back and take no `width`. Some of them change nothing, on purpose: one that is always
accepted would otherwise come and go in turn.
"""

import torch
from torch import Tensor

from gaugeflow.montecarlo.moves import LogDensity

__all__ = ["Carry", "Exchange"]


class Carry:
    """One particle goes from its nearest centre to one that is drawn, ``y_i = x_i - R_I + R_J``.

    The way back exists if y_i is nearest to R_J; else the move is refused.

    Args:
        centres: ``(I, d)``.
    """

    def __init__(self, centres: Tensor) -> None:
        self.centres = centres

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        centres, rows = self.centres.to(x), torch.arange(len(x), device=x.device)
        chosen, there = (_drawn(count, x, generator) for count in (x.shape[1], len(centres)))
        here = torch.cdist(x[rows, chosen], centres).argmin(1)
        place = x[rows, chosen] - centres[here] + centres[there]
        y = x.clone()
        y[rows, chosen] = place
        returns = torch.cdist(place, centres).argmin(1) == there
        return y, torch.where(returns, 0.0, -torch.inf).to(x)


class Exchange:
    """Two particles change places: an up and a down one, or two alike or one and the same, which changes nothing."""

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        rows = torch.arange(len(x), device=x.device)
        one, other = (_drawn(x.shape[1], x, generator) for _ in range(2))
        y = x.clone()
        y[rows, one], y[rows, other] = x[rows, other], x[rows, one]
        return y, x.new_zeros(len(x))


def _drawn(count: int, x: Tensor, generator: torch.Generator) -> Tensor:
    """One of so many for each walker, ``(batch,)``."""
    return torch.randint(count, (len(x),), generator=generator, device=x.device)
