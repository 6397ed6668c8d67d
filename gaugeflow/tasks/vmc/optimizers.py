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
    """The natural gradient with momentum (SPRING); MinSR for `momentum: 0`."""

    name: Literal["spring"]
    rate: Positive = 0.1
    """The first learning rate."""
    decay: Positive = 1000.0
    """Iterations after which the rate has halved: it falls as 1/(1 + step/decay)."""
    damping: Positive = 1e-3
    """Regularisation of the equations."""
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    """Share of the direction before that is kept; zero is MinSR."""
    norm_limit: Positive = 0.1
    """The largest Euclidean norm of a change of the parameters."""
    chunk_size: Count | None = None
    """Walkers whose derivatives are taken at a time."""
    jacobian: Literal["implicit", "explicit"] = "implicit"
    """`explicit` stores the derivatives at each walker; `implicit` needs products with them only."""

    def build(self, psi: Wavefunction) -> Optimizer:
        return NaturalGradient(**self.model_dump(exclude={"name"}), processes=ranks())


class AdamConfig(Section):
    """Adam, for comparison."""

    name: Literal["adam"]
    rate: Positive = 1e-2
    """The first learning rate."""
    decay: Positive = 1000.0
    """Iterations after which the rate has halved: it falls as 1/(1 + step/decay)."""

    def build(self, psi: Wavefunction) -> Optimizer:
        return Adam(psi, self.rate, self.decay, ranks())


OptimizerConfig = Annotated[SpringConfig | AdamConfig, Field(discriminator="name")]
