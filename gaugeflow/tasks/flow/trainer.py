"""One optimiser step on a flow, the same on one process as on several."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import LOSSES, Batch, GaugeFlow, ScaledAction, batch_ess
from gaugeflow.io.atomic import replacing
from gaugeflow.runs import ranks
from gaugeflow.tasks.flow.training import Training

__all__ = ["Trainer"]


class Trainer:
    """Trains the parameters of `flow` in place.

    Every process draws the whole batch of base samples from the same generator and takes its share, so that the work
    of several processes is that of one, to rounding.

    Raises:
        UserError: there is nothing to train, or the batch cannot be shared equally.
    """

    def __init__(self, flow: GaugeFlow, config: Training) -> None:
        self.flow, self.config = flow, config
        self.parameters = {name: p for name, p in flow.named_parameters() if p.requires_grad}
        if config.steps and not self.parameters:
            raise UserError("training: expected steps: 0 for a model without parameters")
        if config.batch % ranks().size:
            raise UserError(f"training: expected a batch that {ranks().size} processes share, came {config.batch}")
        self.optimizer = config.optimizer.build(self.parameters.values()) if self.parameters else None
        self.seconds = 0.0

    def prepare(self, fit: Callable[[], None]) -> None:
        """A fitting before the first step, which counts as training."""
        began = time.perf_counter()
        fit()
        self.seconds += time.perf_counter() - began

    def step(self, index: int, generator: torch.Generator, path: Path | None = None) -> dict[str, Any]:
        """Makes optimiser step `index` (from 0) and returns its row of numbers.

        Raises:
            UserError: a weight or a gradient is not finite; the parameters are those before the step, and with a
                `path` they and the batch are saved there.
        """
        began = time.perf_counter()
        config, together = self.config, ranks()
        assert self.optimizer is not None  # a trainer without parameters makes no step
        factor = config.anneal.factor(index) if config.anneal else 1.0
        rate = config.optimizer.rate * config.schedule.factor(index, config.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        batch = self._draw(generator)
        target = self.flow.action if factor == 1 else ScaledAction(self.flow.action, factor)
        try:
            log_w = LOSSES[config.loss](self.flow, target, batch)
        except UserError as error:  # a layer refuses what another has made of the field
            self._fail(index, str(error), batch, path)
        log_w = together.gather(log_w)
        gradients = self._gradients()
        together.sum_(list(gradients.values()))
        norm = torch.nn.utils.get_total_norm(gradients.values())
        if not bool(torch.isfinite(norm + log_w.sum())):
            self._fail(index, _not_finite({"log w of the batch": log_w} | gradients), batch, path)
        if config.clip:
            torch.nn.utils.clip_grads_with_norm_(self.parameters.values(), config.clip, norm)
        self.optimizer.step()
        self.seconds += time.perf_counter() - began
        return {
            "step": index,
            "loss": -log_w.mean(),
            "ess": batch_ess(log_w),
            "gradient": norm,
            "rate": rate,
            "scale": factor,
        }

    def state_dict(self) -> dict[str, Any]:
        """What a later step depends on besides the parameters, and the seconds spent."""
        return {"optimizer": self.optimizer and self.optimizer.state_dict(), "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict`."""
        if self.optimizer is not None:
            self.optimizer.load_state_dict(state["optimizer"])
        self.seconds = state["seconds"]

    def _draw(self, generator: torch.Generator) -> Batch:
        z, log_q = self.flow.q0(self.config.batch, generator)
        together = ranks()
        chunk = self.config.chunk or self.config.batch
        return Batch(together.part(z), together.part(log_q), self.config.batch, chunk, together.sum)

    def _gradients(self) -> dict[str, Tensor]:
        """By the name to show; a parameter that the batch did not reach has the gradient zero."""
        for p in self.parameters.values():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        return {f"the gradient of {name}": p.grad for name, p in self.parameters.items() if p.grad is not None}

    def _fail(self, index: int, reason: str, batch: Batch, path: Path | None) -> NoReturn:
        raise UserError(f"training, step {index}: {reason}{self._saved(index, reason, batch, path)}")

    def _saved(self, index: int, reason: str, batch: Batch, path: Path | None) -> str:
        """Leaves batch and parameters for whoever looks for the reason."""
        if path is None or not ranks().leader:
            return ""
        target = path / f"diverged_step_{index}.pt"
        parameters = {key: value.detach() for key, value in self.flow.state_dict().items()}
        with replacing(target) as temporary:
            found = {"step": index, "reason": reason, "z": batch.z.detach(), "parameters": parameters}
            torch.save(found, temporary)
        return f"; batch and parameters are saved in {target}; expected a smaller rate, or clip, or annealing"


def _not_finite(named: dict[str, Tensor]) -> str:
    """Which of the tensors is not, the first of them."""
    bad = [name for name, tensor in named.items() if not bool(torch.isfinite(tensor).all())]
    return f"{bad[0] if bad else 'the norm of the gradient'} is not finite"
