"""Tensors of torch, `.pt`."""

import pickle
import zipfile
from functools import partial

import numpy as np
import torch
from torch import Tensor

from gaugeflow.io.arrays.array_format import ArrayFormat, chosen, require_room
from gaugeflow.io.options import Given
from gaugeflow.io.source import Source

__all__ = ["Pt"]

ZIP = b"PK\x03\x04"
DAMAGE = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, OSError, pickle.UnpicklingError)


class Pt(ArrayFormat):
    """One tensor, or one of a dictionary of tensors, as ``torch.save`` writes them; other objects are refused."""

    name = "torch"
    title = "torch"

    def sniff(self, source: Source) -> bool:
        if source.head(4) != ZIP or not zipfile.is_zipfile(source.file):
            return False
        with zipfile.ZipFile(source.file) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())

    def array(self, source: Source, given: Given) -> np.ndarray:
        with zipfile.ZipFile(source.file) as archive:
            require_room(source, sum(entry.file_size for entry in archive.infolist()))
        source.file.seek(0)
        try:
            held = torch.load(source.file, map_location="cpu", weights_only=True)
        except DAMAGE as error:
            raise source.error("tensors of torch", str(error).partition("\n")[0]) from error
        named = held if isinstance(held, dict) else {"tensor": held}
        tensors = {str(name): value for name, value in named.items() if isinstance(value, Tensor)}
        numbers = {name: partial(_plain, source, tensor) for name, tensor in tensors.items()}
        return chosen(source, numbers, given, "a pt file")


def _plain(source: Source, tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor; one that repeats few numbers without end is refused."""
    require_room(source, tensor.numel() * tensor.element_size())
    return tensor.detach().resolve_conj().resolve_neg().numpy()
