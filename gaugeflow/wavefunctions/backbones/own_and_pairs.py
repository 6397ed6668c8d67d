"""Features of one particle's place, and sums over the others of features of displacements.

The forward Laplacian has a rule for each of the two by its name: derivatives are carried along the d coordinates of a
place or of a displacement, in place of all n d coordinates, until features of several particles are mixed.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from gaugeflow.wavefunctions.particles import Particles

__all__ = ["of_others", "of_own"]


def of_own(function: Callable[[Any], Any], x: Any) -> Tensor:
    """``function(x)``, ``(batch, n, d)`` to ``(batch, n, width)``, of which each row depends on its own place alone."""
    if has_torch_function((x,)):
        return handle_torch_function(of_own, (x,), function, x)
    return function(x)


def of_others(function: Callable[[Any], tuple[Any, Any]], x: Any, particles: Particles) -> tuple[Tensor, Tensor]:
    """Sums over all others j of an even and of an odd function of ``x_i - x_j``, each ``(batch, n, width)``.

    Args:
        function: takes displacements of the pairs i < j in the order of `Particles.pairs`, ``(batch, pairs, d)``, and
            returns both ``(batch, pairs, width)``; a row depends on its own displacement alone.
    """
    if has_torch_function((x,)):
        return handle_torch_function(of_others, (x,), function, x, particles)
    ends = particles.ends.to(x.dtype)
    even, odd = function(ends.mT @ x)
    return ends.abs() @ even, ends @ odd
