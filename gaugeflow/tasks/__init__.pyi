from .chain.config import ChainConfig
from .chain.task import Chain
from .claims import claims_of
from .dmc.config import DMCConfig
from .dmc.task import DMC
from .flow.config import FlowConfig
from .flow.task import Flow
from .registry import TASKS, register, task_of
from .regression.config import RegressionConfig
from .regression.task import Regression
from .vmc.config import VMCConfig
from .vmc.task import VMC

__all__ = [
    "DMC",
    "TASKS",
    "VMC",
    "Chain",
    "ChainConfig",
    "DMCConfig",
    "Flow",
    "FlowConfig",
    "Regression",
    "RegressionConfig",
    "VMCConfig",
    "claims_of",
    "register",
    "task_of",
]
