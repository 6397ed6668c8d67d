"""The task `flow`: a normalizing flow is fitted and trained on an action, then held against exact results."""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, Weights
from gaugeflow.flows.integrated import halve_steps
from gaugeflow.io import EnsembleWriter, ScalarWriter
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.montecarlo.independence import check_log_weight, metropolis_chain
from gaugeflow.random import stream
from gaugeflow.runs import Metrics, Record, Task
from gaugeflow.runs.devices import restored_generator
from gaugeflow.runs.opening.shipped import named_run
from gaugeflow.symmetry.claims import Claim
from gaugeflow.tasks.flow.base import BaseRun
from gaugeflow.tasks.flow.claims import disturbed, flow_claims
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.evaluation import Stage, Weighing, reference_stages
from gaugeflow.tasks.flow.exactness.accuracy import halvings
from gaugeflow.tasks.flow.exactness.round_trip import RoundTrip
from gaugeflow.tasks.flow.exactness.steps import StepError
from gaugeflow.tasks.flow.model import build_flow
from gaugeflow.tasks.flow.report import flow_markdown, flow_report
from gaugeflow.tasks.flow.symmetrized import SymmetrizedRun
from gaugeflow.tasks.flow.trainer import Trainer
from gaugeflow.tasks.flow.transfer import load_parameters, parameters_of
from gaugeflow.tasks.flow.weighing import Averaged, Layers, Weigher, WithUpdates
from gaugeflow.tasks.keys import DTYPES

__all__ = ["Flow"]

FEWEST = 100
"""Samples without which an effective sample size means nothing."""
BURN_IN = 256
"""Fewest proposals that take the chain of `Flow.samples` from the flow to the target."""


