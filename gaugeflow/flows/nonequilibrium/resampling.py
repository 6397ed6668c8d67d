"""Resampling: evolutions move in populations, in which fields of small weight make room for those of large weight.

Sequential Monte Carlo, P. Del Moral, A. Doucet, A. Jasra, J. R. Stat. Soc. B 68 (2006) 411: before an update that keeps
`exp(-S_k)` the running weights `log w_k = -S_k(x) - log q_0 + ...` are looked at, and where they are worth too few
fields, the population is drawn anew from itself, each field as often as it weighs, and all go on with the mean weight.
The mean of the last weights is an estimate of Z without bias, whatever the size of the population.

Fields of one population are not independent, so one of each is taken, with a probability that is its weight, and gets
the mean weight of all: again `<w> = Z` and `<w O> = Z <O>`, now of independent samples (C. Andrieu, A. Doucet,
R. Holenstein, J. R. Stat. Soc. B 72 (2010) 269, section 2.4.2).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.nonequilibrium.stochastic import StochasticFlow, Updates
from gaugeflow.lattice.action import Action

__all__ = ["Resampled", "systematic"]


def systematic(log_w: Tensor, generator: torch.Generator) -> Tensor:
    """Who goes on in each population: indices `(populations, n)`, each about n times its weight, never off by one.

    Args:
        log_w: `(populations, n)`.
        generator: source of one number for each population.
    """
    n = log_w.shape[1]
    shares = torch.softmax(log_w.double(), 1).cumsum(1)
    first = torch.rand(len(log_w), 1, generator=generator, dtype=torch.float64, device=log_w.device)
    places = (first + torch.arange(n, device=log_w.device)) / n
    return torch.searchsorted(shares, places).clamp(max=n - 1)  # rounding may leave the last share below 1


class Resampled(StochasticFlow):
    """A stochastic flow whose evolutions move in populations.

    Args:
        flow: as for `StochasticFlow`.
        updates: as for `StochasticFlow`.
        below: share of effective samples below which a population is drawn anew, between 0 and 1.
        population: evolutions of which one sample comes, two or more.

    Raises:
        UserError: a share or a population out of range, or as `StochasticFlow`.
    """

    reversible = False
    """Resampling has no way back."""

    def __init__(
        self,
        flow: GaugeFlow,
        updates: dict[int, Updates | Sequence[Updates]],
        below: float = 0.5,
        population: int = 16,
    ) -> None:
        if not 0 < below < 1 or population < 2:
            raise UserError(
                f"resampling: expected 0 < below < 1 and a population of two or more, got {below} and {population}"
            )
        super().__init__(flow, updates)
        self.below, self.population = below, population
        self.resampled = torch.zeros(0)

    @torch.no_grad()
    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """One field of each population, `(num_samples, ...)`, and its `log w`, `(num_samples,)`.

        How often each population was drawn anew lies in `resampled`, `(num_samples,)`, afterwards.
        """
        self.resampled = torch.zeros(num_samples, dtype=torch.float64, device=generator.device)
        x, each = super().sample(num_samples * self.population, generator)
        log_w = each.view(num_samples, self.population)
        chosen = torch.multinomial(torch.softmax(log_w, 1), 1, generator=generator)
        return x[self._flat(chosen)], log_w.logsumexp(1) - math.log(self.population)

    def _before(self, x: Tensor, log_w: Tensor, action: Action, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        s = action(x)
        running = (log_w - s).view(-1, self.population)
        effective = (2 * running.logsumexp(1) - (2 * running).logsumexp(1)).exp()
        poor = effective < self.below * self.population
        self.resampled += poor
        kept = torch.arange(self.population, device=x.device).expand_as(running)
        places = self._flat(torch.where(poor[:, None], systematic(running, generator), kept))
        mean = running.logsumexp(1, keepdim=True) - math.log(self.population)
        running = torch.where(poor[:, None], mean, running)
        return x[places], running.flatten() + s[places]

    def _flat(self, indices: Tensor) -> Tensor:
        """Places among all fields of indices in the populations."""
        first = self.population * torch.arange(len(indices), device=indices.device)
        return (first[:, None] + indices).flatten()
