"""Random numbers of the CPU for every device, so that a program on another device can be compared with one here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map, tree_map_only

__all__ = ["host_draws"]


class HostGenerator(torch.Generator):
    """The generator of the CPU with a seed, which says that it is on another device."""

    named: torch.device

    def __new__(cls, device: Any = "cpu") -> "HostGenerator":
        made = super().__new__(cls, "cpu")
        named = torch.device(device)
        made.named = torch.device("cuda", 0) if named.type == "cuda" else named
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self.named


class Draws(TorchFunctionMode):
    """Draws on the CPU and moves what is drawn to the device of the generator."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        leaves = tree_flatten((args, kwargs))[0]
        generator = next((leaf for leaf in leaves if isinstance(leaf, HostGenerator)), None)
        if generator is None:
            return function(*args, **kwargs)
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        device = tensors[0].device if tensors else torch.device(kwargs.get("device") or "cpu")
        if device.type != generator.device.type:
            raise RuntimeError(
                f"Expected a {device.type!r} device type for generator but found {generator.device.type!r}"
            )
        if device.type == "cpu":
            return function(*args, **kwargs)
        here_args, here = tree_map_only(Tensor, Tensor.cpu, (args, {**kwargs, "device": "cpu"}))
        if tensors:
            del here["device"]
        drawn = tree_map(lambda x: x.to(device) if isinstance(x, Tensor) else x, function(*here_args, **here))
        return args[0].copy_(drawn) if function.__name__.endswith("_") else drawn


@contextmanager
def host_draws() -> Iterator[None]:
    """In this context generators of all devices draw the numbers of the CPU."""
    with mock.patch.object(torch, "Generator", HostGenerator), Draws():
        yield
