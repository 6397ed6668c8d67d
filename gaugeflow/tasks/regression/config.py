"""What a configuration of the task `regression` says."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from gaugeflow.runs import Count, Positive, RunConfig
from gaugeflow.tasks.keys import Dtype, GroupName
from gaugeflow.tasks.regression.baseline import BaselineConfig
from gaugeflow.tasks.regression.fields import FieldsConfig
from gaugeflow.tasks.regression.fit import TrainingConfig
from gaugeflow.tasks.regression.network import NetworkConfig
from gaugeflow.tasks.regression.target import TargetConfig

__all__ = ["RegressionConfig"]

Extents = Annotated[list[Count], Field(min_length=2)]


class RegressionConfig(RunConfig):
    """Several networks learn a gauge-invariant number from links, and are tested on larger lattices.

    The error is the mean squared one of the lattice mean. A network that exceeds `bar` on any lattice has failed.
    """

    task: Literal["regression"]
    group: GroupName
    """The gauge group: `u1`, `su2`, `su3`, ..."""
    shape: Extents
    """Extents of the lattice of the training set."""
    test_shapes: Annotated[list[Extents], Field(min_length=1)]
    """Lattices of the test sets."""
    dtype: Dtype = "float64"
    """Of links and networks; float32 leaves a mean squared error of about 1e-14."""
    target: TargetConfig
    """What the network learns."""
    fields: FieldsConfig
    """The configurations of all sets."""
    network: NetworkConfig
    """The layers."""
    training: TrainingConfig
    """How each network is trained."""
    baseline: BaselineConfig = BaselineConfig()
    """A plain convolutional network for comparison."""
    seeds: Count
    """Independent networks, each with fields of its own."""
    bar: Positive
    """The mean squared error above which a network has failed."""

    @field_validator("test_shapes")
    @classmethod
    def _as_many_axes(cls, shapes: list[list[int]], info: ValidationInfo) -> list[list[int]]:
        ndim = len(info.data.get("shape", shapes[0]))
        if any(len(shape) != ndim for shape in shapes):
            raise ValueError(f"expected {ndim} extents each, as shape has, came {shapes}")
        if len({tuple(shape) for shape in shapes}) < len(shapes):
            raise ValueError(f"expected each shape once, came {shapes}")
        return shapes
