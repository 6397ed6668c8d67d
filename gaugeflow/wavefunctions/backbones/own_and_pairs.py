"""Features of one particle's place, and means over the others of features of displacements.

The forward Laplacian has a rule for each of the two by its name: derivatives are carried along the d coordinates of a
place or of a displacement, in place of all n d coordinates, until features of several particles are mixed.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

from gaugeflow.wavefunctions.particles import Particles

__all__ = ["Pairs", "of_others", "of_own"]


class Pairs(nn.Module):
    """What each particle i sees of the others j, in the order of `Particles.others`, and means of it.

    Args:
        by_spin: a mean over the others of each spin, divided by the number of all particles of that spin, not one
            over all others.
    """

    others: Tensor
    weights: Tensor
    places: Tensor

    def __init__(self, particles: Particles, *, by_spin: bool = False) -> None:
        super().__init__()
        n, others = particles.n, particles.others
        counts = [count for count in particles.counts if count]
        spin = (particles.spins[others] < 0).long() * (len(counts) - 1)
        kind = spin if by_spin else torch.zeros_like(others)
        self.n, self.kinds = n, len(counts) if by_spin else 1
        share = 1 / torch.tensor(counts if by_spin else [max(1, n - 1)], dtype=torch.float64)
        weights = nn.functional.one_hot(kind, self.kinds).movedim(-1, 0) * share[:, None, None]
        owner = torch.arange(n).unsqueeze(1)
        self.register_buffer("others", others, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("places", ((others * n + owner) * self.kinds + kind).flatten(), persistent=False)

    def displacements(self, x: Any) -> Any:
        """``x_i - x_j``, ``(batch, n, d)`` to ``(batch, n, n - 1, d)``."""
        return x.unsqueeze(2) - x[:, self.others]

    def means(self, seen: Any) -> Any:
        """``(batch, n, n - 1, width)`` to ``(batch, n, kinds, width)``."""
        return torch.einsum("sij,bijw->bisw", self.weights.to(seen.dtype), seen)


def of_own(function: Callable[[Any], Any], x: Any) -> Tensor:
    """``function(x)``, ``(batch, n, d)`` to ``(batch, n, width)``, of which each row depends on its own place alone."""
    if has_torch_function((x,)):
        return handle_torch_function(of_own, (x,), function, x)
    return function(x)


def of_others(function: Callable[[Any], Any], x: Any, pairs: Pairs) -> Tensor:
    """Means over the others j of a function of ``x_i - x_j``, ``(batch, n, kinds, width)``.

    Args:
        function: ``(batch, n, n - 1, d)`` to ``(batch, n, n - 1, width)``, each row of its own displacement alone, or
            of minus that, which the other of the pair has.
    """
    if has_torch_function((x,)):
        return handle_torch_function(of_others, (x,), function, x, pairs)
    return pairs.means(function(pairs.displacements(x)))
