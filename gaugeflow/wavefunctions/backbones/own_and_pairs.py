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
    """The pairs i < j of particles, what each particle sees of the others, and means of it.

    Args:
        by_spin: a mean over the others of each spin, divided by the number of all particles of that spin, not one
            over all others.
    """

    first: Tensor
    second: Tensor
    ends: Tensor
    weights: Tensor
    signs: Tensor
    places: Tensor

    def __init__(self, particles: Particles, *, by_spin: bool = False) -> None:
        super().__init__()
        n, others, (first, second) = particles.n, particles.others, particles.pairs
        owner = torch.arange(n).unsqueeze(1)
        seen_at = torch.zeros(n, n, dtype=torch.long)
        seen_at[first, second] = torch.arange(len(first))
        seen_at[second, first] = torch.arange(len(first)) + len(first)
        counts = [count for count in particles.counts if count]
        spin = (particles.spins[others] < 0).long() * (len(counts) - 1)
        kind = spin if by_spin else torch.zeros_like(others)
        self.n, self.kinds = n, len(counts) if by_spin else 1
        share = 1 / torch.tensor(counts if by_spin else [max(1, n - 1)], dtype=torch.float64)
        tables = {
            "first": first,
            "second": second,
            "ends": seen_at[owner, others].flatten(),
            "weights": nn.functional.one_hot(kind, self.kinds).movedim(-1, 0) * share[:, None, None],
            "signs": torch.where(owner < others, -1.0, 1.0).double(),
            "places": ((others * n + owner) * self.kinds + kind).flatten(),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def displacements(self, x: Any) -> Any:
        """``x_i - x_j`` for i < j, ``(batch, n, d)`` to ``(batch, pairs, d)``."""
        return x.index_select(1, self.first) - x.index_select(1, self.second)

    def seen(self, by_first: Any, by_second: Any) -> Any:
        """What the first and the second of each pair see, both ``(batch, pairs, width)``, in the order of
        `Particles.others`, ``(batch, n, n - 1, width)``."""
        return torch.cat((by_first, by_second), 1).index_select(1, self.ends).unflatten(1, (self.n, self.n - 1))

    def means(self, seen: Any) -> Any:
        """``(batch, n, n - 1, width)`` to ``(batch, n, kinds, width)``."""
        return torch.einsum("sij,bijw->bisw", self.weights.to(seen.dtype), seen)


def of_own(function: Callable[[Any], Any], x: Any) -> Tensor:
    """``function(x)``, ``(batch, n, d)`` to ``(batch, n, width)``, of which each row depends on its own place alone."""
    if has_torch_function((x,)):
        return handle_torch_function(of_own, (x,), function, x)
    return function(x)


def of_others(function: Callable[[Any], Any], x: Any, pairs: Pairs) -> Tensor:
    """Means over the others j of what i sees of them, ``(batch, n, kinds, width)``.

    Args:
        function: takes the displacements ``x_i - x_j`` of the pairs i < j, ``(batch, pairs, d)``, and returns what each
            particle sees of the others, by `Pairs.seen`; a row depends on the displacement of its pair alone.
    """
    if has_torch_function((x,)):
        return handle_torch_function(of_others, (x,), function, x, pairs)
    return pairs.means(function(pairs.displacements(x)))
