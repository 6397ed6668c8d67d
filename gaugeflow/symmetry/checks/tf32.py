"""A remark where products of float32 matrices are computed with fewer digits, as GPUs do when they are told."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

__all__ = ["tf32_notes"]


def tf32_notes(device: torch.device, modules: Sequence[nn.Module] = ()) -> tuple[str, ...]:
    """What to know of errors in float32 on this device: TF32 keeps 10 bits of 23. Convolutions use it unless they are
    told otherwise, so they are spoken of only where `modules` hold one."""
    if device.type != "cuda":
        return ()
    convolves = any(isinstance(part, _ConvNd) for root in modules for part in root.modules())
    backends = {"matrix products": (torch.backends.cuda.matmul, "cuda.matmul")}
    if convolves:
        backends["convolutions"] = (torch.backends.cudnn.conv, "cudnn.conv")  # type: ignore[attr-defined]
    return tuple(
        f"{what} in float32 round to TF32, an error of 5e-4: torch.backends.{name}.fp32_precision = 'ieee' turns it off"
        for what, (backend, name) in backends.items()
        if backend.fp32_precision == "tf32"
    )
