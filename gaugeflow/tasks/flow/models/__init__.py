"""The `model` section of a configuration: one class for each architecture, chosen by its `name`.

`model` says what a section offers, and `integrated` what those of integrated flows offer besides; every other file has
the sections of one family of flows.
"""

from typing import Annotated

from pydantic import Field

from gaugeflow.tasks.flow.models.continuous import Continuous
from gaugeflow.tasks.flow.models.coupling import CouplingFlow, ResidualFlow
from gaugeflow.tasks.flow.models.model import Log, ModelSection, Setting
from gaugeflow.tasks.flow.models.neural import Neural
from gaugeflow.tasks.flow.models.plain import Identity, Python
from gaugeflow.tasks.flow.models.refinement import Refinement
from gaugeflow.tasks.flow.models.scalar import ScalarContinuous, ScalarCouplings

__all__ = ["Log", "ModelConfig", "ModelSection", "Setting"]

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
