"""What a configuration of the task `regression` says."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from gaugeflow.runs import Count, Positive, RunConfig
from gaugeflow.tasks.keys import GroupName
from gaugeflow.tasks.regression.baseline import BaselineConfig
from gaugeflow.tasks.regression.fields import FieldsConfig
from gaugeflow.tasks.regression.fit import TrainingConfig
from gaugeflow.tasks.regression.network import NetworkConfig
from gaugeflow.tasks.regression.target import TargetConfig

__all__ = ["RegressionConfig"]

Extents = Annotated[list[Count], Field(min_length=2)]


class RegressionConfig(RunConfig):
    """`seeds` networks, each with fields and initial weights of its own, learn `target` on lattices of `shape`.

    They are tested on lattices of all `test_shapes`; one whose mean squared error of the lattice mean exceeds `bar` on
    any of them counts as failed.
    """

    task: Literal["regression"]
    group: GroupName
    shape: Extents
    test_shapes: Annotated[list[Extents], Field(min_length=1)]
    target: TargetConfig
    fields: FieldsConfig
    network: NetworkConfig
    training: TrainingConfig
    baseline: BaselineConfig = BaselineConfig()
    seeds: Count
    bar: Positive

    @field_validator("test_shapes")
    @classmethod
    def _as_many_axes(cls, shapes: list[list[int]], info: ValidationInfo) -> list[list[int]]:
        ndim = len(info.data.get("shape", shapes[0]))
        if any(len(shape) != ndim for shape in shapes):
            raise ValueError(f"expected {ndim} extents each, as shape has, came {shapes}")
        if len({tuple(shape) for shape in shapes}) < len(shapes):
            raise ValueError(f"expected each shape once, came {shapes}")
        return shapes
