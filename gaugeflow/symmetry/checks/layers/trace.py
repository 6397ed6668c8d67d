"""The calls of all layers of a model in the order in which they begin, recorded by forward hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Call", "inexact", "rebuild", "recorded", "replaced_outputs"]


@dataclass
class Call:
    """One call of one module: copies of its arguments and output, and the calls made inside it.

    `repeat` counts the earlier calls of the same module.
    """

    name: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    repeat: int = 0
    output: Any = None
    inner: list[Call] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return type(self.module).__name__

    @property
    def inputs(self) -> list[Tensor]:
        return inexact((self.args, self.kwargs))

    @property
    def outputs(self) -> list[Tensor]:
        return inexact(self.output)

    def walk(self) -> Iterator[Call]:
        yield self
        for call in self.inner:
            yield from call.walk()


def inexact(structure: Any) -> list[Tensor]:
    """The real and complex tensors in nested tuples, lists and dicts, from left to right."""
    found: list[Tensor] = []
    rebuild(structure, lambda t: found.append(t) or t)  # type: ignore[func-returns-value]
    return found


def rebuild(structure: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """The structure with `fn` applied to its real and complex tensors."""
    if isinstance(structure, Tensor):
        return fn(structure) if structure.is_floating_point() or structure.is_complex() else structure
    if isinstance(structure, dict):
        return {key: rebuild(part, fn) for key, part in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(rebuild(part, fn) for part in structure))
    if isinstance(structure, (tuple, list)):
        return type(structure)(rebuild(part, fn) for part in structure)
    return structure


def module_names(roots: Sequence[nn.Module]) -> dict[nn.Module, str]:
    """The name of every module: as `named_modules` has it, below the root's class where there are several roots."""
    names: dict[nn.Module, str] = {}
    for root in roots:
        for path, module in root.named_modules():
            prefix = [type(root).__name__] if len(roots) > 1 or not path else []
            names.setdefault(module, ".".join([*prefix, path] if path else prefix))
    return names


@contextmanager
def recorded(roots: Sequence[nn.Module]) -> Iterator[list[Call]]:
    """While it is open, the outermost calls of modules below `roots` are appended to the list."""
    top: list[Call] = []
    stack: list[Call] = []
    seen: dict[str, int] = {}
    names = module_names(roots)

    def begin(module: nn.Module, args: Any, kwargs: Any) -> None:
        repeat = seen.get(names[module], 0)
        seen[names[module]] = repeat + 1
        again = f" (call {repeat + 1})" if repeat else ""
        call = Call(names[module] + again, module, rebuild(args, _copy), rebuild(kwargs, _copy), repeat)
        (stack[-1].inner if stack else top).append(call)
        stack.append(call)

    def end(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        stack.pop().output = rebuild(output, _copy)

    handles = []
    for module in names:
        handles.append(module.register_forward_pre_hook(begin, with_kwargs=True, prepend=True))
        handles.append(module.register_forward_hook(end, with_kwargs=True))
    try:
        yield top
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replaced_outputs(changes: Sequence[tuple[Call, Callable[[Any], Any]]]) -> Iterator[None]:
    """While it is open, the output of each of these calls goes through its function."""
    count: dict[nn.Module, int] = {}
    table = {(call.module, call.repeat): change for call, change in changes}

    def hook(module: nn.Module, args: Any, output: Any) -> Any:
        repeat = count.get(module, 0)
        count[module] = repeat + 1
        return table[module, repeat](output) if (module, repeat) in table else output

    handles = [module.register_forward_hook(hook) for module in dict.fromkeys(call.module for call, _ in changes)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)
