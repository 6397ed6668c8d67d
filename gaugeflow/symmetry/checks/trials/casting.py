"""Running somebody's function in another precision without changing it, and seeing which precision it computes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gaugeflow.symmetry.checks.trials.held import Held, is_inexact

__all__ = ["Change", "PrecisionWatch", "cast", "in_precision"]

Change = Callable[[Tensor], Tensor]

_COMPLEX = {torch.float64: torch.complex128, torch.float32: torch.complex64}


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """`tensor` in the real `dtype` or its complex partner; integers and booleans as they are."""
    if tensor.is_complex():
        return tensor.to(_COMPLEX[dtype])
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


@contextmanager
def in_precision(held: Held, dtype: torch.dtype, change: Change | None = None, loose: bool = False) -> Iterator[None]:
    """Parameters and buffers of `held` in `dtype`, without gradients, and exactly as before on leaving.

    The other tensors keep their dtype unless `loose`. `change` makes other numbers of all of them.

    The tensors keep their identity, so ties and references survive; what a forward pass writes into buffers or
    parameters (running statistics) is undone. Tensors made under inference mode, which no autograd can use, are
    replaced for the time being.
    """
    with _without_inference_tensors(held), _cast(held, dtype, change, loose):
        yield


@contextmanager
def _cast(held: Held, dtype: torch.dtype, change: Change | None, loose: bool) -> Iterator[None]:
    others = held.loose() if loose or change is not None else []
    kept = [(t, t.data, t.requires_grad and t.is_leaf) for t in (*held.registered(), *others)]
    unchanged = set() if loose else {id(t) for t in others}
    try:
        for tensor, data, is_trained in kept:
            if is_trained:
                tensor.requires_grad_(False)
            source = data if change is None else change(data)
            tensor.data = source.to(data.dtype) if id(tensor) in unchanged else cast(source, dtype).clone()
        yield
    finally:
        for tensor, data, is_trained in kept:
            tensor.data = data
            if is_trained:
                tensor.requires_grad_(True)


@contextmanager
def _without_inference_tensors(held: Held) -> Iterator[None]:
    registries: list[dict[str, Any]] = [
        registry for root in held.modules for m in root.modules() for registry in (m._parameters, m._buffers)
    ]
    kept = [(r, name, t) for r in registries for name, t in r.items() if t is not None and t.is_inference()]
    with torch.inference_mode(False):
        normal = {id(t): t.detach().clone() for _, _, t in kept}
    try:
        for registry, name, tensor in kept:
            registry[name] = normal[id(tensor)]
        yield
    finally:
        for registry, name, tensor in kept:
            registry[name] = tensor


class PrecisionWatch(TorchFunctionMode):
    """Notes the coarsest floating point type that an operation makes out of a finer one while the mode is on."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.eps = torch.finfo(dtype).eps

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and is_inexact(result):
            eps = torch.finfo(result.dtype).eps
            sources = [t for t in (*args, *(kwargs or {}).values()) if isinstance(t, Tensor) and is_inexact(t)]
            if eps > self.eps and any(torch.finfo(t.dtype).eps < eps for t in sources):
                self.eps = eps
        return result
