"""Functions of a distance, whose derivatives along all coordinates follow from those along the distance."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

__all__ = ["of_distance"]


def of_distance(function: Callable[[Any], Any], q: Any) -> Tensor:
    """``function(q)``, ``(..., 1)`` to ``(..., width)``, where each entry is a function of its own q alone.

    The forward Laplacian has a rule for it by this name, which carries one direction through the function in place of
    one for each coordinate.
    """
    if has_torch_function((q,)):
        return handle_torch_function(of_distance, (q,), function, q)
    return function(q)
