"""A CUDA device that is not there: tensors that say they are on `cuda` and compute on the CPU.

Where a real device would refuse, so does this one: an operation on tensors of two devices, `.numpy()` of a tensor that
is not on the CPU, a generator of another device. A program that runs here makes and moves its tensors as it must.
Speed, rounding, and operations that CUDA does not have are not looked at.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map_only

from .host_draws import host_draws

__all__ = ["pretend_cuda"]

DEVICE = torch.device("cuda", 0)
aten = torch.ops.aten
ACROSS = (aten._to_copy.default, aten.copy_.default, aten.set_.source_Tensor)
"""Operations between two devices."""
INDEXING = (aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default)
"""Their indices may be on the CPU."""


class Elsewhere(Tensor):
    """A tensor on the device that is not there; `held` has its numbers, on the CPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Elsewhere":
        """Conjugates, negatives and zeros without memory are made plain: torch's C++ does not see that it holds one."""
        held = held.resolve_conj().resolve_neg()
        held = torch.zeros_like(held) if held._is_zerotensor() else held
        made = Tensor._make_wrapper_subclass(
            cls, held.size(), held.stride(), held.storage_offset(), dtype=held.dtype, device="meta"
        )
        made.held = held
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """What Python is told; torch's own C++ is told `meta`, since it would look for CUDA's streams."""
        return DEVICE

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]
        return True

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(function, args, kwargs or {})

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        return False

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Stored as a tensor of the CPU, as which every checkpoint is read."""
        return self.held.clone().__reduce_ex__(protocol)

    def __repr__(self, **_: Any) -> str:
        return f"Elsewhere({self.held!r})"


def is_there(device: Any) -> bool:
    return device is not None and torch.device(device).type in ("cuda", "meta")


def wrapped(result: Any) -> Any:
    return tree_map_only(Tensor, lambda t: t if isinstance(t, Elsewhere) else Elsewhere(t), result)


def require_one_device(function: Any, args: Any, kwargs: Any) -> bool:
    """Whether an operation is one on the device. Raises RuntimeError, as torch does, where tensors are on both."""
    tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
    there = any(isinstance(leaf, Elsewhere) for leaf in tensors)
    asked = (args[0], args[2:]) if function in INDEXING else tensors
    here = [leaf for leaf in tree_flatten(asked)[0] if isinstance(leaf, Tensor) and not isinstance(leaf, Elsewhere)]
    if there and function not in ACROSS and any(leaf.dim() for leaf in here):
        raise RuntimeError(f"Expected all tensors to be on the same device, found cuda:0 and cpu ({function})")
    return there


def compute(function: Any, args: Any, kwargs: Any) -> Any:
    """An operation on the numbers; its result is on the device if one is named and is it, or the tensors are."""
    there = require_one_device(function, args, kwargs)
    device = kwargs.get("device")
    inner = {**kwargs, "device": torch.device("cpu")} if is_there(device) else kwargs
    args_, kwargs_ = tree_map_only(Elsewhere, lambda t: t.held, (args, inner))
    result = function(*args_, **kwargs_)
    if is_there(device) or (there and device is None):
        result = wrapped(result)
    return return_and_correct_aliasing(function, args, kwargs, result) if there and has_aliases(function) else result


@cache
def has_aliases(function: Any) -> bool:
    """Whether a result may be an argument, or a view of it."""
    return any(argument.alias_info for argument in function._schema.arguments)


class Operations(TorchDispatchMode):
    """Takes operations that make tensors on the device."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(function, args, kwargs or {})


class Calls(TorchFunctionMode):
    """Gives `cuda` its number, for which torch would look."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is torch.device:
            return function(*args, **kwargs)
        return function(*map(numbered, args), **{key: numbered(value) for key, value in kwargs.items()})


def numbered(argument: Any) -> Any:
    return DEVICE if isinstance(argument, (str, torch.device)) and str(argument) == "cuda" else argument


CUDA: dict[str, Any] = {
    "_lazy_init": lambda: None,
    "is_available": lambda: True,
    "device_count": lambda: 1,
    "current_device": lambda: 0,
    "synchronize": lambda device=None: None,
    "get_device_name": lambda device=None: "a CUDA device that is not there",
    "get_rng_state": lambda device=None: torch.get_rng_state(),
    "set_rng_state": lambda state, device=None: torch.set_rng_state(state),
    "max_memory_allocated": lambda device=None: 0,
    "reset_peak_memory_stats": lambda device=None: None,
}
"""What programs ask `torch.cuda`."""


@contextmanager
def pretend_cuda() -> Iterator[None]:
    """In this context `device="cuda"` is a device that computes on the CPU, and draws the CPU's random numbers."""
    with ExitStack() as stack:
        # a module that moves here gets new parameters: `data` of the old ones cannot become that of another class
        stack.enter_context(mock.patch.object(torch.__future__, "_swap_module_params_on_conversion", True))
        for name, answer in CUDA.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, answer))
        # makes `torch.tensor` begin on the CPU
        torch._C._set_only_lift_cpu_tensors(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, False)
        stack.enter_context(Operations())
        stack.enter_context(Calls())
        stack.enter_context(host_draws())
        yield
