"""Tensors that carry their gradient and Laplacian along: one pass through a network in plain torch gives all three.

The forward Laplacian of arXiv:2307.08214. Each operation y = f(a, b, ...) of the network becomes

    d_k y = f' . d_k a,        Lap y = f' . Lap a + sum_k f''[d_k a, d_k a],

with k over all coordinates; the rules are in :mod:`gaugeflow.wavefunctions.laplacian.rules`. Layers need not know.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

__all__ = ["RULES", "Jet", "Rule", "rule"]

Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}
"""What each operation of torch does to jets, by its name: `mul` serves `a * b`, `torch.mul` and `Tensor.mul`."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers `rule(func, args, kwargs)` for operations of these names."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def _method(func: Callable[..., Any]) -> Callable[..., Any]:
    """An operation of torch as a method of jets."""

    def method(*args: Any) -> Any:
        return _operate(func, *args)

    return method


class Jet:
    """A value ``(batch, ...)``, its gradient ``(K, batch, ...)`` along K coordinates, its Laplacian ``(batch, ...)``.

    It takes the place of a tensor in any function made of operations that have a rule.
    """

    coordinates = False
    """Whether these are the variables themselves, in the order of the directions."""

    def __init__(self, value: Tensor, gradient: Tensor, laplacian: Tensor) -> None:
        self.value, self.gradient, self.laplacian = value, gradient, laplacian

    @classmethod
    def variables(cls, x: Tensor) -> "Jet":
        """The coordinates ``(batch, ...)`` themselves: each is its own direction, K of them per batch entry."""
        size = x[0].numel()
        unit = torch.eye(size, dtype=x.dtype, device=x.device).reshape(size, 1, *x.shape[1:])
        made = cls(x, unit.expand(size, *x.shape), torch.zeros_like(x))
        made.coordinates = True
        return made

    @property
    def shape(self) -> torch.Size:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> torch.dtype:
        return self.value.dtype

    @property
    def device(self) -> torch.device:
        return self.value.device

    @property
    def mT(self) -> "Jet":
        return self.transpose(-1, -2)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if func.__name__.endswith("_") and not func.__name__.endswith("__"):
            raise NotImplementedError(
                f"the forward Laplacian has no rule for what writes in place, as {func.__name__!r}: the value of a jet "
                "is new after each operation; write it anew, or ask for the local energy by autograd"
            )
        name = func.__name__.strip("_")
        if name not in RULES:
            raise NotImplementedError(
                f"the forward Laplacian has no rule for the operation {name!r}: add one in "
                "gaugeflow.wavefunctions.laplacian.rules, or ask for the local energy by autograd"
            )
        return RULES[name](func, args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        """Every method of a tensor that has a rule."""
        function = getattr(torch.Tensor, name, None)
        if name.startswith("__") or not callable(function):
            raise AttributeError(f"a jet has no attribute {name!r}")
        return partial(_operate, function, self)

    __getitem__ = _method(torch.Tensor.__getitem__)
    __neg__ = _method(torch.neg)
    __add__ = __radd__ = _method(torch.add)
    __sub__ = _method(torch.sub)
    __mul__ = __rmul__ = _method(torch.mul)
    __truediv__ = _method(torch.div)
    __matmul__ = _method(torch.matmul)
    __pow__ = _method(torch.pow)
    __gt__ = _method(torch.gt)
    __lt__ = _method(torch.lt)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __rtruediv__(self, other: Any) -> Any:
        return self.reciprocal() * other


def _operate(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return Jet.__torch_function__(func, (Jet,), args, kwargs)
