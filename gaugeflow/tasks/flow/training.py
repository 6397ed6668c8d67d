"""The `training` section of a configuration: loss, batch, optimiser, schedule, annealing."""

import math
from collections.abc import Iterable
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from gaugeflow.runs import Count, Number, Positive, Section

__all__ = ["Annealing", "OptimizerConfig", "Schedule", "Training"]

Steps = Annotated[int, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]


class Adam(Section):
    """Adam, arXiv:1412.6980."""

    name: Literal["adam"]
    rate: Positive = 1e-3
    """The learning rate."""
    beta1: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    """Decay of the mean of the gradient."""
    beta2: Annotated[Number, Field(ge=0, lt=1)] = 0.999
    """Decay of the mean of its square."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser at its first step."""
        return torch.optim.Adam(parameters, lr=self.rate, betas=(self.beta1, self.beta2))


class SGD(Section):
    """Gradient descent with momentum."""

    name: Literal["sgd"]
    rate: Positive
    """The learning rate."""
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of the step before that is kept."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser at its first step."""
        return torch.optim.SGD(parameters, lr=self.rate, momentum=self.momentum)


OptimizerConfig = Annotated[Adam | SGD, Field(discriminator="name")]


class Schedule(Section):
    """How the rate changes: up linearly over `warmup` steps, then constant, or down to `final` times the rate.

    The decay is half a cosine that ends with the last step.
    """

    name: Literal["constant", "cosine"] = "constant"
    """What the rate does after the warm-up."""
    warmup: Steps = 0
    """Steps over which the rate rises from zero."""
    final: Share = 0.0
    """The last rate of the cosine, as a share of the full one."""

    def factor(self, step: int, steps: int) -> float:
        """What multiplies the rate at `step` (from 0) of `steps`."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        if self.name == "constant":
            return 1.0
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * done)) / 2


class Annealing(Section):
    """The target begins as `exp(-start S)` and becomes `exp(-S)` over `steps` steps: beta rises, in Wilson's action."""

    start: Annotated[Positive, Field(le=1)]
    """The first factor in front of the action."""
    steps: Count
    """Steps until the factor is one."""

    def factor(self, step: int) -> float:
        """What multiplies the action at `step` (from 0)."""
        return self.start + (1 - self.start) * min(1.0, step / self.steps)


class Training(Section):
    """Optimiser steps, each on new samples of the flow."""

    steps: Steps
    """Optimiser steps; zero leaves the model as it was fitted, loaded or made."""
    batch: Count = 64
    """Samples in each step."""
    chunk: Count | None = None
    """Samples that go through the flow at a time; fewer need less memory."""
    loss: Literal["path", "reverse_kl", "reinforce", "log_variance"] = "path"
    """The gradient estimator, see `gaugeflow.flows.LOSSES`."""
    optimizer: OptimizerConfig = Adam(name="adam")
    """What makes a step of a gradient."""
    schedule: Schedule = Schedule()
    """How the learning rate changes."""
    clip: Positive | None = None
    """The largest norm of a gradient; none does not limit it."""
    anneal: Annealing | None = None
    """Begins with a weaker action; none trains on the target throughout."""

    @model_validator(mode="after")
    def _others_for_the_baseline(self) -> Self:
        if self.loss in ("reinforce", "log_variance") and self.batch < 2:
            raise ValueError(f"batch: the loss {self.loss} compares samples and needs 2 or more, came {self.batch}")
        return self