class Flow(Task[FlowConfig]):
    """Step 0 fits the model, the next `training.steps` train it, the others sample it and the chains beside it."""

    name = "flow"
    schema = FlowConfig
    distributed = True
    extendable: ClassVar[frozenset[str]] = frozenset({"checkpoint_every"})

    def __init__(self, config: FlowConfig) -> None:
        super().__init__(config)
        self.action = config.action.build(len(config.shape))
        if (self.action.space is SCALARS) is not (config.group is None):
            raise UserError(f"group: expected one for links and none for scalars, came {config.group!r}")
        for entry in config.observables:
            if entry.space is not self.action.space:
                raise UserError(f"report.observables: {entry.name} is not measured on the fields of this action")
        self._make_stages()
        self._status = ""

    @property
    def steps(self) -> int:
        return 1 + self.config.training.steps + sum(stage.count for stage in self.stages)

    def begin(self) -> None:
        """The model with its first parameters, or those of `init_from`; every lattice of the report is tried."""
        self.generator = stream("run", self.config.seed, device=self.config.device)
        self._make()
        if isinstance(self.config.base, BaseRun):
            first = parameters_of(named_run(self.config.base.path), self.config.group, "base")
            load_parameters(self.flow, {**self.flow.state_dict(), **first}, self.config.base.path)
        if isinstance(self.config.model, SymmetrizedRun):
            source = self.config.model.base.path
            first = parameters_of(named_run(source), self.config.group, "model.base")
            load_parameters(self.flow.q0.flow, first, source)
        if self.config.init_from is not None:
            first = parameters_of(named_run(self.config.init_from), self.config.group)
            load_parameters(self.flow, first, self.config.init_from)
        self.trainer = Trainer(self.flow, self.config.training)

    def step(self, index: int, record: Record) -> None:
        if index == 0:
            self._prepare(record)
        elif index <= self.config.training.steps:
            row = self.trainer.step(index - 1, self.generator, record.path)
            record.metrics.record("training", row)
            self._status = f"loss {float(row['loss']):.4f}, ess {row['ess']:.3f}"
        else:
            stage, place = self._stage(index - 1 - self.config.training.steps)
            stage.run(place, self.generator, record)
            self._status = stage.table

    def state_dict(self) -> dict[str, Any]:
        return {
            "flow": self.flow.state_dict(),
            "trainer": self.trainer.state_dict(),
            "generator": self.generator.get_state(),
            "stages": [stage.state_dict() for stage in self.stages],
            "halvings": self._halvings,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.generator = torch.Generator(self.config.device)
        self._make()
        load_parameters(self.flow, state["flow"], "checkpoint")
        self.trainer = Trainer(self.flow, self.config.training)
        self.trainer.load_state_dict(state["trainer"])
        self.generator = restored_generator(self.config.device, state["generator"])
        self._halve_steps(state.get("halvings"))  # checkpoints written before have none
        # another version, or another device, may sample beside the flow otherwise: its parameters are as good
        for stage, stored in zip(self.stages, state["stages"], strict=False):
            stage.load_state_dict(stored)

    def restart_measurements(self, seed: int) -> int:
        """Samples and chains anew; the parameters are those of the checkpoint."""
        self.generator = stream("report", seed, device=self.config.device)
        self._make_stages()
        return 1 + self.config.training.steps

    def report(self, metrics: Metrics) -> dict[str, Any]:
        parameters = sum(p.numel() for p in self.flow.parameters())
        return flow_report(self.config, metrics, parameters, self.trainer.seconds)

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return flow_markdown(report)

    def create_ensemble(self, path: Path, capacity: int) -> EnsembleWriter | ScalarWriter:
        config = self.config
        action = {f"action_{key}": value for key, value in config.action.model_dump().items() if key != "options"}
        about = {"seed": config.seed, "sampler": f"{config.model.name} flow", **action}
        if config.group is None:
            return ScalarWriter(path, **about)
        return EnsembleWriter.create(path, config.group, config.shape, DTYPES[config.dtype], capacity, **about)

    def samples(self, seed: int) -> Iterator[Tensor]:
        """One chain `(1, ...)` of independence Metropolis over proposals of the flow, which are made a chunk at a time.

        The first chunk (or more, with chunks below `BURN_IN`) is left out: it takes the chain from a sample of the
        flow to one of the target. Warns if the weights have collapsed there, as the chain will hardly move.
        """
        proposals = self.weighted_samples(seed)
        first = islice(proposals, -(-BURN_IN // self.config.report.chunk))
        x, log_w = map(torch.cat, zip(*first, strict=True))
        collapsed = Weights(log_w.cpu().numpy()).collapse()
        if collapsed:
            text = f"the weights have collapsed ({collapsed}): the chain repeats few fields; see --weighted"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        present = self._metropolis(log_w)[-1:]
        for more, log_more in proposals:
            x, log_w = torch.cat([x[present], more]), torch.cat([log_w[present], log_more])
            places = self._metropolis(log_w)
            present = places[-1:]
            yield x[places[1:]]

    @torch.no_grad()
    def weighted_samples(self, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Independent samples of the flow and their log-weights `(batch,)`, a chunk of the report at a time.

        Raises:
            UserError: a weight that is NaN or +inf.
        """
        self.generator = stream("samples", seed, device=self.config.device)
        weigher = self._weigher()
        while True:
            x, columns = weigher.draw(self.config.report.chunk, self.generator)
            yield x, check_log_weight(columns["log_weight"].double())

    def claims(self) -> list[Claim]:
        """The density of the flow under the symmetries that its model has, and the flow as a bijection."""
        flow = self.flow if self.trainer.seconds else disturbed(self.flow, self.generator)
        return flow_claims(self.config, flow, self.action)

    def status(self) -> str:
        return self._status

    def kinds_of_steps(self) -> dict[int, int]:
        """Without the fit of step 0, of which nobody knows beforehand what it takes."""
        steps = self.config.training.steps
        kinds, first = ({1: steps} if steps else {}), 1 + steps
        for stage in self.stages:
            kinds |= {first + place: count for place, count in stage.kinds().items()}
            first += stage.count
        return kinds

    @property
    def not_foretold(self) -> str:
        learned = self.config.stochastic is not None and self.config.stochastic.steps is not None
        fitted = self.config.model.fitted and not self.config.init_from
        return "the learning of the layers" if learned else "the fit of the model" if fitted else ""

    @property
    def disk_bytes(self) -> int:
        report, observables = self.config.report, sum(len(entry.columns) for entry in self.config.observables)
        fields = report.samples * (1 + len(report.shapes)) + report.reference.chains * report.reference.measurements
        return 8 * fields * (2 + observables)

    def try_step(self, index: int) -> float:
        if index <= self.config.training.steps:
            return super().try_step(index)
        self._halve_steps(self._halvings or 0)  # how short they are to be, only the trained flow tells
        stage, place = self._stage(index - 1 - self.config.training.steps)
        return stage.try_step(place, self.generator)

    def shortened(self, share: float) -> FlowConfig:
        report, chains = self.config.report, self.config.report.reference
        fewer = chains.model_copy(update={"measurements": max(5, int(share * chains.measurements))})
        samples = max(FEWEST, int(share * report.samples))
        changed = report.model_copy(update={"samples": samples, "reference": fewer})
        return self.config.model_copy(update={"report": changed})

    def _metropolis(self, log_w: Tensor) -> Tensor:
        """At which of the proposals the chain stands after each of them."""
        uniform = torch.rand(len(log_w), generator=self.generator, dtype=torch.float64, device=log_w.device)
        return metropolis_chain(log_w[None], uniform[None])[0].to(log_w.device)

    def _make(self) -> None:
        """The flow, and the same on the other lattices of the report, which are refused here if they are not served."""
        self.flow = self._build(self.config.shape, self.generator)
        self._halvings: int | None = None
        self._others = {}
        for shape in self.config.report.shapes:
            generator = torch.Generator(self.config.device).manual_seed(0)
            other = self._build(shape, generator)
            load_parameters(other, self.flow.state_dict(), f"report.shapes: {shape}")
            self._others[tuple(shape)] = other
        if self.config.stochastic is not None:
            self.config.stochastic.build(self.flow, self.config.equilibrium)

    def _make_stages(self) -> None:
        report, observables = self.config.report, self.config.observables
        amount = report.samples, report.chunk
        self.stages: list[Stage] = [
            Weighing("flow", self._weigher, *amount, observables),
            *reference_stages(self.config, self.action, self._weigher),
        ]
        if self.config.stochastic is not None or self._symmetrized:
            self.stages.append(Weighing("layers", lambda: Layers(self._alone()), *amount, ()))
        for shape in report.shapes:
            name = "flow_" + "x".join(map(str, shape))
            self.stages.append(Weighing(name, partial(self._weigher, shape), *amount, ()))
        if self.config.integrated:
            self.stages.append(StepError(self._with_finer_steps, *amount, observables))
        else:
            self.stages.append(RoundTrip(self._alone))

    def _weigher(self, shape: list[int] | None = None) -> Weigher:
        """What draws the weighted fields that the report is about, with the parameters that the flow has now."""
        self._measured()
        flow = self.flow if shape is None else self._others[tuple(shape)]
        if shape is not None:
            flow.load_state_dict(self.flow.state_dict())
        if self.config.stochastic is not None:
            return WithUpdates(self.config.stochastic.build(flow, self.config.equilibrium))
        return Averaged(flow) if self._symmetrized else Layers(flow)

    def _alone(self) -> GaugeFlow:
        """The layers without updates between them, and not averaged."""
        flow = self._measured()
        return GaugeFlow(flow.q0.flow, [], self.action) if self._symmetrized else flow

    @property
    def _symmetrized(self) -> bool:
        return isinstance(self.config.model, SymmetrizedRun)

    def _with_finer_steps(self) -> tuple[GaugeFlow, GaugeFlow]:
        """The flow and the same with steps half as long."""
        finer = deepcopy(self._measured())
        halve_steps(finer)
        return self.flow, finer

    def _measured(self) -> GaugeFlow:
        """The flow, with steps as short as its accuracy asks for once it is trained."""
        if self._halvings is None:
            self._halve_steps(halvings(self.flow, self.config.report.samples) if self.config.bounded else 0)
        return self.flow

    def _halve_steps(self, times: int | None) -> None:
        """On every lattice, once and for all."""
        if self._halvings is None and times is not None:
            self._halvings = times
            for flow in (self.flow, *self._others.values()):
                halve_steps(flow, times)

    def _build(self, shape: list[int], generator: torch.Generator) -> GaugeFlow:
        return build_flow(self.config, self.action, tuple(shape), DTYPES[self.config.dtype], generator)

    def _prepare(self, record: Record) -> None:
        if self.config.init_from is None:
            log = partial(record.metrics.record, "fit")
            self.trainer.prepare(partial(self.config.model.prepare, self.flow, self.action, self.generator, log))
        if self.config.stochastic is not None:
            learn = self.config.stochastic.prepare
            self.trainer.prepare(partial(learn, self.flow, self.config.equilibrium, self.generator))

    def _stage(self, index: int) -> tuple[Stage, int]:
        for stage in self.stages:
            if index < stage.count:
                return stage, index
            index -= stage.count
        raise IndexError(index)
