"""What a configuration of the task `flow` says."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.runs import Count, RunConfig, Section
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.flow.base import BaseConfig
from gaugeflow.tasks.flow.models import ModelConfig
from gaugeflow.tasks.flow.stochastic import StochasticConfig
from gaugeflow.tasks.flow.training import Training
from gaugeflow.tasks.keys import Dtype, GroupName
from gaugeflow.tasks.observables import Charge, Magnetization, ObservableConfig, PhiSquared, Plain, WilsonLoops

__all__ = ["FlowConfig", "ReferenceConfig", "ReportConfig"]


class ReferenceConfig(Section):
    """The Markov chains beside the flow: `chains` of them, measured `measurements` times, `interval` updates apart."""

    chains: Count = 32
    warmup: Annotated[int, Field(ge=0)] = 200
    measurements: Annotated[int, Field(ge=5)] = 256
    interval: Count = 1


class ReportConfig(Section):
    """What is measured once the flow is trained.

    `samples` of the flow, `chunk` at a time, and as many on each of the other lattices in `shapes`; the `samplers` of
    the target beside it, on the fields of the first of which the forward effective sample size is taken (by default
    the exact sampler for U(1) in two dimensions, the heat bath where it serves, and hybrid Monte Carlo).
    """

    samples: Annotated[int, Field(ge=100)] = 16384
    chunk: Count = 1024
    shapes: list[Annotated[list[Count], Field(min_length=1)]] = Field(default_factory=list)
    samplers: list[Literal["exact", "heatbath", "hmc"]] | None = None
    reference: ReferenceConfig = ReferenceConfig()
    observables: list[ObservableConfig] | None = None


class FlowConfig(RunConfig):
    """A flow for an action on a lattice: a model, how it is trained, and what is reported of it.

    `init_from` is a run directory of this task whose parameters the model begins with, from another beta or lattice.
    `base` is where the layers begin instead of the model's own distribution: a heat kernel, or the flow of a run.
    With `stochastic` the trained layers are sampled with Monte Carlo updates between them.
    """

    task: Literal["flow"]
    group: GroupName | None = None
    shape: Annotated[list[Count], Field(min_length=1)]
    dtype: Dtype = "float64"
    action: ActionConfig
    model: ModelConfig
    base: BaseConfig | None = None
    init_from: str | None = None
    training: Training
    stochastic: StochasticConfig | None = None
    report: ReportConfig = ReportConfig()

    @model_validator(mode="after")
    def _base_of_layers(self) -> Self:
        if self.base is not None and self.model.fitted and self.model.name != "python":
            raise ValueError(f"base: the model {self.model.name} is fitted from a base of its own and takes no other")
        return self

    @model_validator(mode="after")
    def _other_lattices(self) -> Self:
        for shape in self.report.shapes:
            if len(shape) != len(self.shape):
                raise ValueError(f"report.shapes: expected {len(self.shape)} extents as in `shape`, came {shape}")
        lattices = [self.shape, *self.report.shapes]
        twice = [shape for place, shape in enumerate(lattices) if shape in lattices[:place]]
        if twice:
            raise ValueError(f"report.shapes: expected each lattice once and none like `shape`, came {twice[0]} twice")
        return self

    @property
    def observables(self) -> list[ObservableConfig]:
        """What is measured: as listed, or what the theory has."""
        if self.report.observables is not None:
            return self.report.observables
        if self.group is None:
            return [PhiSquared(name="phi_squared"), Magnetization(name="magnetization")]
        longest = max(1, min(3, min(self.shape) // 2))
        listed: list[ObservableConfig] = [
            Plain(name="plaquette"),
            WilsonLoops(name="wilson_loops", r=longest, t=longest),
        ]
        if self.group == "u1" and len(self.shape) == 2:
            listed.append(Charge(name="charge", definition="geometric"))
        return listed
