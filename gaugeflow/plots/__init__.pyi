from .chain import plot_chain
from .compare import compare_runs
from .dmc import plot_dmc
from .flow.run import plot_flow_run
from .look import Look
from .measured import plot_measured
from .regression import plot_regression
from .run import contact_sheet, plot_run
from .vmc.run import plot_vmc

__all__ = [
    "Look",
    "compare_runs",
    "contact_sheet",
    "plot_chain",
    "plot_dmc",
    "plot_flow_run",
    "plot_measured",
    "plot_regression",
    "plot_run",
    "plot_vmc",
]
