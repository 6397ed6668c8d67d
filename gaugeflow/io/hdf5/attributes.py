"""What an ensemble file says about itself."""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
import torch

from gaugeflow import __version__
from gaugeflow.errors import UserError

__all__ = ["OWN", "ensemble_attributes"]

OWN = ("group",)
"""Attributes that follow from the links."""
TEXT_LIMIT = 1 << 15
"""HDF5 keeps an attribute of at most 64 kB with the object it belongs to."""


def ensemble_attributes(group: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The group, versions of the programs at work, and what the user gives, which goes before the versions.

    Raises:
        UserError: a value is no text, number, truth value or list of numbers, or does not fit into HDF5.
    """
    versions = {
        "version_gaugeflow": __version__,
        "version_torch": str(torch.__version__),
        "version_numpy": np.__version__,
        "version_h5py": h5py.__version__,
    }
    reserved = [name for name in given if name in OWN]
    if reserved:
        raise UserError(f"ensemble: {', '.join(reserved)} follows from the links and cannot be given")
    return {**versions, **{name: _checked(name, value) for name, value in given.items()}, "group": group}


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, str) and len(value.encode("utf-8", "replace")) < TEXT_LIMIT and "\0" not in value:
        return value
    if isinstance(value, bool | int | float | list | tuple | np.generic | np.ndarray):
        array = np.asarray(value)
        if array.dtype.kind in "biuf" and array.nbytes < TEXT_LIMIT:
            return value
    raise UserError(
        f"ensemble: expected text, a number or a list of numbers as {name!r}, "
        f"at most {TEXT_LIMIT} bytes, got {value!r:.80}"
    )
