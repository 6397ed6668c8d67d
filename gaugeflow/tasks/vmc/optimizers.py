"""The `optimizer` section of the task `vmc`."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Number, Positive, Section, ranks
from gaugeflow.wavefunctions.occupation.memory import memory_bytes
from gaugeflow.wavefunctions.optimizers.adam import Adam
from gaugeflow.wavefunctions.optimizers.log_derivatives import trained
from gaugeflow.wavefunctions.optimizers.natural_gradient import NaturalGradient
from gaugeflow.wavefunctions.optimizers.optimizer import Optimizer
from gaugeflow.wavefunctions.optimizers.rayleigh_gauss_newton import Everywhere, RayleighGaussNewton
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["OptimizerConfig"]

COPIES = 2
"""Of the derivatives on all configurations, at once in memory: as they are made, and joined."""


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

    def build(self, psi: Wavefunction, everywhere: Everywhere | None = None) -> Optimizer:
        return NaturalGradient(**self.model_dump(exclude={"name"}), processes=ranks())


class AdamConfig(Section):
    """Adam, for comparison."""

    name: Literal["adam"]
    rate: Positive = 1e-2
    """The first learning rate."""
    decay: Positive = 1000.0
    """Iterations after which the rate has halved: it falls as 1/(1 + step/decay)."""

    def build(self, psi: Wavefunction, everywhere: Everywhere | None = None) -> Optimizer:
        return Adam(psi, self.rate, self.decay, ranks())


class RayleighGaussNewtonConfig(Section):
    """Newton's method on the energy over all configurations, as steps of imaginary time that are implicit."""

    name: Literal["rayleigh_gauss_newton"]
    rate: Positive = 0.06
    """The first step of imaginary time; it grows while the energy falls as expected, and shrinks where it does not."""
    damping: Positive = 0.03
    """Regularisation of the equations."""
    norm_limit: Positive = 1.0
    """The largest Euclidean norm of a change of the parameters."""
    chunk_size: Count | None = None
    """Configurations whose derivatives are taken at a time."""

    def build(self, psi: Wavefunction, everywhere: Everywhere | None = None) -> Optimizer:
        """Raises UserError for walkers that are drawn, for several processes, and for more than memory holds."""
        if everywhere is None:
            raise UserError(
                "optimizer: rayleigh_gauss_newton expected `sampler: {name: enumerate, train: all}`, as it needs the "
                "Hamiltonian among all configurations, came walkers that are drawn; spring takes those"
            )
        if ranks().size > 1:
            raise UserError(f"optimizer: rayleigh_gauss_newton expected one process, came {ranks().size}")
        parameters = sum(p.numel() for p in trained(psi).values())
        needed = COPIES * everywhere.size * parameters * next(psi.parameters()).element_size()
        if next(psi.parameters()).device.type == "cpu" and needed > memory_bytes():
            raise UserError(
                f"optimizer: rayleigh_gauss_newton needs {needed / 1e9:.0f} GB for the derivatives of {parameters:,} "
                f"parameters on {everywhere.size:,} configurations, expected at most {memory_bytes() / 1e9:.0f} GB on "
                "this machine: take fewer parameters, float32 or spring"
            )
        return RayleighGaussNewton(everywhere, **self.model_dump(exclude={"name"}))


OptimizerConfig = Annotated[SpringConfig | AdamConfig | RayleighGaussNewtonConfig, Field(discriminator="name")]
