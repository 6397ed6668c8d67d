from .chain.config import ChainConfig
from .chain.task import Chain
from .claims import claims_of
from .flow.config import FlowConfig
from .flow.task import Flow
from .registry import TASKS, register, task_of
from .regression.config import RegressionConfig
from .regression.task import Regression
from .vmc.config import VMCConfig
from .vmc.task import VMC

__all__ = [
    "TASKS",
    "VMC",
    "Chain",
    "ChainConfig",
    "Flow",
    "FlowConfig",
    "Regression",
    "RegressionConfig",
    "VMCConfig",
    "claims_of",
    "register",
    "task_of",
]
