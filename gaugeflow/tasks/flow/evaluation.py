"""The steps of a flow run that come after training: samples of the flow, and Markov chains beside them.

Each stage records rows, so that a run can be stopped between any two steps and measured anew from its parameters.
Processes share the fields of every step, and each gets all rows; Markov chains move on the first alone, whose numbers
the others wait for.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, get_group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import cold_start, hot_start
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.lattice.refinement.cells import refinement_axes
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Sampler
from gaugeflow.runs import Record, ranks
from gaugeflow.tasks.flow.config import FlowConfig, ReferenceConfig
from gaugeflow.tasks.flow.weighing import Weigher
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.observables import ObservableConfig

__all__ = ["TRIED", "Reference", "Stage", "Weighing", "measured", "reference_stages"]


TRIED = 32
"""Samples of a flow from which a forecast is made."""
FEWEST_ROWS = 5
"""Without so many there is no error."""


class Stage:
    """`count` steps, each recording rows in tables that begin with `table`; they hang together by the generator alone,
    unless a subclass says what else they depend on."""

    table: str
    count: int

    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        """Step `index` of `count`."""
        raise NotImplementedError

    def kinds(self) -> dict[int, int]:
        """A step of each kind, and how many there are of it."""
        return {0: self.count}

    def try_step(self, index: int, generator: torch.Generator) -> float:
        """Does a part of a step for a forecast; returns of how many such parts the step consists."""
        self.run(index, generator, Record())
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict`."""


class Weighing(Stage):
    """Weighted fields in chunks; `weigher` is called when it is needed, with the parameters of the flow."""

    def __init__(
        self,
        table: str,
        weigher: Callable[[], Weigher],
        samples: int,
        chunk: int,
        observables: Sequence[ObservableConfig],
    ) -> None:
        self.table, self.observables = table, observables
        self.chunk = min(chunk, samples)
        self.count = -(-samples // self.chunk)
        self._weigher = weigher

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        weigher = self._weigher()
        began = time.perf_counter()
        x, columns = weigher.draw(self.chunk, generator)
        seconds = time.perf_counter() - began
        uniform = torch.rand(self.chunk, generator=generator, dtype=torch.float64, device=x.device)
        shares = {name: column.double() for name, column in columns.items()} | measured(self.observables, x)
        record.metrics.record(self.table, {"uniform": uniform, **_gathered(shares)})
        record.metrics.record(f"{self.table}_time", {"seconds": seconds, "fields": len(x)})

    @torch.no_grad()
    def try_step(self, index: int, generator: torch.Generator) -> float:
        few = min(TRIED, self.chunk)
        x, _ = self._weigher().draw(few, generator)
        measured(self.observables, x)
        return self.chunk / few


class Reference(Stage):
    """Markov chains of the target, and the weights that `weigher` gives to their fields, if it can and is given."""

    def __init__(
        self,
        name: str,
        sampler: Sampler,
        start: Callable[[torch.Generator], Tensor],
        config: ReferenceConfig,
        observables: Sequence[ObservableConfig],
        weigher: Callable[[], Weigher] | None,
    ) -> None:
        self.table, self.sampler, self.config, self.observables = name, sampler, config, observables
        self.warmup = 0 if isinstance(sampler, ExactSampler) else config.warmup
        self.count = self.warmup + config.measurements
        self._start, self._weigher = start, weigher
        self._field: Tensor | None = None

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        together, seconds = ranks(), 0.0
        warmup = index < self.warmup
        if together.leader:
            seconds = self._advance(1 if warmup else self.config.interval, warmup, generator)
        if warmup:
            return
        field, seconds = self._shared(seconds, generator)
        shares = measured(self.observables, together.part(field))
        weigher = None if self._weigher is None else self._weigher()
        if weigher is not None and weigher.reversible:
            shares["log_weight"] = weigher.weigh(field, generator).double()
        record.metrics.record(self.table, _gathered(shares))
        record.metrics.record(f"{self.table}_time", {"seconds": seconds, "fields": len(field)})
        if index + 1 == self.count:
            self._field = None  # what is over takes no room in checkpoints

    def kinds(self) -> dict[int, int]:
        warmup = {0: self.warmup} if self.warmup else {}
        return {**warmup, self.warmup: self.config.measurements}

    def _advance(self, updates: int, warmup: bool, generator: torch.Generator) -> float:
        """The seconds that it took."""
        field = self._start(generator) if self._field is None else self._field.to(generator.device)
        self.sampler.warmup = warmup
        began = time.perf_counter()
        for _ in range(updates):
            field, _ = self.sampler.update(field, generator)
        self._field = field
        return time.perf_counter() - began

    def _shared(self, seconds: float, generator: torch.Generator) -> tuple[Tensor, float]:
        """The field of the first process on all of them, with the seconds that it took and the generator after it."""
        together = ranks()
        if together.size > 1:
            made = None if self._field is None else (self._field.cpu(), seconds, generator.get_state())
            field, seconds, state = together.from_leader(made)
            generator.set_state(state)
            self._field = field.to(generator.device)
        assert self._field is not None  # it was advanced
        return self._field, seconds

    def state_dict(self) -> dict[str, Any]:
        return {"field": self._field, "sampler": self.sampler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._field = state["field"]
        self.sampler.load_state_dict(state["sampler"])


def measured(observables: Sequence[ObservableConfig], field: Tensor) -> dict[str, Tensor]:
    """Columns by name, each `(batch, ...)`."""
    return {name: values for entry in observables for name, values in entry.measure(field).items()}


def _gathered(shares: dict[str, Tensor]) -> dict[str, Tensor]:
    """The columns of all processes from the share that each of them has."""
    return {name: ranks().gather(share) for name, share in shares.items()}


def reference_stages(config: FlowConfig, action: Action, weigher: Callable[[], Weigher]) -> list[Reference]:
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
        weighing = weigher if place == 0 else None
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
    return ["exact", *names] if group.name == "u1" else names
