from .chain import plot_chain
from .flow.run import plot_flow_run
from .regression import plot_regression
from .run import plot_run
from .vmc.run import plot_vmc

__all__ = ["plot_chain", "plot_flow_run", "plot_regression", "plot_run", "plot_vmc"]
