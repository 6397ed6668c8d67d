"""Scalar fields, or numbers, one for each configuration, in HDF5."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.atomic import replacing

__all__ = ["ScalarWriter"]


class ScalarWriter:
    """A new file with one dataset `name` of shape `(configurations, *shape)` and attributes.

    The fields are kept in memory, and the file appears when the writer is closed without an error.

    Args:
        path: replaced if it is there.
        name: of the dataset.
        attributes: plain values about the fields.

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], name: str = "field", **attributes: Any) -> None:
        self.path, self.name, self.attributes = Path(path), name, attributes
        self.count = 0
        self._parts: list[Tensor] = []

    def append(self, fields: Tensor) -> None:
        """Adds a batch `(batch, *shape)` of real fields."""
        if not fields.is_floating_point() or (self._parts and self._parts[0].shape[1:] != fields.shape[1:]):
            raise UserError(f"{self.path}: expected real fields of one shape, got {fields.dtype} {tuple(fields.shape)}")
        self._parts.append(fields.detach().cpu())
        self.count += len(fields)

    def close(self) -> None:
        """Writes the file."""
        with replacing(self.path) as temporary, h5py.File(temporary, "w") as file:
            file.create_dataset(self.name, data=torch.cat(self._parts).numpy())
            file.attrs.update(self.attributes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
