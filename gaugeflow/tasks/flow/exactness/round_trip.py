"""Whether a flow comes back: the layers inverted on the flow's own samples, and their density computed both ways."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.flows import GaugeFlow
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.runs import Metrics, Record, ranks
from gaugeflow.tasks.flow.evaluation import Stage

__all__ = ["RoundTrip", "round_trip"]

SAMPLES = 64
LIMIT = 1e-6
"""Of a link or scalar that comes back, and of log q in units of its size where that is above one."""


class RoundTrip(Stage):
    """A stage of a report: samples, back to the base and forth again.

    Args:
        flow: gives the flow with the parameters that it has now.
    """

    table, count = "round_trip", 1

    def __init__(self, flow: Callable[[], GaugeFlow]) -> None:
        self._flow = flow

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        if ranks().leader:  # with a generator of its own: no other number depends on this one
            record.metrics.record(self.table, self._differences(torch.Generator(generator.device).manual_seed(0)))

    def _differences(self, generator: torch.Generator) -> dict[str, Tensor]:
        flow = self._flow()
        x, log_q = flow.sample(SAMPLES, generator)
        z, log_det = flow.inverse_and_log_det(x)
        again = flow.forward_and_log_det(z)[0]
        density = flow.q0.log_prob(z) + log_det
        angles = not x.is_complex() and flow.action.space is not SCALARS
        moved = (wrap_angle(again - x) if angles else again - x).abs().flatten(1).amax(1)
        return {"field": moved.double(), "log_q": ((density - log_q).abs() / log_q.abs().clamp_min(1)).double()}


def round_trip(metrics: Metrics) -> dict[str, Any] | None:
    """The largest difference of a `field` and of `log_q`, and a `warning`; None where it was not tried."""
    columns = metrics.columns("round_trip")
    if not columns:
        return None
    field, log_q = (float(columns[name].max()) for name in ("field", "log_q"))
    parts = [
        f"the layers do not invert: samples come back with an error of {field:.1e}" if not field <= LIMIT else "",
        f"log q of the samples and of the inverse part by {log_q:.1e} of it" if not log_q <= LIMIT else "",
    ]
    return {"field": field, "log_q": log_q, "warning": "; ".join(filter(None, parts))}
