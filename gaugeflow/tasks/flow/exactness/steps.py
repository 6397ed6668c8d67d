"""What the steps of an integrated flow are to blame for: its weights and fields beside those of shorter steps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from gaugeflow.flows import GaugeFlow
from gaugeflow.montecarlo.errors import Estimate, derived, estimate
from gaugeflow.runs import Metrics, Record, ranks
from gaugeflow.tasks.flow.evaluation import TRIED, Stage, measured
from gaugeflow.tasks.flow.weighing import Layers
from gaugeflow.tasks.observables import ObservableConfig

__all__ = ["StepError", "step_error"]

SAMPLES = 256
"""Base fields that are integrated both ways. Their weights differ so little that few fields do."""
FINER = "_finer"
"""Ends the names of what the shorter steps give."""


class StepError(Stage):
    """A stage of a report: the same base fields, carried with the steps of the flow and with steps half as long.

    Args:
        flows: gives the flow and the one with shorter steps, with the parameters that they have now.
        samples: of the report; of more, :data:`SAMPLES` do.
        chunk: fields at a time.
        observables: what is measured on the fields of both.
    """

    table = "steps"

    def __init__(
        self,
        flows: Callable[[], tuple[GaugeFlow, GaugeFlow]],
        samples: int,
        chunk: int,
        observables: Sequence[ObservableConfig],
    ) -> None:
        self._flows, self.observables = flows, observables
        self.chunk = min(chunk, samples, SAMPLES)
        self.count = -(-min(samples, SAMPLES) // self.chunk)

    @torch.no_grad()
    def run(self, index: int, generator: torch.Generator, record: Record) -> None:
        flow, finer = self._flows()
        again = torch.Generator(generator.device)
        again.set_state(generator.get_state())
        rows = self._carried(flow, generator)
        rows |= {f"{name}{FINER}": values for name, values in self._carried(finer, again).items()}
        record.metrics.record(self.table, {name: ranks().gather(values) for name, values in rows.items()})

    @torch.no_grad()
    def try_step(self, index: int, generator: torch.Generator) -> float:
        few = min(TRIED, self.chunk)
        for flow in self._flows():
            Layers(flow).draw(few, generator)
        return self.chunk / few

    def _carried(self, flow: GaugeFlow, generator: torch.Generator) -> dict[str, torch.Tensor]:
        x, columns = Layers(flow).draw(self.chunk, generator)
        return {"log_weight": columns["log_weight"].double(), **measured(self.observables, x)}


def step_error(
    observables: Sequence[ObservableConfig], metrics: Metrics, errors: dict[str, float | None]
) -> dict[str, Any] | None:
    """How numbers would change with steps half as long; None where nothing is integrated.

    Fields of both are those of the same base fields, so that the error of a change is that of the difference. With a
    method of order p the error of a number is `2^p / (2^p - 1)` of its change.

    Args:
        observables: of the report.
        metrics: with what :class:`StepError` recorded.
        errors: the statistical error of each number of the report by name, of `log_z` and `ess` among them.

    Returns:
        `samples`; `log_w`, the mean change of a log-weight, its error, and the deviation between fields;
        `changes`, for each number its `change`, the `error` of that and the `statistical` error;
        `warnings`, for each number whose change exceeds its statistical error.
    """
    columns = {name: values.reshape(1, -1, *values.shape[2:]) for name, values in metrics.columns("steps").items()}
    if not columns:
        return None
    coarse, fine = (columns[name] for name in ("log_weight", f"log_weight{FINER}"))
    if not np.isfinite(coarse + fine).all():
        return {
            "samples": coarse.size,
            "log_w": None,
            "changes": {},
            "warnings": ["weights are not finite, the error of the steps is not known"],
        }
    mean, deviation = estimate(fine - coarse), float((fine - coarse).std(ddof=1))
    found = {**_of_weights(coarse, fine), **_of_observables(observables, columns)}
    changes = {
        name: {"change": change.value, "error": change.error, "statistical": errors.get(name)}
        for name, change in found.items()
    }
    return {
        "samples": coarse.size,
        "log_w": {"change": mean.value, "error": mean.error, "deviation": deviation},
        "changes": changes,
        "warnings": [
            text for name, change in found.items() if (text := _warning(name, change.value, errors.get(name)))
        ],
    }


def _of_weights(coarse: np.ndarray, fine: np.ndarray) -> dict[str, Estimate]:
    w, v = np.exp(coarse - coarse.max()), np.exp(fine - coarse.max())
    return {
        "log_z": derived(lambda a, b: np.log(b / a), w, v),
        "ess": derived(lambda a, aa, b, bb: b * b / bb - a * a / aa, w, w * w, v, v * v),
    }


def _of_observables(observables: Sequence[ObservableConfig], columns: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """The changes of reweighted averages and of what the report makes of them."""
    w, v = (np.exp(columns[name] - columns[name].max()) for name in ("log_weight", f"log_weight{FINER}"))
    found = {}
    for entry in observables:
        before = entry.quantities({name: columns[name] for name in entry.columns})
        after = entry.quantities({name: columns[f"{name}{FINER}"] for name in entry.columns})
        for name in before.keys() & after.keys():
            found[name] = _change(before[name], w, after[name], v)
    return {name: found[name] for name in sorted(found)}


def _change(before: Any, w: np.ndarray, after: Any, v: np.ndarray) -> Estimate:
    """Of one function of reweighted averages, from weights w to weights v."""
    (f, samples), (g, moved) = before, after
    half = 1 + len(samples)

    def function(*means: Any) -> Any:
        old, new = means[:half], means[half:]
        return g(*(m / new[0] for m in new[1:])) - f(*(m / old[0] for m in old[1:]))

    return derived(function, w, *(w * x for x in samples), v, *(v * x for x in moved))


def _warning(name: str, change: float, statistical: float | None) -> str:
    if not np.isfinite(change):
        return f"{name}: it has no value on so few base fields, so the error of the steps is not known for it"
    if statistical is None or abs(change) <= statistical:
        return ""
    return (
        f"{name}: steps half as long change it by {change:+.1e}, more than its statistical error {statistical:.1e}; "
        "expected more steps, or accuracy: bounded"
    )
