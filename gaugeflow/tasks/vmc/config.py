"""The configuration of the task `vmc`."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.runs import Count, Positive, RunConfig, Section
from gaugeflow.tasks.keys import Dtype
from gaugeflow.tasks.vmc.optimizers import OptimizerConfig
from gaugeflow.tasks.vmc.pretraining import PretrainingConfig
from gaugeflow.tasks.vmc.systems import SystemConfig
from gaugeflow.tasks.vmc.wavefunctions import WavefunctionConfig

__all__ = ["VMCConfig"]


class WalkerSection(Section):
    """`count` walkers; `steps` moves of the kind `move` lie between two local energies."""

    count: Count = 512
    move: Literal["all", "one", "langevin"] = "all"
    width: Positive = 0.5
    steps: Count = 10


class VMCConfig(RunConfig):
    """`warmup` updates of the walkers, `iterations` changes of the parameters, `evaluation` energies of each walker.

    The steps of a `pretraining` come before. With `nodal_exchanges` the report counts nodal cells by so many exchanges
    of each of the first walkers.
    """

    task: Literal["vmc"]
    system: SystemConfig
    wavefunction: WavefunctionConfig
    walkers: WalkerSection = WalkerSection()
    pretraining: PretrainingConfig | None = None
    optimizer: OptimizerConfig
    dtype: Dtype = "float64"
    warmup: Annotated[int, Field(ge=0)] = 50
    iterations: Annotated[int, Field(ge=0)]
    evaluation: Count
    clip: Positive = 5.0
    laplacian: Literal["forward", "autograd"] = "forward"
    chunk_size: Count | None = None
    max_failures: Annotated[int, Field(ge=0)] = 3
    nodal_exchanges: Annotated[int, Field(ge=0)] = 0
