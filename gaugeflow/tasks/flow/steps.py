"""What the finite steps of an integrated flow are to blame for: its weights beside those with steps half as long."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from gaugeflow.flows import GaugeFlow
from gaugeflow.runs import Metrics, Record, ranks
from gaugeflow.tasks.flow.evaluation import TRIED, Stage
from gaugeflow.tasks.flow.weighing import Layers

__all__ = ["StepError", "step_error"]

SAMPLES = 256
"""Base fields that are integrated both ways. Their weights differ so little that few fields do."""


class StepError(Stage):
    """A stage of a report: log-weights of the same base fields, carried with the steps of the flow and with finer ones.

    Args:
        flows: gives the flow and the one with finer steps, with the parameters that they have now.
        samples: of the report; of more, :data:`SAMPLES` do.
        chunk: fields at a time.
    """

    table = "steps"

    def __init__(self, flows: Callable[[], tuple[GaugeFlow, GaugeFlow]], samples: int, chunk: int) -> None:
        self._flows = flows
        self.chunk = min(chunk, samples, SAMPLES)
        self.count = -(-min(samples, SAMPLES) // self.chunk)

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        flow, finer = self._flows()
        again = torch.Generator(generator.device)
        again.set_state(generator.get_state())
        rows = {
            "log_weight": Layers(flow).draw(self.chunk, generator)[1],
            "log_weight_finer": Layers(finer).draw(self.chunk, again)[1],
        }
        record.metrics.record(self.table, {name: ranks().gather(log_w.double()) for name, log_w in rows.items()})

    @torch.no_grad()
    def try_step(self, index: int, generator: torch.Generator) -> float:
        few = min(TRIED, self.chunk)
        for flow in self._flows():
            Layers(flow).draw(few, generator)
        return self.chunk / few


def step_error(metrics: Metrics) -> dict[str, Any] | None:
    """How log Z and the effective sample size would change with finer steps; None where nothing is integrated.

    The weights of the two are those of the same base fields, so the error of the shift is that of their ratio.
    """
    columns = metrics.columns(StepError.table)
    if not columns:
        return None
    coarse, fine = (columns[name].ravel() for name in ("log_weight", "log_weight_finer"))
    found: dict[str, Any] = {"samples": coarse.size, "log_z_shift": None, "log_z_shift_error": None, "ess_shift": None}
    if not np.isfinite(coarse + fine).all():
        return found
    ratio = (fine - coarse).std(ddof=1) / np.sqrt(coarse.size)
    shift, ess = _log_mean(fine) - _log_mean(coarse), _ess(fine) - _ess(coarse)
    return found | {"log_z_shift": float(shift), "log_z_shift_error": float(ratio), "ess_shift": float(ess)}


def _log_mean(log_w: np.ndarray) -> float:
    return float(np.log(np.exp(log_w - log_w.max()).mean()) + log_w.max())


def _ess(log_w: np.ndarray) -> float:
    return float(np.exp(2 * _log_mean(log_w) - _log_mean(2 * log_w)))
