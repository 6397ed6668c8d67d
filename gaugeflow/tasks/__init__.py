"""The jobs of the package: what `gaugeflow run` knows by name, and the commands on files."""

from gaugeflow.tasks.chain.task import Chain, ChainConfig
from gaugeflow.tasks.claims import claims_of
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.task import Flow
from gaugeflow.tasks.registry import TASKS, register, task_of
from gaugeflow.tasks.regression.task import Regression, RegressionConfig
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.task import VMC

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
