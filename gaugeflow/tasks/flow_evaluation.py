"""The steps of a flow run that come after training: samples of the flow, and Markov chains beside them.

Each stage records rows, so that a run can be stopped between any two steps and measured anew from its parameters.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow
from gaugeflow.groups import Group, get_group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import cold_start, hot_start
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.lattice.refinement import refinement_axes
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Sampler
from gaugeflow.runs import Record
from gaugeflow.tasks.flow_config import DTYPES, FlowConfig, ReferenceConfig
from gaugeflow.tasks.observables import ObservableConfig

__all__ = ["Reference", "Stage", "Weighing", "measured", "reference_stages"]


FEWEST_ROWS = 5
"""Without so many there is no error."""


class Stage(Protocol):
    """`count` steps, each recording rows in tables that begin with `table`."""

    table: str
    count: int

    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        """Step `index` of `count`."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict`."""
        ...


class Weighing:
    """Samples of a flow with their weights, in chunks; `flow` is called when it is needed, with its parameters."""

    def __init__(
        self,
        table: str,
        flow: Callable[[], GaugeFlow],
        samples: int,
        chunk: int,
        observables: Sequence[ObservableConfig],
    ) -> None:
        self.table, self.observables = table, observables
        self.chunk = min(chunk, samples)
        self.count = -(-samples // self.chunk)
        self._flow = flow

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        flow = self._flow()
        began = time.perf_counter()
        x, log_q = flow.sample(self.chunk, generator)
        log_w = flow.log_weight(x, log_q)
        seconds = time.perf_counter() - began
        uniform = torch.rand(self.chunk, generator=generator, dtype=torch.float64, device=x.device)
        row = {"log_weight": log_w.double(), "uniform": uniform, **measured(self.observables, x)}
        record.metrics.record(self.table, row)
        record.metrics.record(f"{self.table}_time", {"seconds": seconds, "fields": self.chunk})

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class Reference:
    """Markov chains of the target, and the weights that `flow` gives to their fields, if it is given."""

    def __init__(
        self,
        name: str,
        sampler: Sampler,
        start: Callable[[torch.Generator], Tensor],
        config: ReferenceConfig,
        observables: Sequence[ObservableConfig],
        flow: Callable[[], GaugeFlow] | None,
    ) -> None:
        self.table, self.sampler, self.config, self.observables = name, sampler, config, observables
        self.warmup = 0 if isinstance(sampler, ExactSampler) else config.warmup
        self.count = self.warmup + config.measurements
        self._start, self._flow = start, flow
        self._field: Tensor | None = None

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        field = self._start(generator) if self._field is None else self._field
        self.sampler.warmup = index < self.warmup
        updates = 1 if self.sampler.warmup else self.config.interval
        began = time.perf_counter()
        for _ in range(updates):
            field, _ = self.sampler.update(field, generator)
        seconds = time.perf_counter() - began
        self._field = field if index + 1 < self.count else None  # what is over takes no room in checkpoints
        if self.sampler.warmup:
            return
        row = measured(self.observables, field)
        if self._flow is not None:
            flow = self._flow()
            row["log_weight"] = flow.log_weight(field, flow.log_prob(field)).double()
        record.metrics.record(self.table, row)
        record.metrics.record(f"{self.table}_time", {"seconds": seconds, "fields": len(field)})

    def state_dict(self) -> dict[str, Any]:
        return {"field": self._field, "sampler": self.sampler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._field = state["field"]
        self.sampler.load_state_dict(state["sampler"])


def measured(observables: Sequence[ObservableConfig], field: Tensor) -> dict[str, Tensor]:
    """Columns by name, each `(batch, ...)`."""
    return {name: values for entry in observables for name, values in entry.measure(field).items()}


def reference_stages(config: FlowConfig, action: Action, flow: Callable[[], GaugeFlow]) -> list[Reference]:
    """The chains beside the flow; the first of them is where forward weights are taken.

    Raises:
        UserError: a sampler was asked for that does not serve this action.
    """
    group = None if config.group is None else get_group(config.group)
    asked = config.report.samplers
    names = _serving(config, action, group) if asked is None else asked
    make: dict[str, Callable[[Any], Sampler]] = {"exact": ExactSampler, "heatbath": HeatBath, "hmc": HMC}
    chains = config.report.reference
    # independent fields cost less by the hundred
    many = chains.model_copy(
        update={"chains": 8 * chains.chains, "measurements": max(FEWEST_ROWS, chains.measurements // 8)}
    )
    stages = []
    for place, name in enumerate(names):
        settings = many if name == "exact" else chains
        start = partial(_start, config, group, settings.chains)
        weighing = flow if place == 0 else None
        stages.append(Reference(name, make[name](action), start, settings, config.observables, weighing))
    return stages


def _start(config: FlowConfig, group: Group | None, size: int, generator: torch.Generator) -> Tensor:
    dtype = DTYPES[config.dtype]
    if group is not None:
        return hot_start(group, config.shape, generator, size, dtype)
    return torch.randn((size, *config.shape), generator=generator, dtype=dtype, device=generator.device)


def _serving(config: FlowConfig, action: Action, group: Group | None) -> list[str]:
    """The samplers that can do it, the best first; the rarer cases are found by trying.

    The exact sampler is for U(1), where chains freeze in their charge; for SU(N) in two dimensions a heat bath does it
    in a hundredth of the time.
    """
    if group is None or not is_loop_sum(action):
        return ["hmc"]
    names = ["hmc"]
    generator = torch.Generator(config.device).manual_seed(0)
    try:
        HeatBath(action).update(cold_start(group, config.shape, device=config.device), generator)
        names.insert(0, "heatbath")
        ExactSampler(action)
        refinement_axes(config.shape)
    except UserError:
        return names
    return ["exact", *names] if group.name == "u1" and config.device == "cpu" else names
