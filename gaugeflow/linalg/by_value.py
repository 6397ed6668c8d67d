"""Determinants for their values alone: several times faster where nobody asks for derivatives."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gaugeflow.linalg.scaled import Scaled
from gaugeflow.linalg.signed_log_det import scaled_det

__all__ = ["ByValue", "by_value"]


class ByValue(TorchFunctionMode):
    """Inside of it `scaled_det` is that of a factorisation by LAPACK, whose derivatives are not to be used."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _factored(*args) if func is scaled_det else func(*args, **(kwargs or {}))


def by_value(f: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """f of a tensor ``(batch, ...)`` without derivatives, and with determinants by LAPACK."""

    @torch.no_grad()
    def values(x: Tensor) -> Any:
        with ByValue():
            return f(x)

    return values


def _factored(a: Tensor) -> Scaled:
    sign, log = torch.linalg.slogdet(a)
    return Scaled(sign, torch.where(sign == 0, 0.0, log))
