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
    beta1: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[Number, Field(ge=0, lt=1)] = 0.999

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser at its first step."""
        return torch.optim.Adam(parameters, lr=self.rate, betas=(self.beta1, self.beta2))


class SGD(Section):
    """Gradient descent with momentum."""

    name: Literal["sgd"]
    rate: Positive
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.0

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser at its first step."""
        return torch.optim.SGD(parameters, lr=self.rate, momentum=self.momentum)


OptimizerConfig = Annotated[Adam | SGD, Field(discriminator="name")]


class Schedule(Section):
    """How the rate changes: up linearly over `warmup` steps, then constant, or down to `final` times the rate.

    The decay is half a cosine that ends with the last step.
    """

    name: Literal["constant", "cosine"] = "constant"
    warmup: Steps = 0
    final: Share = 0.0

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
    steps: Count

    def factor(self, step: int) -> float:
        """What multiplies the action at `step` (from 0)."""
        return self.start + (1 - self.start) * min(1.0, step / self.steps)


class Training(Section):
    """`steps` optimiser steps, each on `batch` new samples, of which `chunk` go through the flow at once.

    `clip` limits the norm of the gradient. Zero steps leave the model as it was fitted, loaded or made.
    """

    steps: Steps
    batch: Count = 64
    chunk: Count | None = None
    loss: Literal["path", "reverse_kl", "reinforce", "log_variance"] = "path"
    optimizer: OptimizerConfig = Adam(name="adam")
    schedule: Schedule = Schedule()
    clip: Positive | None = None
    anneal: Annealing | None = None

    @model_validator(mode="after")
    def _others_for_the_baseline(self) -> Self:
        if self.loss in ("reinforce", "log_variance") and self.batch < 2:
            raise ValueError(f"batch: the loss {self.loss} compares samples and needs 2 or more, came {self.batch}")
        return self
