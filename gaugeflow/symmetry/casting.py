"""Running somebody's function in another precision without changing it, and seeing which precision it computes in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

__all__ = ["PrecisionWatch", "cast", "in_precision", "modules_of"]

_COMPLEX = {torch.float64: torch.complex128, torch.float32: torch.complex64}


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """`tensor` in the real `dtype` or its complex partner; integers and booleans as they are."""
    if tensor.is_complex():
        return tensor.to(_COMPLEX[dtype])
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def modules_of(f: Callable[..., Any]) -> list[nn.Module]:
    """The outermost torch modules that `f` holds: itself, `self` of a method, what a closure or a partial or the
    attributes of an object keep, and the module-level names that a function mentions."""
    found: dict[int, nn.Module] = {}
    seen: set[int] = set()

    def visit(thing: Any, depth: int) -> None:
        if id(thing) in seen or depth > 4:
            return
        seen.add(id(thing))
        if isinstance(thing, nn.Module):
            found[id(thing)] = thing
            return
        for part in _held(thing):
            visit(part, depth + 1)

    visit(f, 0)
    inner = {id(sub) for module in found.values() for sub in list(module.modules())[1:]}
    return [module for key, module in found.items() if key not in inner]


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
        if isinstance(thing, nn.Module) or hasattr(thing, "__closure__"):
            yield thing


def rounded(tensor: Tensor, bits: int) -> Tensor:
    """The numbers of `tensor` rounded to so many binary digits."""
    if tensor.is_complex():
        return torch.view_as_complex(rounded(torch.view_as_real(tensor), bits))
    if not tensor.is_floating_point():
        return tensor
    mantissa, exponent = torch.frexp(tensor)
    return torch.ldexp(torch.round(mantissa * 2**bits) / 2**bits, exponent)


def has_single_precision(modules: Sequence[nn.Module]) -> bool:
    """Whether a parameter or buffer is stored in float32 or coarser."""
    tensors = (t for module in modules for t in (*module.parameters(), *module.buffers()))
    return any(_is_inexact(t) and torch.finfo(t.dtype).eps > 1e-10 for t in tensors)


@contextmanager
def in_precision(modules: Sequence[nn.Module], dtype: torch.dtype, bits: int | None = None) -> Iterator[None]:
    """Parameters and buffers of `modules` in `dtype`, without gradients, and exactly as before on leaving.

    They are rounded to `bits` binary digits if given.

    The tensors keep their identity, so ties and references survive; what a forward pass writes into buffers or
    parameters (running statistics) is undone.
    """
    kept: dict[int, tuple[Tensor, Tensor, bool]] = {}
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            kept.setdefault(id(tensor), (tensor, tensor.data, tensor.requires_grad))
    try:
        for tensor, data, _ in kept.values():
            tensor.requires_grad_(False)
            wanted = cast(data, dtype).clone()
            tensor.data = wanted if bits is None else rounded(wanted, bits)
        yield
    finally:
        for tensor, data, requires_grad in kept.values():
            tensor.data = data
            tensor.requires_grad_(requires_grad)


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
