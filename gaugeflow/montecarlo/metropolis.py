"""Metropolis's Markov chain of particles, J. Chem. Phys. 21 (1953) 1087, with Hastings's correction."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.moves import MOVES, LogDensity, Move

__all__ = ["Metropolis"]

GAIN = 0.5
"""How fast the width follows the acceptance: by a factor exp(GAIN (acceptance - target)) in each update."""


class Metropolis:
    """A chain of walkers ``(batch, n, d)`` with the density p, `steps` moves and then the `jumps` in an update.

    While ``warmup`` is true the width of the moves is tuned to the target acceptance, in which jumps do not count;
    with None for a target it stands.

    Args:
        log_density: log p up to a constant; it may change between updates.
        move: "all", "one" or "langevin", see :mod:`gaugeflow.montecarlo.moves`, or a move itself.
        width: of the normal step, in the unit of the coordinates.
        jumps: further moves of each update, see :mod:`gaugeflow.montecarlo.jumps`.
        period: of a density on a ring. Walkers stay in [0, period), and the width at most half of it: a flat density
            takes steps of any width, and the width would grow for good.

    Raises:
        UserError: an unknown move, no step, or a width that is not positive.
    """

    def __init__(
        self,
        log_density: LogDensity,
        move: str | Move = "all",
        width: float = 0.3,
        steps: int = 10,
        target: float | None = 0.525,
        jumps: Sequence[Move] = (),
        period: float | None = None,
    ) -> None:
        if isinstance(move, str) and move not in MOVES:
            raise UserError(f"metropolis: expected one of the moves {', '.join(MOVES)}, came {move!r}")
        if steps < 1 or not width > 0:
            raise UserError(f"metropolis: expected at least one step of positive width, came {steps} of {width}")
        self.log_density, self.move = log_density, MOVES[move]() if isinstance(move, str) else move
        self.width, self.steps, self.target, self.jumps = width, steps, target, tuple(jumps)
        self.period, self.warmup = period, False

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The walkers after `steps` moves, and the share of accepted ones of each walker."""
        x, log = field, self.log_density(field)
        accepted = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for _ in range(self.steps):
            x, log, taken = self._moved(self.move, x, log, generator)
            accepted += taken
        for jump in self.jumps:
            x, log, _ = self._moved(jump, x, log, generator)
        acceptance = accepted / self.steps
        if self.warmup and self.target is not None:
            self.width *= math.exp(GAIN * (float(acceptance.mean()) - self.target))
        if self.period is not None:
            x, self.width = x.remainder(self.period), min(self.width, self.period / 2)
        return x, {"acceptance": acceptance}

    def _moved(self, move: Move, x: Tensor, log: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Walkers and log-densities after a move, and which walkers have taken it."""
        y, correction = move.propose(x, self.width, self.log_density, generator)
        new = self.log_density(y)
        threshold = torch.rand(len(x), generator=generator, dtype=torch.float64, device=x.device).log()
        take = threshold < new - log + correction  # a NaN is not taken
        return torch.where(take[:, None, None], y, x), torch.where(take, new, log), take

    def state_dict(self) -> dict[str, Any]:
        return {"width": self.width}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.width = state["width"]
