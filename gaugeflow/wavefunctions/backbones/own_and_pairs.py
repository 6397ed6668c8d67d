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
    """The pairs of particles, and means over the others of each particle: over all, or over those of each spin.

    An ordered pair (i, j) is what particle i sees of j. All with i < j stand first, in the order of `Particles.pairs`,
    and then the same pairs with i > j.

    Attributes:
        kinds: one, or as many as there are spins.
        weights: of each ordered pair in its mean; with `by_spin` one over the number of all particles of the spin.
    """

    first: Tensor
    second: Tensor
    weights: Tensor
    signs: Tensor
    places: Tensor
    means_of: Tensor

    def __init__(self, particles: Particles, *, by_spin: bool = False) -> None:
        super().__init__()
        first, second = particles.pairs
        owner, other = torch.cat((first, second)), torch.cat((second, first))
        kind = (particles.spins[other] < 0).long() if by_spin and all(particles.counts) else torch.zeros_like(other)
        counts = torch.tensor(particles.counts if all(particles.counts) else [particles.n]).double()
        self.n, self.kinds = particles.n, len(counts) if by_spin else 1
        weights = 1 / counts[kind] if by_spin else torch.full(owner.shape, 1 / max(1, particles.n - 1)).double()
        means = torch.zeros(self.n * self.kinds, len(owner), dtype=torch.float64)
        means[owner * self.kinds + kind, torch.arange(len(owner))] = weights
        signs = torch.cat((-torch.ones(len(first)), torch.ones(len(first)))).double()
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("signs", signs, persistent=False)
        self.register_buffer("places", (other * self.n + owner) * self.kinds + kind, persistent=False)
        self.register_buffer("means_of", means, persistent=False)

    def displacements(self, x: Any) -> Any:
        """``x_i - x_j`` for i < j, ``(batch, n, d)`` to ``(batch, pairs, d)``."""
        return x.index_select(1, self.first) - x.index_select(1, self.second)

    def means(self, seen: Any) -> Any:
        """Of each particle, ``(batch, 2 pairs, width)`` to ``(batch, n, kinds, width)``."""
        found = torch.einsum("kp,bpw->bkw", self.means_of.to(seen.dtype), seen)
        return found.unflatten(1, (self.n, self.kinds))


def of_own(function: Callable[[Any], Any], x: Any) -> Tensor:
    """``function(x)``, ``(batch, n, d)`` to ``(batch, n, width)``, of which each row depends on its own place alone."""
    if has_torch_function((x,)):
        return handle_torch_function(of_own, (x,), function, x)
    return function(x)


def of_others(function: Callable[[Any], Any], x: Any, pairs: Pairs) -> Tensor:
    """Means over the others j of a function of ``x_i - x_j``, ``(batch, n, kinds, width)``.

    Args:
        function: takes the displacements of the pairs i < j, ``(batch, pairs, d)``, and returns what both of each pair
            see, ``(batch, 2 pairs, width)`` in the order of `Pairs`, each of its own displacement alone.
    """
    if has_torch_function((x,)):
        return handle_torch_function(of_others, (x,), function, x, pairs)
    return pairs.means(function(pairs.displacements(x)))
