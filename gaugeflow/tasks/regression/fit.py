"""The training of one network by Levenberg-Marquardt: smaller loops first, and new initial weights where it fails."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn import LCNN, Fit, Readout, levenberg_marquardt
from gaugeflow.nn.least_squares import gather, scatter, substituted
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.regression.descent import DescentConfig
from gaugeflow.tasks.regression.fields import Samples
from gaugeflow.tasks.regression.target import ClosedPath, Loop

__all__ = ["NetworkFit", "Stage", "TrainingConfig"]

HOPELESS = 1e-6
"""An attempt ends with a stage of the curriculum whose loss stays above; later stages would build on nothing."""


class Stage(Section):
    """The first `layers`, with a readout of their own, learn several loops at once."""

    layers: Count
    """How many of the first layers are trained."""
    loops: Annotated[list[ClosedPath], Field(min_length=1)]
    """What they learn, as `1x2` or `+x +y -x -y`."""

    def density(self, links: Tensor) -> Tensor:
        """The loops at each site, ``(batch, loops, *shape)``."""
        return torch.stack([Loop(name="loop", path=path).density(links) for path in self.loops], 1)


class TrainingConfig(Section):
    """The stages of the `curriculum` in turn, then the whole network on the target alone.

    A large loop is nearly independent of all smaller ones, so that a deep network that starts anywhere is led nowhere;
    the smaller loops on the way to it, whose labels cost nothing, lead it. Each stage starts from the layers that the
    one before has left and trains all of them. Small initial weights leave less to unlearn. An attempt that ends above
    the tolerance is given up for new initial weights.
    """

    adamw: DescentConfig | None = None
    """AdamW on the target alone instead of all below."""
    curriculum: list[Stage] = Field(default_factory=list)
    """Stages with smaller loops before the target."""
    initial: Positive = 1.0
    """Factor in front of the initial weights."""
    iterations: Count = 60
    """Levenberg-Marquardt iterations of each stage at most."""
    attempts: Count = 10
    """New initial weights at most."""
    tolerance: Positive = 1e-20
    """Mean squared error per site on the validation set at which an attempt has succeeded."""

    @model_validator(mode="after")
    def _one_optimiser(self) -> Self:
        plain = TrainingConfig.model_construct()
        keys = sorted(TrainingConfig.model_fields.keys() - {"adamw", "initial"})
        others = [key for key in keys if getattr(self, key) != getattr(plain, key)]
        if self.adamw is not None and others:
            raise ValueError(f"expected adamw and initial alone, came also {', '.join(others)}, which AdamW has not")
        return self

    @property
    def steps(self) -> int:
        """Steps of a run that the training takes at most."""
        if self.adamw is not None:
            return self.adamw.steps
        return self.attempts * (1 + len(self.curriculum)) * self.iterations

    def scale(self, network: LCNN) -> LCNN:
        """The network with its initial weights times `initial`."""
        with torch.no_grad():
            for layer in network.stack:
                if layer.linear_weight is not None:
                    layer.linear_weight.free.mul_(self.initial)
        return network


class NetworkFit:
    """One network on its way; every step is one of Levenberg-Marquardt.

    Args:
        config: the schedule.
        build: a network with new weights from a generator.
        generator: the generator of an attempt (first number), for the weights or for the readout of a stage (second).
        train: samples to fit.
        validation: samples that decide about an attempt.
    """

    fit: Fit
    part: LCNN
    """What the present stage trains: the network or its first layers."""

    def __init__(
        self,
        config: TrainingConfig,
        build: Callable[[torch.Generator], LCNN],
        generator: Callable[[int, int], torch.Generator],
        train: Samples,
        validation: Samples,
    ) -> None:
        self.config, self.build, self.generator = config, build, generator
        self.train, self.validation = train, validation
        self.attempt = self.stage = self.iteration = self.steps = 0
        self.error, self.done = math.inf, False
        self._begin_attempt()
        self.best = gather(self.network)

    def step(self) -> None:
        """One step further; nothing where the training is over. Raises UserError for a loss that is not a number."""
        if self.done:
            return
        self.fit = levenberg_marquardt(self._residuals, self.fit, (self.train[0], self.labels))
        self.steps, self.iteration = self.steps + 1, self.iteration + 1
        if not math.isfinite(self.fit.loss):
            raise UserError(
                f"training: expected a finite loss, got {self.fit.loss} in step {self.iteration} of stage "
                f"{self.stage + 1} in attempt {self.attempt + 1}"
            )
        last = self.stage == len(self.config.curriculum)
        enough = not last and self.fit.loss < self.config.tolerance
        if self.fit.at_rest or enough or self.iteration == self.config.iterations:
            scatter(self.part, self.fit.x)
            self._end_attempt() if last or self.fit.loss > HOPELESS else self._begin_stage(self.stage + 1)

    def trained(self) -> LCNN:
        """The network of the best attempt."""
        scatter(self.network, self.best)
        return self.network

    def status(self) -> str:
        """Where it stands, for a person."""
        return f"attempt {self.attempt + 1}, stage {self.stage + 1}, loss {self.fit.loss:.1e}"

    def _begin_attempt(self) -> None:
        self.network = self.config.scale(self.build(self.generator(self.attempt, 0)))
        self._begin_stage(0)

    def _begin_stage(self, stage: int) -> None:
        """The part of the network that this stage trains, its labels, and the start of its fit."""
        self.stage, self.iteration = stage, 0
        if stage == len(self.config.curriculum):
            self.part, self.labels = self.network, self.train[1][:, None]
        else:
            entry = self.config.curriculum[stage]
            layers = [*self.network.stack][: entry.layers]
            generator = self.generator(self.attempt, 1 + stage)
            readout = Readout(self.network.theory, layers[-1].channels_out, len(entry.loops), generator=generator).to(
                self.train[0].device
            )
            self.part = LCNN(self.network.source, *layers, readout=readout)
            self.labels = entry.density(self.train[0])
        self.fit = Fit(gather(self.part))

    def _end_attempt(self) -> None:
        links, target = self.validation
        error = math.inf
        if self.stage == len(self.config.curriculum):
            error = float(self._residuals(self.fit.x, links, target[:, None]).detach().square().mean())
        if error < self.error:
            self.error, self.best = error, self.fit.x
        self.attempt += 1
        self.done = self.error < self.config.tolerance or self.attempt == self.config.attempts
        if not self.done:
            self._begin_attempt()

    def _residuals(self, x: Tensor, links: Tensor, labels: Tensor) -> Tensor:
        return substituted(self.part, x, (links,)) - labels

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep beside the samples."""
        counts = {name: getattr(self, name) for name in ("attempt", "stage", "iteration", "steps", "error", "done")}
        return {**counts, "best": self.best, "network": gather(self.network), "fit": vars(self.fit).copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        scatter(self.network, state["network"])
        self._begin_stage(state["stage"])
        for name in ("attempt", "stage", "iteration", "steps", "error", "done", "best"):
            setattr(self, name, state[name])
        self.fit = Fit(**state["fit"])
