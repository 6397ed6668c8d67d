"""What a function computes with beside its arguments: modules and tensors, wherever it keeps them."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

__all__ = ["Held", "held_by", "is_inexact", "stored_eps", "watched_calls"]

_LARGEST_CONSTANT = 10_000_000
_LONGEST = 1_000
_DEEPEST = 6
_MOST_THINGS = 5_000
_FOREIGN = {"torch", "numpy", "builtins"}


@dataclass(frozen=True)
class Held:
    """The outermost modules, tensors that are no parameters, and the plain objects that keep any of these."""

    modules: list[nn.Module]
    tensors: list[Tensor]
    objects: list[Any] = field(default_factory=list)

    def __add__(self, other: Held) -> Held:
        return Held(self.modules + other.modules, self.tensors + other.tensors, self.objects + other.objects)

    def with_modules(self, new: list[nn.Module]) -> Held:
        return replace(self, modules=_outermost([*self.modules, *new]))

    def knows(self, module: nn.Module) -> bool:
        return any(module is part for root in self.modules for part in root.modules())

    def registered(self) -> list[Tensor]:
        """The parameters and buffers of the modules, each once."""
        inside = (t for module in self.modules for t in (*module.parameters(), *module.buffers()))
        return list({id(t): t for t in inside}.values())

    def loose(self) -> list[Tensor]:
        """The other tensors, each once."""
        inside = {id(t) for t in self.registered()}
        return list({id(t): t for t in self.tensors if id(t) not in inside}.values())

    def in_single_precision(self) -> bool:
        """Whether the numbers of one of them are those of float32 or coarser."""
        return any(is_inexact(t) and stored_eps(t, t.dtype) > 1e-10 for t in (*self.registered(), *self.loose()))


def is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def stored_eps(tensor: Tensor, dtype: torch.dtype) -> float:
    """The precision in which `tensor` was made: that of float32 if float32 holds all its numbers exactly, although
    most of them have more digits than a round number has."""
    if not is_inexact(tensor):
        return torch.finfo(dtype).eps
    own = torch.finfo(tensor.dtype).eps
    real = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    if real.dtype != torch.float64 or tensor.numel() == 0:
        return own
    fits = (real.float().double() == real).all()
    round_numbers = (real.bfloat16().double() == real).double().mean()
    return torch.finfo(torch.float32).eps if bool(fits) and float(round_numbers) < 0.5 else own


def _outermost(modules: list[nn.Module]) -> list[nn.Module]:
    inner = {id(sub) for module in modules for sub in list(module.modules())[1:]}
    return list({id(m): m for m in modules if id(m) not in inner}.values())


@contextmanager
def watched_calls(meet: Callable[[nn.Module], None]) -> Iterator[None]:
    """While it is open, `meet` is told of every module that is about to be called: so one is found to which no name
    leads."""
    handle = register_module_forward_pre_hook(lambda module, _: meet(module))
    try:
        yield
    finally:
        handle.remove()


def held_by(f: Callable[..., Any]) -> Held:
    """What `f` holds: itself, `self` of a method, what a closure, a partial or the attributes of an object keep, and
    the global names that its code mentions, those of its inner functions and of imported modules included."""
    search = _Search()
    search.visit(f, 0)
    return Held(_outermost(search.modules), search.tensors, search.objects)


class _Search:
    def __init__(self) -> None:
        self.modules: list[nn.Module] = []
        self.tensors: list[Tensor] = []
        self.objects: list[Any] = []
        self.seen: dict[int, Any] = {}

    def visit(self, thing: Any, depth: int) -> None:
        if id(thing) in self.seen or depth > _DEEPEST or len(self.seen) > _MOST_THINGS:
            return
        if isinstance(thing, (str, bytes, int, float, complex, type, types.BuiltinFunctionType)) or thing is None:
            return
        self.seen[id(thing)] = thing
        if isinstance(thing, Tensor):
            if is_inexact(thing) and thing.numel() <= _LARGEST_CONSTANT:
                self.tensors.append(thing)
        elif isinstance(thing, nn.Module):
            self._visit_module(thing, depth)
        else:
            self._visit_parts(thing, depth)

    def _visit_module(self, root: nn.Module, depth: int) -> None:
        self.modules.append(root)
        for module in root.modules():
            for name, part in vars(module).items():
                if not (name.startswith("_") and isinstance(part, dict)):  # the registries, and hooks
                    self.visit(part, depth + 1)

    def _visit_parts(self, thing: Any, depth: int) -> None:
        before = len(self.modules) + len(self.tensors)
        for part in _parts(thing):
            self.visit(part, depth + 1)
        if len(self.modules) + len(self.tensors) > before and _has_state(thing):
            self.objects.append(thing)


def _has_state(thing: Any) -> bool:
    plain = (types.FunctionType, types.MethodType, types.ModuleType, functools.partial, list, tuple, dict, set)
    return not isinstance(thing, plain)


def _parts(thing: Any) -> Iterator[Any]:
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, (list, tuple, set, frozenset, dict)):
        yield from _entries(thing)
    elif isinstance(thing, types.MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, types.FunctionType):
        yield from _captured(thing)
    elif not isinstance(thing, types.ModuleType) and type(thing).__module__.split(".")[0] not in _FOREIGN:
        yield from attributes(thing).values()
        call = next((vars(kind)["__call__"] for kind in type(thing).__mro__ if "__call__" in vars(kind)), None)
        yield from (call,) if isinstance(call, types.FunctionType) else ()


def _entries(container: Any) -> Iterator[Any]:
    """What a container holds, by the methods of its built-in base: those of a subclass may mean something else."""
    base = next(kind for kind in (list, tuple, set, frozenset, dict) if isinstance(container, kind))
    if base.__len__(container) <= _LONGEST:
        yield from dict.values(container) if base is dict else base.__iter__(container)


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes that an object stores itself, in `__dict__` and in `__slots__`."""
    found = dict(getattr(thing, "__dict__", {}))
    for kind in type(thing).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = vars(kind).get(name)
            if isinstance(member, types.MemberDescriptorType) and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found


def _captured(function: types.FunctionType) -> Iterator[Any]:
    if (function.__module__ or "").split(".")[0] in _FOREIGN:
        return
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    names = set(_names(function.__code__))
    for name in sorted(names):
        thing = function.__globals__.get(name)
        if isinstance(thing, types.ModuleType):
            yield from _mentioned(thing, names)
        else:
            yield thing


def _names(code: types.CodeType) -> Iterator[str]:
    """The names that a code mentions, those in comprehensions and inner functions included."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)


def _mentioned(module: types.ModuleType, names: set[str]) -> Iterator[Any]:
    if module.__name__.split(".")[0] not in _FOREIGN:
        yield from (part for name, part in vars(module).items() if name in names and not name.startswith("__"))
