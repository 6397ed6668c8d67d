"""What a configuration of the task `chain` says."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from gaugeflow.runs import Count, RunConfig
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.keys import Dtype, GroupName
from gaugeflow.tasks.observables import ObservableConfig
from gaugeflow.tasks.samplers import SamplerConfig

__all__ = ["ChainConfig"]


class ChainConfig(RunConfig):
    """`chains` independent chains in a batch: `warmup` updates, then a measurement after every `interval` updates."""

    task: Literal["chain"]
    group: GroupName | None = None
    shape: Annotated[list[Count], Field(min_length=1)]
    dtype: Dtype = "float64"
    action: ActionConfig
    sampler: SamplerConfig
    chains: Count = 1
    start: str = "cold"
    warmup: Annotated[int, Field(ge=0)]
    measurements: Count
    interval: Count = 1
    observables: Annotated[list[ObservableConfig], Field(min_length=1)]
    save_fields: bool = False

    @field_validator("observables")
    @classmethod
    def _once_each(cls, entries: list[ObservableConfig]) -> list[ObservableConfig]:
        names = [entry.name for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each observable can be listed once, {', '.join(twice)} came more often")
        return entries

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
