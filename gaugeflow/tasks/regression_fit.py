"""The training of one network: Levenberg-Marquardt from smooth fields to rough ones, with new starts where it fails."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn import LCNN
from gaugeflow.nn.least_squares import Fit, gather, levenberg_marquardt, scatter, substituted
from gaugeflow.runs import Count, Positive, Section

__all__ = ["NetworkFit", "Samples", "TrainingConfig"]

Samples = tuple[Tensor, Tensor]
"""Links ``(batch, D, *shape, ...)`` and the target at each site, ``(batch, *shape)``."""


class TrainingConfig(Section):
    """At each of the `scales` at most `iterations` steps on fields of the betas times the scale, the last one being 1.

    On rough fields a large loop is nearly independent of all smaller ones, so that most starts end in a useless
    minimum; on smooth fields it is nearly a function of low degree. An attempt whose mean squared error per site on
    the validation set is not below `tolerance` at its end is given up for new initial weights, `attempts` in all.
    """

    scales: Annotated[list[Positive], Field(min_length=1)]
    iterations: Count
    attempts: Count
    tolerance: Positive

    @field_validator("scales")
    @classmethod
    def _ends_with_the_betas(cls, scales: list[float]) -> list[float]:
        if scales[-1] != 1:
            raise ValueError(f"expected 1 as the last scale, came {scales}")
        return scales


class NetworkFit:
    """One network on its way; every step is one of Levenberg-Marquardt.

    Args:
        config: the schedule.
        initial: a network with initial weights for the attempt of that number.
        train: samples for each scale.
        validation: samples that decide about an attempt.
    """

    def __init__(
        self,
        config: TrainingConfig,
        initial: Callable[[int], LCNN],
        train: Sequence[Samples],
        validation: Samples,
    ) -> None:
        self.config, self.initial, self.train, self.validation = config, initial, train, validation
        self.network = initial(0)
        self.attempt = self.stage = self.iteration = self.steps = 0
        self.fit, self.error, self.done = Fit(gather(self.network)), math.inf, False

    def step(self) -> None:
        """One step further; nothing where the training is over. Raises UserError for a loss that is not a number."""
        if self.done:
            return
        self.fit = levenberg_marquardt(lambda x: self._residuals(x, self.train[self.stage]), self.fit)
        self.steps, self.iteration = self.steps + 1, self.iteration + 1
        if not math.isfinite(self.fit.loss):
            raise UserError(
                f"training: expected a finite loss, got {self.fit.loss} in step {self.iteration} of attempt "
                f"{self.attempt + 1} on fields of {self.config.scales[self.stage]} times the betas"
            )
        if self.fit.at_rest or self.iteration == self.config.iterations:
            self.fit, self.iteration = Fit(self.fit.x, loss=self.fit.loss), 0
            self._next_stage()

    def _next_stage(self) -> None:
        if self.stage + 1 < len(self.train):
            self.stage += 1
            return
        error = float(self._residuals(self.fit.x, self.validation).detach().square().mean())
        if error < self.error:
            self.error = error
            scatter(self.network, self.fit.x)
        self.attempt += 1
        self.done = self.error < self.config.tolerance or self.attempt == self.config.attempts
        if not self.done:
            self.stage, self.fit = 0, Fit(gather(self.initial(self.attempt)))

    def _residuals(self, x: Tensor, samples: Samples) -> Tensor:
        links, target = samples
        return (substituted(self.network, x, (links,))[:, 0] - target).flatten()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep beside the samples."""
        counts = {name: getattr(self, name) for name in ("attempt", "stage", "iteration", "steps", "error", "done")}
        return {**counts, "best": gather(self.network), "fit": vars(self.fit).copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        for name in ("attempt", "stage", "iteration", "steps", "error", "done"):
            setattr(self, name, state[name])
        scatter(self.network, state["best"])
        self.fit = Fit(**state["fit"])
