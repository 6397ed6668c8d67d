"""What a run of variational Monte Carlo will take, from one step of each kind by a copy of it."""

import time
import warnings
from copy import deepcopy
from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.runs import Record, ranks
from gaugeflow.runs.forecast import Forecast, peak_bytes, reset_peak
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.pretraining import Pretraining

__all__ = ["forecast"]


class Calculation(Protocol):
    """What a forecast needs of the task: its state, and its steps."""

    config: VMCConfig
    walkers: Tensor
    pretraining: Pretraining | None

    def __init__(self, config: VMCConfig) -> None: ...
    @property
    def pretrained_until(self) -> int: ...
    @property
    def recorded_bytes(self) -> int: ...
    def kinds_of_steps(self) -> dict[int, int]: ...
    def step(self, index: int, record: Record) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def forecast(task: Calculation) -> Forecast | None:
    """Of all steps of a task at its beginning, whose state, random numbers too, stays as it is.

    The copy makes each kind of step once with a few walkers, so that what happens only once does not count, and once
    with all. None if a step of the copy fails: that is for the run itself to say.
    """
    device = task.config.device
    copy = type(task)(task.config)
    copy.load_state_dict(deepcopy(task.state_dict()))
    walkers, counts = copy.walkers, task.kinds_of_steps()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            _seconds_each(copy, walkers[: 2 * ranks().size], list(counts))
            reset_peak(device)
            seconds = _seconds_each(copy, walkers, list(counts))
    except UserError:
        return None
    peak = peak_bytes(device)
    reset_peak(device)
    total = sum(count * each for count, each in zip(counts.values(), seconds, strict=True))
    return Forecast(total, peak + task.recorded_bytes)


def _seconds_each(copy: Calculation, walkers: Tensor, indices: list[int]) -> list[float]:
    """Of the steps of these indices."""
    pretraining, found = copy.pretraining, []
    copy.walkers = walkers
    for index in indices:
        copy.pretraining = pretraining if index < copy.pretrained_until else None
        began = time.perf_counter()
        copy.step(index, Record())
        if copy.config.device.startswith("cuda"):
            torch.cuda.synchronize()
        found.append(time.perf_counter() - began)
    copy.pretraining = pretraining
    return found
