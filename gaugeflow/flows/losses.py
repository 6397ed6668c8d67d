"""Gradient estimators for training a flow q on a target p = exp(-S) / Z.

All but the last descend on the reverse Kullback-Leibler distance, `E_q[log q + S] + log Z`; the last on the variance
of `log q + S` over samples of q held fixed. With `f = log q(x) + S(x)`, the gradient is the mean over the batch of

- `reverse_kl`: `d f(x(z)) / d theta` in full, the samples `x(z)` moving with the parameters;
- `path`: the same without the explicit dependence of log q on the parameters, whose mean vanishes: where q = p the
  estimate is zero on every sample. Roeder, Wu, Duvenaud, arXiv:1703.09194; for lattices arXiv:2207.08219;
- `reinforce`: `(f(x) - b) d log q(x) / d theta`, b the mean of f over the others of the batch, which needs no
  derivative of the action;
- `log_variance`: twice `reinforce`, exactly, where the samples come from q itself; arXiv:2010.10436 section 3.

Several processes each hold a part of the batch: sums over the whole batch go through `Batch.over_ranks`, and the
gradients in `parameter.grad` are to be summed over the processes by the caller.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gaugeflow.flows.flow import GaugeFlow

__all__ = [
    "LOSSES",
    "Batch",
    "LogDensity",
    "Target",
    "frozen_log_prob",
    "log_variance",
    "path",
    "reinforce",
    "reverse_kl",
]

Target = Callable[[Tensor], Tensor]
"""The action `S(x)`, `(batch,)`, perhaps annealed."""


def _itself(total: Tensor) -> Tensor:
    return total


@dataclass(frozen=True)
class Batch:
    """This process's part of a batch of base samples.

    Attributes:
        z, log_q: samples of the base `(batch, ...)` and their log-densities `(batch,)`.
        total: samples in the whole batch, over all processes.
        chunk: how many go through the flow at once; gradients add up.
        over_ranks: the sum of a tensor over the processes.
    """

    z: Tensor
    log_q: Tensor
    total: int
    chunk: int
    over_ranks: Callable[[Tensor], Tensor] = _itself

    def chunks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs `(z, log_q)` of at most `chunk` samples."""
        return zip(self.z.split(self.chunk), self.log_q.split(self.chunk), strict=True)


def reverse_kl(flow: GaugeFlow, target: Target, batch: Batch) -> Tensor:
    """Adds the gradient to `.grad`; returns `log w = -S - log q` of the samples, `(batch,)`."""
    return _moving(flow, target, batch, lambda x, log_q: log_q)


def path(flow: GaugeFlow, target: Target, batch: Batch) -> Tensor:
    """Adds the gradient to `.grad`; returns `log w = -S - log q` of the samples, `(batch,)`."""
    return _moving(flow, target, batch, lambda x, log_q: frozen_log_prob(flow, x))


def reinforce(flow: GaugeFlow, target: Target, batch: Batch) -> Tensor:
    """Adds the gradient to `.grad`; returns `log w = -S - log q` of the samples, `(batch,)`."""
    return _score(flow, target, batch, 1.0)


def log_variance(flow: GaugeFlow, target: Target, batch: Batch) -> Tensor:
    """Adds the gradient to `.grad`; returns `log w = -S - log q` of the samples, `(batch,)`."""
    return _score(flow, target, batch, 2.0)


LOSSES: dict[str, Callable[[GaugeFlow, Target, Batch], Tensor]] = {
    "path": path,
    "reverse_kl": reverse_kl,
    "reinforce": reinforce,
    "log_variance": log_variance,
}


def frozen_log_prob(flow: GaugeFlow, x: Tensor) -> Tensor:
    """`log q(x)`, `(batch,)`, as a function of x alone: no derivative goes to the parameters, which stay."""
    density = LogDensity(flow)
    frozen = {name: value.detach() for name, value in density.named_parameters()}
    return torch.func.functional_call(density, frozen, (x,))


class LogDensity(nn.Module):
    """`log_prob` where torch looks for `forward`."""

    def __init__(self, flow: GaugeFlow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, x: Tensor) -> Tensor:
        return self.flow.log_prob(x)


def _moving(flow: GaugeFlow, target: Target, batch: Batch, log_density: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Derivatives through samples x that move with the parameters; `log_density(x, log_q)` is what is taken of q."""
    weights = []
    for z, log_q in batch.chunks():
        x, log_det = flow.forward_and_log_det(z)
        f = log_density(x, log_q - log_det) + target(x)
        _backward(f, batch)
        weights.append(-f.detach())
    return torch.cat(weights)


def _score(flow: GaugeFlow, target: Target, batch: Batch, factor: float) -> Tensor:
    with torch.no_grad():
        fields, values = [], []
        for z, log_q in batch.chunks():
            x, log_det = flow.forward_and_log_det(z)
            fields.append(x)
            values.append(log_q - log_det + target(x))
        f = torch.cat(values)
        # f_i - mean over the others = n / (n - 1) (f_i - mean over all)
        mean = batch.over_ranks(f.sum()) / batch.total
        centred = factor * batch.total / (batch.total - 1) * (f - mean)
    for x, weight in zip(fields, centred.split(batch.chunk), strict=True):
        _backward(weight * flow.log_prob(x), batch)
    return -f


def _backward(f: Tensor, batch: Batch) -> None:
    """The base's samples hang on parameters where the base has some: their graph then serves every chunk."""
    (f.sum() / batch.total).backward(retain_graph=batch.z.requires_grad)
