"""From site matrices to gauge-invariant numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.initial import draw_normalised_
from gaugeflow.nn.invariants import normalised_trace
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["Readout", "Trace"]


class Trace(nn.Module):
    """``(1/N) tr W`` of every channel (Trace of arXiv:2012.12901): real parts, then imaginary parts.

    ``(batch, channels, *shape, N, N)`` to real ``(batch, 2 channels, *shape)``.
    """

    def forward(self, w: Tensor) -> Tensor:
        trace = normalised_trace(w)
        return torch.cat((trace.real, trace.imag), 1)


class Readout(nn.Module):
    """Traces of all channels, and a network on them that acts on each site alone.

    Without hidden layers this is the Linear layer behind the Trace of the published networks.

    Args:
        theory: group, dimension, rotations, under which the features are invariant.
        channels: channels of the site matrices.
        features: how many numbers go out.
        generator: source of the initial weights: normal, the squares of each output summing to one; biases are zero.
        hidden: widths of hidden layers, with the SiLU function between them.
        over_sites: features at each site, their ``mean`` (intensive), or their ``sum`` (extensive: a potential).
        size: the squares of each feature's initial weights sum to ``size^2``.

    Raises:
        UserError: no feature, or an unknown ``over_sites``.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels: Channels | int,
        features: int = 1,
        *,
        generator: torch.Generator,
        hidden: Sequence[int] = (),
        over_sites: Literal["none", "mean", "sum"] = "none",
        size: float = 1.0,
    ) -> None:
        super().__init__()
        if over_sites not in ("none", "mean", "sum"):
            raise UserError(f"Readout: expected over_sites none, mean or sum, got {over_sites!r}")
        self.theory, self.channels_in, self.over_sites = theory, Channels.of(channels), over_sites
        traces = [label for part in ("real", "imaginary") for label in self.channels_in.labels(part)]
        widths = [[*Channels.of(width).labels()] for width in (*hidden, features)]
        layers = [traces, *widths]
        weights = [Weight(theory, after, before) for before, after in pairwise(layers)]
        self.weights = nn.ModuleList(weights)
        self.biases = nn.ModuleList(Weight(theory, after) for after in widths)
        for weight in weights[:-1]:
            draw_normalised_(weight, generator)
        draw_normalised_(weights[-1], generator, size)
        self.trace = Trace()

    def forward(self, w: Tensor) -> Tensor:
        """``(batch, channels, *shape, N, N)`` to real ``(batch, features, *shape)``, or ``(batch, features)``."""
        self.theory.check_matrices(w, len(self.channels_in), "Readout")
        h = self.trace(w).movedim(1, -1)
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = linear(silu(h) if k else h, weight().to(h.dtype), bias().to(h.dtype))
        h = h.movedim(-1, 1)
        if self.over_sites == "none":
            return h
        return h.flatten(2).mean(2) if self.over_sites == "mean" else h.flatten(2).sum(2)
