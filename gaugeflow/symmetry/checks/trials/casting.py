"""Running somebody's function in another precision without changing it, and seeing which precision it computes in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

__all__ = ["Held", "PrecisionWatch", "cast", "held_by", "in_precision", "stored_eps"]

_LARGEST_CONSTANT = 10_000_000
_COMPLEX = {torch.float64: torch.complex128, torch.float32: torch.complex64}


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """`tensor` in the real `dtype` or its complex partner; integers and booleans as they are."""
    if tensor.is_complex():
        return tensor.to(_COMPLEX[dtype])
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


@dataclass(frozen=True)
class Held:
    """What a function computes with beside its arguments: its outermost modules, and tensors that are no parameters."""

    modules: list[nn.Module]
    tensors: list[Tensor]

    def __add__(self, other: Held) -> Held:
        return Held(self.modules + other.modules, self.tensors + other.tensors)

    def registered(self) -> list[Tensor]:
        """The parameters and buffers of the modules, each once."""
        inside = (t for module in self.modules for t in (*module.parameters(), *module.buffers()))
        return list({id(t): t for t in inside}.values())

    def loose(self) -> list[Tensor]:
        """The other tensors, each once."""
        inside = {id(t) for t in self.registered()}
        return list({id(t): t for t in self.tensors if id(t) not in inside}.values())

    def in_single_precision(self) -> bool:
        """Whether one of them is stored in float32 or coarser."""
        return any(_is_inexact(t) and torch.finfo(t.dtype).eps > 1e-10 for t in (*self.registered(), *self.loose()))


def held_by(f: Callable[..., Any]) -> Held:
    """What `f` holds: itself, `self` of a method, what a closure or a partial or the attributes of an object keep,
    and the module-level names that a function mentions."""
    found: dict[int, nn.Module] = {}
    tensors: list[Tensor] = []
    seen: set[int] = set()

    def visit(thing: Any, depth: int) -> None:
        if id(thing) in seen or depth > 4:
            return
        seen.add(id(thing))
        if isinstance(thing, Tensor) and _is_inexact(thing) and thing.numel() <= _LARGEST_CONSTANT:
            tensors.append(thing)
        if isinstance(thing, nn.Module):
            found[id(thing)] = thing
            for module in thing.modules():
                for part in vars(module).values():
                    visit(part if isinstance(part, Tensor) else None, depth)
            return
        for part in _held(thing):
            visit(part, depth + 1)

    visit(f, 0)
    inner = {id(sub) for module in found.values() for sub in list(module.modules())[1:]}
    return Held([module for key, module in found.items() if key not in inner], tensors)


def _held(thing: Any) -> Iterator[Any]:
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, (list, tuple)):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif hasattr(thing, "__func__"):
        yield from (thing.__self__, thing.__func__)
    elif hasattr(thing, "__code__"):
        yield from _captured(thing)
    elif callable(thing) and not isinstance(thing, type) and hasattr(thing, "__dict__"):
        yield from vars(thing).values()
        yield from (c for c in [vars(type(thing)).get("__call__")] if hasattr(c, "__code__"))


def _captured(function: Any) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
    yield from function.__defaults__ or ()
    for global_name in function.__code__.co_names:
        thing = function.__globals__.get(global_name)
        if isinstance(thing, (nn.Module, Tensor)) or hasattr(thing, "__closure__"):
            yield thing


def rounded(tensor: Tensor, bits: int) -> Tensor:
    """The numbers of `tensor` rounded to so many binary digits."""
    if tensor.is_complex():
        return torch.view_as_complex(rounded(torch.view_as_real(tensor), bits))
    if not tensor.is_floating_point():
        return tensor
    mantissa, exponent = torch.frexp(tensor)
    return torch.ldexp(torch.round(mantissa * 2**bits) / 2**bits, exponent)


@contextmanager
def in_precision(held: Held, dtype: torch.dtype, bits: int | None = None, loose: bool = False) -> Iterator[None]:
    """Parameters and buffers of `held` in `dtype`, without gradients, and exactly as before on leaving.

    The other tensors keep their dtype unless `loose`. All are rounded to `bits` binary digits if given.

    The tensors keep their identity, so ties and references survive; what a forward pass writes into buffers or
    parameters (running statistics) is undone.
    """
    others = held.loose() if loose or bits is not None else []
    kept = [(t, t.data, t.requires_grad and t.is_leaf) for t in (*held.registered(), *others)]
    unchanged = set() if loose else {id(t) for t in others}
    try:
        for tensor, data, is_trained in kept:
            if is_trained:
                tensor.requires_grad_(False)
            wanted = data if id(tensor) in unchanged else cast(data, dtype).clone()
            tensor.data = wanted if bits is None else rounded(wanted, bits)
        yield
    finally:
        for tensor, data, is_trained in kept:
            tensor.data = data
            if is_trained:
                tensor.requires_grad_(True)


class PrecisionWatch(TorchFunctionMode):
    """Notes the coarsest floating point type that an operation makes out of a finer one while the mode is on."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.eps = torch.finfo(dtype).eps

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and _is_inexact(result):
            eps = torch.finfo(result.dtype).eps
            sources = [t for t in (*args, *(kwargs or {}).values()) if isinstance(t, Tensor) and _is_inexact(t)]
            if eps > self.eps and any(torch.finfo(t.dtype).eps < eps for t in sources):
                self.eps = eps
        return result


def _is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def stored_eps(tensor: Tensor, dtype: torch.dtype) -> float:
    """The precision in which `tensor` was made: that of float32 if float32 holds all its numbers exactly, although
    most of them have more digits than a round number has."""
    if not _is_inexact(tensor):
        return torch.finfo(dtype).eps
    own = torch.finfo(tensor.dtype).eps
    real = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    if real.dtype != torch.float64 or tensor.numel() == 0:
        return own
    fits = (real.float().double() == real).all()
    round_numbers = (real.bfloat16().double() == real).double().mean()
    return torch.finfo(torch.float32).eps if bool(fits) and float(round_numbers) < 0.5 else own
