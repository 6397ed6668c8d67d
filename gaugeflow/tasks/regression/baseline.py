"""The training of the baseline: Adam on the same fields and targets that the gauge-equivariant network is given."""

import math
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn import LinkCNN
from gaugeflow.nn.least_squares import gather, scatter
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.regression.fields import Samples

__all__ = ["BaselineConfig", "BaselineFit"]

UPDATES_PER_STEP = 10


class BaselineConfig(Section):
    """A plain convolutional network, as narrow as the number of parameters of the other network allows."""

    depth: Count = 2
    """Convolutions."""
    updates: Count = 1000
    """Updates of Adam."""
    learning_rate: Positive = 0.01
    """The first learning rate; it falls to zero as a cosine."""

    @property
    def steps(self) -> int:
        """Steps of a run that the training takes."""
        return -(-self.updates // UPDATES_PER_STEP)


class BaselineFit:
    """One baseline on its way: updates on the whole training set, the learning rate falling to zero as a cosine.

    What counts in the end are the parameters with the least error on the validation set, seen after every step.
    """

    def __init__(self, config: BaselineConfig, network: LinkCNN, train: Samples, validation: Samples) -> None:
        self.config, self.network, self.train, self.validation = config, network, train, validation
        self.best, self.error = gather(network), math.inf
        self.optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.updates)

    def step(self) -> None:
        """Some updates further. Raises UserError if the loss is no longer a number."""
        for _ in range(min(UPDATES_PER_STEP, self.config.updates - self.schedule.last_epoch)):
            self.optimizer.zero_grad()
            loss = self._loss(self.train)
            if not loss.isfinite():
                raise UserError(
                    f"baseline: expected a finite loss, got {loss.item()} after {self.schedule.last_epoch} updates "
                    f"with learning_rate {self.config.learning_rate}; a smaller one may help"
                )
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
        with torch.no_grad():
            error = float(self._loss(self.validation))
        if error < self.error:
            self.best, self.error = gather(self.network), error

    def trained(self) -> LinkCNN:
        """The network with the best parameters."""
        scatter(self.network, self.best)
        return self.network

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
