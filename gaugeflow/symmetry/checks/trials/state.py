"""The state of modules and objects, taken before a check and put back after it, whatever the calls did to it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq, is_
from typing import Any

from torch import Tensor

from gaugeflow.symmetry.checks.trials.held import Held, attributes

__all__ = ["State"]

_DEPTH = 3
_PLAIN = (int, float, complex, str, bytes, type(None))


class State:
    """What every module and object of `held` stores: its attributes, the contents of its containers, to some depth,
    and copies of the `tensors` that no cast protects."""

    def __init__(self, held: Held, tensors: Sequence[Tensor]) -> None:
        things = [*(m for root in held.modules for m in root.modules()), *held.objects]
        self.stored = [(thing, attributes(thing)) for thing in {id(t): t for t in things}.values()]
        self.containers: dict[int, tuple[Any, Any]] = {}
        for _, stored in self.stored:
            for part in stored.values():
                self._keep(part, _DEPTH)
        self.tensors = [(t, t._version, t.detach().clone()) for t in tensors if not t.is_inference()]

    def _keep(self, container: Any, depth: int) -> None:
        kind = next((kind for kind in (dict, list, set) if isinstance(container, kind)), None)
        if kind is None or id(container) in self.containers or not depth:
            return
        self.containers[id(container)] = (container, kind.copy(container))
        for part in dict.values(container) if kind is dict else kind.__iter__(container):
            self._keep(part, depth - 1)

    def restore(self, numbers: bool = True) -> None:
        """Put everything back; without `numbers`, plain numbers and strings stay, so that a counter goes on."""
        for thing, stored in self.stored:
            _restore_attributes(thing, stored, numbers)
        for container, kept in self.containers.values():
            _refill(container, kept)
        for tensor, version, copy in self.tensors:
            if tensor._version != version:
                tensor.data.copy_(copy)


def _restore_attributes(thing: Any, stored: dict[str, Any], numbers: bool) -> None:
    now = attributes(thing)
    for name, value in now.items():
        if name not in stored and (numbers or not isinstance(value, _PLAIN)):
            object.__delattr__(thing, name)
    for name, value in stored.items():
        if now.get(name, stored) is not value and (numbers or not isinstance(now.get(name), _PLAIN)):
            object.__setattr__(thing, name, value)


def _refill(container: Any, kept: Any) -> None:
    """Only what has changed is touched: the identity of every entry counts."""
    if not (container or kept) or _same(container, kept):
        return
    container.clear()
    (container.extend if isinstance(container, list) else container.update)(kept)


def _same(container: Any, kept: Any) -> bool:
    if isinstance(container, set):
        return bool(container == kept)
    if len(container) != len(kept):
        return False
    if isinstance(container, list):
        return all(map(is_, container, kept))
    return all(map(is_, container.values(), kept.values())) and all(map(eq, container, kept))
