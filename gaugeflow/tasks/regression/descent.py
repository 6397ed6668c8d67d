"""Training by gradient descent: AdamW on the target alone, as the literature trains its networks."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.nn.least_squares import gather, scatter
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.regression.fields import Samples

__all__ = ["Descent", "DescentConfig"]

UPDATES_PER_STEP = 10


class DescentConfig(Section):
    """AdamW without weight decay, in batches drawn at random, on the target alone."""

    updates: Count = 1000
    """Updates of AdamW."""
    learning_rate: Positive = 0.01
    """The first learning rate; it falls to zero as a cosine."""
    batch: Count | None = None
    """Configurations in each update, drawn from the training set; without it the whole set."""

    @property
    def steps(self) -> int:
        """Steps of a run that the training takes."""
        return -(-self.updates // UPDATES_PER_STEP)


class Descent:
    """One network on its way down.

    What counts in the end are the parameters with the least error on the validation set, seen after every step.

    Args:
        config: the schedule.
        network: what is trained.
        generator: the generator of an update's batch.
        train: samples to fit.
        validation: samples that decide.
    """

    attempt = 1
    """There are no others."""

    def __init__(
        self,
        config: DescentConfig,
        network: nn.Module,
        generator: Callable[[int], torch.Generator],
        train: Samples,
        validation: Samples,
    ) -> None:
        self.config, self.network, self.generator = config, network, generator
        self.train, self.validation = train, validation
        self.best, self.error, self.loss = gather(network), math.inf, math.inf
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.0)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.updates)

    @property
    def steps(self) -> int:
        """Updates that were made."""
        return int(self.schedule.last_epoch)

    def step(self) -> None:
        """Some updates further; nothing where the training is over. Raises UserError if the loss is no number."""
        for _ in range(min(UPDATES_PER_STEP, self.config.updates - self.steps)):
            self._update()
        with torch.no_grad():
            error = float(self._loss(self.validation))
        if error < self.error:
            self.best, self.error = gather(self.network), error

    def trained(self) -> nn.Module:
        """The network with the best parameters."""
        scatter(self.network, self.best)
        return self.network

    def status(self) -> str:
        """Where it stands, for a person."""
        return f"update {self.steps}, loss {self.loss:.1e}"

    def _update(self) -> None:
        self.optimizer.zero_grad()
        loss = self._loss(self._batch())
        self.loss = loss.item()
        if not math.isfinite(self.loss):
            raise UserError(
                f"training: expected a finite loss, got {self.loss} after {self.steps} updates "
                f"with learning_rate {self.config.learning_rate}; a smaller one may help"
            )
        loss.backward()
        self.optimizer.step()
        self.schedule.step()

    def _batch(self) -> Samples:
        links, target = self.train
        if self.config.batch is None:
            return self.train
        chosen = torch.randint(len(links), (self.config.batch,), generator=self.generator(self.steps)).to(links.device)
        return links[chosen], target[chosen]

    def _loss(self, samples: Samples) -> Tensor:
        links, target = samples
        return (self.network(links)[:, 0] - target).square().mean()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep beside the samples."""
        return {
            "best": self.best,
            "error": self.error,
            "network": dict(self.network.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        self.best, self.error = state["best"], state["error"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
