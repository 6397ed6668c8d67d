"""What a coupling layer does to its active loops: a bijection of group elements whose parameters are given numbers."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gaugeflow.flows.coupling.periodic_network import Pointwise

__all__ = ["Conditioned", "LoopTransform"]

Flip = Callable[[Tensor], Tensor]
"""What charge conjugation of the loop does to the parameters of its bijection."""


class LoopTransform(nn.Module):
    """A bijection of loops with its log-determinant under Haar measure.

    To write one: a module that takes the width of the context (and the generator of its weights) and whose
    ``forward(loop, contexts, coherence, inverse)`` gives the new loops and the log-determinants of each, with the
    identity as the map of untrained weights. ``contexts`` are one tensor ``(..., features)``, or two: that of the
    field and that of its charge conjugate, for a map that commutes with charge conjugation. ``coherence`` tells how
    far the two staples of the link agree, ``(1/N) Re tr(S_1^dagger S)`` with their midpoint S: one if they do, and
    zero where the midpoint of U(1) jumps.
    """

    def forward(
        self, loop: Tensor, contexts: Sequence[Tensor], coherence: Tensor, inverse: bool
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class Conditioned(nn.Module):
    """Parameters from a context, zero at first: one linear map.

    Given a second context, that of the charge conjugate, the parameters are the mean of those of the first and of the
    flipped ones of the second, which is what makes the bijection odd under charge conjugation.
    """

    def __init__(self, features: int, outputs: int, flip: Flip, generator: torch.Generator, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = Pointwise(features, outputs, generator, 0.0, dtype)
        self.flip = flip

    def forward(self, contexts: Sequence[Tensor]) -> Tensor:
        """``(..., features)`` to ``(..., outputs)``."""
        given = self.linear(contexts[0])
        return given if len(contexts) == 1 else (given + self.flip(self.linear(contexts[1]))) / 2
