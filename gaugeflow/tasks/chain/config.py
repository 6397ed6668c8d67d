"""What a configuration of the task `chain` says."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from gaugeflow.runs import Count, RunConfig
from gaugeflow.runs.configuration.schema import absolute_path
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.chain.transformed import FlowProposalsConfig, FTHMCConfig
from gaugeflow.tasks.keys import Dtype, GroupName
from gaugeflow.tasks.observables import ObservableConfig
from gaugeflow.tasks.samplers import SamplerConfig

__all__ = ["ChainConfig"]


class ChainConfig(RunConfig):
    """Markov chains of lattice fields: a warm-up, then measurements some updates apart."""

    task: Literal["chain"]
    group: GroupName | None = None
    """The gauge group: `u1`, `su2`, `su3`, ...; none for scalar fields."""
    shape: Annotated[list[Count], Field(min_length=1)]
    """Extents of the lattice in sites, time last."""
    dtype: Dtype = "float64"
    """Precision of the field."""
    action: ActionConfig
    """What the weight `exp(-S)` is made of."""
    sampler: Annotated[SamplerConfig | FTHMCConfig | FlowProposalsConfig, Field(discriminator="name")]
    """The Markov move that makes one update."""
    chains: Count = 1
    """Independent chains that move together."""
    start: str = "cold"
    """The first field: `cold` (units), `hot` (random), or a configuration file, from the folder of this one."""
    warmup: Annotated[int, Field(ge=0)]
    """Updates before the first measurement (thermalisation)."""
    measurements: Count
    """Measurements of each chain."""
    interval: Count = 1
    """Updates from one measurement to the next."""
    observables: Annotated[list[ObservableConfig], Field(min_length=1)]
    """What is measured; a name alone is an observable without keys."""
    save_fields: bool = False
    """Whether every measured field is kept in `chain.h5`."""

    @field_validator("start")
    @classmethod
    def _start_file(cls, start: str, info: ValidationInfo) -> str:
        return start if start in ("cold", "hot") else absolute_path(start, info)

    @field_validator("observables")
    @classmethod
    def _once_each(cls, entries: list[ObservableConfig]) -> list[ObservableConfig]:
        names = [entry.name for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each observable can be listed once, {', '.join(twice)} came more often")
        return entries

    @model_validator(mode="after")
    def _defect_fits(self) -> Self:
        defect = self.sampler.defect if self.sampler.name == "tempering" else None
        if defect is not None:
            others = [extent for axis, extent in enumerate(self.shape) if axis != defect.axis]
            if defect.axis >= len(self.shape) or defect.length > min(others):
                raise ValueError(
                    f"sampler.defect: expected an axis below {len(self.shape)} and a length up to {min(others)}, "
                    f"came axis {defect.axis} and length {defect.length}"
                )
        return self

    @model_validator(mode="after")
    def _group_where_there_are_links(self) -> Self:
        if self.action.name == "python":
            return self  # which fields an action of the user's has is known when it is made
        scalars = self.action.name == "phi4"
        if scalars and self.group is not None:
            raise ValueError(f"group: the action phi4 has scalars and no group, came {self.group!r}")
        if not scalars and self.group is None:
            raise ValueError(f"group: the action {self.action.name} needs one (u1, su2, su3, ...), none came")
        if scalars and self.save_fields:
            raise ValueError("save_fields: ensemble files hold links, the action phi4 has scalars")
        return self
