"""The device on which a run computes: the one that it names, or what this machine has."""

import hashlib
import warnings

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["present_device", "require_device", "restored_generator"]


def require_device(name: str) -> None:
    """Raises UserError where this machine lacks the device that a new run asks for."""
    if name not in _devices():
        raise UserError(f"device: expected one of this machine ({', '.join(_devices())}), came {name}; see --device")


def present_device(name: str) -> str:
    """The device itself, or another of its kind, or the CPU; a warning says which where it is not the same.

    A run can be opened wherever it was made: nothing in its files needs the machine of its beginning.
    """
    there = _devices()
    if name in there:
        return name
    kind = name.partition(":")[0]
    chosen = kind if kind in there else "cpu"
    warnings.warn(f"device: {name} is not on this machine ({', '.join(there)}), computing on {chosen}", stacklevel=2)
    return chosen


def restored_generator(device: str, state: Tensor) -> torch.Generator:
    """A generator on `device` that goes on from a stored state.

    The state of another kind of device has another form: it then serves as the key of new random numbers.
    """
    generator = torch.Generator(device)
    if state.shape == generator.get_state().shape:
        generator.set_state(state)
    else:
        digest = hashlib.sha256(state.cpu().numpy().tobytes()).digest()
        generator.manual_seed(int.from_bytes(digest[:4], "little"))  # of a CPU's seed only 32 bits count
    return generator


def _devices() -> list[str]:
    count = torch.cuda.device_count()
    return ["cpu", *(["cuda"] if count else []), *(f"cuda:{i}" for i in range(count))]
