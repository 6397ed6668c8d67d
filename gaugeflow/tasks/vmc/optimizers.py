"""The `optimizer` section of the task `vmc`."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.runs import Count, Number, Positive, Section, ranks
from gaugeflow.wavefunctions.optimizers.adam import Adam
from gaugeflow.wavefunctions.optimizers.natural_gradient import NaturalGradient
from gaugeflow.wavefunctions.optimizers.optimizer import Optimizer
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["OptimizerConfig"]


class SpringConfig(Section):
    """The natural gradient with momentum (SPRING); MinSR for `momentum: 0`.

    `jacobian: explicit` stores the derivatives at each walker, for parameters that `implicit` cannot follow.
    """

    name: Literal["spring"]
    rate: Positive = 0.1
    decay: Positive = 1000.0
    damping: Positive = 1e-3
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    norm_limit: Positive = 0.1
    chunk_size: Count | None = None
    jacobian: Literal["implicit", "explicit"] = "implicit"

    def build(self, psi: Wavefunction) -> Optimizer:
        return NaturalGradient(**self.model_dump(exclude={"name"}), processes=ranks())


class AdamConfig(Section):
    """Adam, for comparison."""

    name: Literal["adam"]
    rate: Positive = 1e-2
    decay: Positive = 1000.0

    def build(self, psi: Wavefunction) -> Optimizer:
        return Adam(psi, self.rate, self.decay, ranks())


OptimizerConfig = Annotated[SpringConfig | AdamConfig, Field(discriminator="name")]
