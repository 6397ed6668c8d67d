"""Features of one particle's place, and sums over the others of features of displacements.

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
    """The pairs i < j of particles, in the order of `Particles.pairs`, and what sums over the others need of them.

    Attributes:
        ends: ``(n, pairs)``, +1 for the first particle of a pair, -1 for the second, as in ``x_i - x_j``.
        of_two: where the pair of two different particles stands, ``(n, n)``; 0 for a particle and itself.
    """

    first: Tensor
    second: Tensor
    ends: Tensor
    of_two: Tensor

    def __init__(self, particles: Particles) -> None:
        super().__init__()
        first, second = particles.pairs
        places, count = torch.arange(particles.n).unsqueeze(1), len(first)
        of_two = torch.zeros(particles.n, particles.n, dtype=torch.long)
        of_two[first, second] = of_two[second, first] = torch.arange(count)
        ends = (places == first).double() - (places == second).double()
        for name, table in (("first", first), ("second", second), ("ends", ends), ("of_two", of_two)):
            self.register_buffer(name, table, persistent=False)

    def displacements(self, x: Any) -> Any:
        """``x_i - x_j``, ``(batch, n, d)`` to ``(batch, pairs, d)``."""
        return x.index_select(1, self.first) - x.index_select(1, self.second)

    def sums(self, even: Any, odd: Any) -> tuple[Any, Any]:
        """Of each particle i over its pairs: what is odd with the sign of ``x_i - x_j``."""
        ends = self.ends.to(even.dtype)
        return torch.einsum("ip,bpw->biw", ends.abs(), even), torch.einsum("ip,bpw->biw", ends, odd)


def of_own(function: Callable[[Any], Any], x: Any) -> Tensor:
    """``function(x)``, ``(batch, n, d)`` to ``(batch, n, width)``, of which each row depends on its own place alone."""
    if has_torch_function((x,)):
        return handle_torch_function(of_own, (x,), function, x)
    return function(x)


def of_others(function: Callable[[Any], tuple[Any, Any]], x: Any, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Sums over all others j of an even and of an odd function of ``x_i - x_j``, each ``(batch, n, width)``.

    Args:
        function: takes displacements ``(batch, pairs, d)`` and returns both, ``(batch, pairs, width)``, of which each
            row depends on its own displacement alone.
    """
    if has_torch_function((x,)):
        return handle_torch_function(of_others, (x,), function, x, pairs)
    return pairs.sums(*function(pairs.displacements(x)))
