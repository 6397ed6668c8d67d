"""The fields of a regression: configurations of Wilson's action by heat bath, each from its own hot start."""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.montecarlo import HeatBath
from gaugeflow.runs import Count, Positive, Section

__all__ = ["Counts", "FieldsConfig", "Samples"]

Samples = tuple[Tensor, Tensor]
"""Links ``(batch, D, *shape, ...)`` and the target at each site, ``(batch, *shape)``."""


class Counts(Section):
    """How many configurations of each beta stand in each set."""

    train: Count
    """Configurations of each beta to fit."""
    validation: Count
    """Configurations of each beta that decide about an attempt."""
    test: Count
    """Configurations of each beta that are seen once, at the end."""


class FieldsConfig(Section):
    """Configurations of Wilson's action by heat bath, each from a hot start of its own."""

    betas: Annotated[list[Positive], Field(min_length=1)]
    """Couplings of Wilson's action."""
    configurations: Counts
    """How many of each coupling."""
    sweeps: Count = 50
    """Heat-bath sweeps from a hot start to a configuration, each with one of overrelaxation."""

    def draw(
        self, group: str, shape: Sequence[int], count: int, generator: torch.Generator, dtype: torch.dtype
    ) -> Tensor:
        """``count`` configurations for each beta, one beta after the other.

        Returns:
            ``(len(betas) * count, D, *shape, ...)``, in the precision of the real ``dtype``.
        """
        fields = []
        for beta in self.betas:
            sampler = HeatBath(WilsonAction(len(shape), beta), overrelaxation=1)
            links = hot_start(group, shape, generator, count, dtype)
            for _ in range(self.sweeps):
                links, _ = sampler.update(links, generator)
            fields.append(links)
        return torch.cat(fields)
