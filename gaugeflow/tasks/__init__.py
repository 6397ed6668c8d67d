"""The jobs of the package: what `gaugeflow run` knows by name, and the commands on files."""

from gaugeflow.tasks.chain import Chain, ChainConfig
from gaugeflow.tasks.claims import claims_of
from gaugeflow.tasks.flow import Flow
from gaugeflow.tasks.flow_config import FlowConfig
from gaugeflow.tasks.registry import TASKS, register, task_of
from gaugeflow.tasks.regression import Regression, RegressionConfig
from gaugeflow.tasks.vmc import VMC
from gaugeflow.tasks.vmc_config import VMCConfig

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
