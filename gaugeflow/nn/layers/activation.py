"""L-Act: gates made of invariants."""

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.nn.channels import Channels
from gaugeflow.nn.invariants import normalised_trace
from gaugeflow.nn.layer import Layer, over_sites
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LAct", "sigmoid_gate"]


def sigmoid_gate(t: Tensor) -> Tensor:
    """``2 / (1 + exp(-t))`` of each entry, in the shape of t: smooth, and one at t = 0."""
    return 2 * torch.sigmoid(t)


class LAct(Layer):
    """``W_i(x) -> nu(t_i(x)) W_i(x)`` with ``t_i = sum_j a_ij (1/N) Re tr W_j(x) + b_i`` (L-Act of arXiv:2012.12901).

    At first each channel is gated by its own trace: a = 1, b = 0.

    Args:
        theory: group, dimension, rotations.
        channels: channels that come in and go out.
        gate: the function nu; ``lambda t: (t > 0).to(t.dtype)`` gives the published ReLU-like gate, which is not
            differentiable in t.
    """

    def __init__(
        self, theory: GaugeTheory, channels: Channels | int, gate: Callable[[Tensor], Tensor] = sigmoid_gate
    ) -> None:
        super().__init__(theory, channels, channels)
        labels = [*self.channels_out.labels()]
        self.gate = gate
        self.weight = Weight(theory, labels, labels).set_(torch.eye(len(labels)))
        self.bias = Weight(theory, labels)

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        traces = normalised_trace(w).real
        mixed = torch.einsum("ij,bj...->bi...", self.weight().to(traces.dtype), traces)
        return self.gate(mixed + over_sites(self.bias(), traces))[..., None, None] * w
