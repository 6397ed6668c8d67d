"""What a configuration of the task `flow` says."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.runs import Count, RunConfig, Section
from gaugeflow.runs.opening.shipped import RunPath
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.flow.base import BaseConfig, Equilibrium
from gaugeflow.tasks.flow.between import StochasticConfig
from gaugeflow.tasks.flow.models import ModelConfig
from gaugeflow.tasks.flow.symmetrized import SymmetrizedRun
from gaugeflow.tasks.flow.training import Training
from gaugeflow.tasks.keys import Dtype, GroupName
from gaugeflow.tasks.observables import Charge, Magnetization, ObservableConfig, PhiSquared, Plain, WilsonLoops

__all__ = ["FlowConfig", "ReferenceConfig", "ReportConfig"]


class ReferenceConfig(Section):
    """The Markov chains beside the flow."""

    chains: Count = 32
    """Independent chains of each sampler."""
    warmup: Annotated[int, Field(ge=0)] = 200
    """Updates before the first measurement; the exact sampler makes none."""
    measurements: Annotated[int, Field(ge=5)] = 256
    """Measurements of each chain."""
    interval: Count = 1
    """Updates from one measurement to the next."""


class ReportConfig(Section):
    """What is measured once the flow is trained.

    By default the `samplers` are the exact one for U(1) in two dimensions, the heat bath where it serves, and hybrid
    Monte Carlo.
    """

    samples: Annotated[int, Field(ge=100)] = 16384
    """Samples of the flow on each lattice."""
    chunk: Count = 1024
    """Samples that are drawn at a time."""
    shapes: list[Annotated[list[Count], Field(min_length=1)]] = Field(default_factory=list)
    """Further lattices on which the trained flow is tried."""
    samplers: list[Literal["exact", "heatbath", "hmc"]] | None = None
    """Markov chains of the target beside the flow; the first gives the fields for the forward effective sample size."""
    reference: ReferenceConfig = ReferenceConfig()
    """How long these chains are."""
    observables: list[ObservableConfig] | None = None
    """What is measured; by default what the theory has."""


class FlowConfig(RunConfig):
    """A flow for an action on a lattice: a model, how it is trained, and what is reported of it."""

    task: Literal["flow"]
    group: GroupName | None = None
    """The gauge group: `u1`, `su2`, `su3`, ...; none for scalar fields."""
    shape: Annotated[list[Count], Field(min_length=1)]
    """Extents of the lattice in sites, time last."""
    dtype: Dtype = "float64"
    """Precision of fields and parameters."""
    action: ActionConfig
    """The target is `exp(-S)/Z` with this S."""
    model: Annotated[ModelConfig | SymmetrizedRun, Field(discriminator="name")]
    """The architecture of the flow, or a trained one whose density is averaged over symmetries."""
    base: BaseConfig | None = None
    """Where the layers begin instead of the model's own base density."""
    init_from: RunPath | None = None
    """A run directory, from the folder of this file, or a shipped run, whose parameters are the first ones here."""
    training: Training
    """Gradient steps on the parameters."""
    stochastic: StochasticConfig | None = None
    """Monte Carlo updates between the trained layers."""
    report: ReportConfig = ReportConfig()
    """What is measured once the flow is trained."""

    @model_validator(mode="after")
    def _base_of_layers(self) -> Self:
        if self.base is not None and self.model.fitted and self.model.name != "python":
            raise ValueError(f"base: the model {self.model.name} is fitted from a base of its own and takes no other")
        return self

    @model_validator(mode="after")
    def _path_from_equilibrium(self) -> Self:
        entries = [] if self.stochastic is None else self.stochastic.updates
        if any(entry.density == "path" for entry in entries) and self.equilibrium is None:
            raise ValueError("stochastic: density: path: expected base: {name: equilibrium, ...}, where it begins")
        near = any(entry.near is not None for entry in entries)
        if near and self.equilibrium is not None and self.equilibrium.defect is None:
            raise ValueError("stochastic: near: expected a defect in the base to be near to, came `scale`")
        return self

    @model_validator(mode="after")
    def _steps_alone(self) -> Self:
        if self.stochastic is None or self.stochastic.steps is None:
            return self
        if self.model.name != "identity" or self.training.steps or self.init_from is not None:
            raise ValueError(
                "stochastic: steps: expected model: {name: identity}, training: {steps: 0} and no init_from: these "
                "layers are learned by themselves"
            )
        return self

    @model_validator(mode="after")
    def _nothing_but_the_average(self) -> Self:
        others = {"base": self.base, "init_from": self.init_from, "stochastic": self.stochastic}
        came = [name for name, section in others.items() if section is not None]
        came += ["training.steps"] if self.training.steps else []
        if isinstance(self.model, SymmetrizedRun) and came:
            raise ValueError(
                f"model: symmetrized is a trained run as it is: expected training: {{steps: 0}} and no base, init_from "
                f"or stochastic, came {', '.join(came)}"
            )
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
    def equilibrium(self) -> Equilibrium | None:
        """The base in equilibrium with an easier action, if it is one."""
        return self.base if isinstance(self.base, Equilibrium) else None

    @property
    def integrated(self) -> bool:
        """Whether layers of the model or of its base integrate an equation."""
        return self.model.integrated or (self.base is not None and self.base.integrated)

    @property
    def bounded(self) -> bool:
        """Whether the error of their steps is to be bounded."""
        return self.model.bounded or (self.base is not None and self.base.bounded)

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
