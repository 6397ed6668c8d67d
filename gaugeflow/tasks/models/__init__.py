"""The `model` section of a configuration: one class for each architecture, chosen by its `name`."""

from typing import Annotated

from pydantic import Field

from gaugeflow.tasks.models.continuous import Continuous
from gaugeflow.tasks.models.coupling import CouplingFlow, ResidualFlow
from gaugeflow.tasks.models.model import Log, ModelSection
from gaugeflow.tasks.models.neural import Neural
from gaugeflow.tasks.models.plain import Identity, Python
from gaugeflow.tasks.models.refinement import Refinement
from gaugeflow.tasks.models.scalar import ScalarContinuous, ScalarCouplings

__all__ = ["Log", "ModelConfig", "ModelSection"]

ModelConfig = Annotated[
    Continuous
    | Identity
    | Neural
    | Python
    | CouplingFlow
    | Refinement
    | ResidualFlow
    | ScalarContinuous
    | ScalarCouplings,
    Field(discriminator="name"),
]
