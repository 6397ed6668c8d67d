"""How short the steps of an integrated flow have to be, so that weights are right within their statistical error."""

from copy import deepcopy

import torch
from torch import Tensor

from gaugeflow.flows import GaugeFlow, batch_ess
from gaugeflow.flows.integrated import halve_steps
from gaugeflow.random import stream
from gaugeflow.runs import ranks
from gaugeflow.tasks.flow.weighing import Layers

__all__ = ["SHARE", "halvings"]

SHARE = 0.1
"""Of the statistical error of log Z: so much of it may come from the steps."""
LEAST = 1e-5
"""No log Z is asked to be better than this, where weights hardly vary."""
MOST = 5
"""Steps are not halved more often; the report then shows what is left, and warns."""
FIELDS = 128
"""Base fields that are integrated both ways. Their weights differ so little that few do."""


@torch.no_grad()
def halvings(flow: GaugeFlow, samples: int) -> int:
    """How often the steps are to be halved until one more time moves log Z by no more than :data:`SHARE` of its error.

    The move counts with its own error, both from the same base fields. These come from a generator of their own, so
    that the answer depends on the parameters alone.

    Args:
        flow: stays as it is.
        samples: of the report, from which the error of log Z is to come.
    """
    finer = deepcopy(flow)
    coarse = _log_weights(finer)
    for count in range(MOST):
        halve_steps(finer)
        fine = _log_weights(finer)
        if not bool(torch.isfinite(coarse + fine).all()):
            return 0  # what such weights want is not shorter steps
        if _move(coarse, fine) <= max(LEAST, SHARE * _error(fine, samples)):
            return count
        coarse = fine
    return MOST


def _log_weights(flow: GaugeFlow) -> Tensor:
    place = next(flow.parameters()).device
    columns = Layers(flow).draw(FIELDS, stream("accuracy", device=place))[1]
    return ranks().gather(columns["log_weight"].double())


def _move(coarse: Tensor, fine: Tensor) -> float:
    """Of log Z, with its error: which is that of the ratio of the weights, nearly the same for all fields."""
    shift = fine.logsumexp(0) - coarse.logsumexp(0)
    return float(shift.abs() + (fine - coarse).std() / len(fine) ** 0.5)


def _error(log_w: Tensor, samples: int) -> float:
    """Of log Z from as many samples."""
    return float((1 / batch_ess(log_w) - 1) / samples) ** 0.5
