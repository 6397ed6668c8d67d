"""The numbers a run records: tables of rows, kept in memory and committed to `metrics.h5` as a whole.

HDF5 is not crash safe: a process killed in the middle of a write leaves a file that no one can open, and a full
disk can take the process down. So the file's image is built in memory and replaces the old file by a rename. The
rows are measurements, not fields: a million rows of ten numbers are 80 MB.
"""

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from gaugeflow.errors import UserError
from gaugeflow.runs.atomic import write_whole

__all__ = ["Metrics"]


class Metrics:
    """Tables of rows by name; every row of a table has the same columns of the same shapes.

    `metrics.h5` holds one group per table and in it one dataset `(rows, ...)` per column.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, list[np.ndarray]]] = {}

    def record(self, table: str, columns: dict[str, Any]) -> None:
        """Appends one row: numbers, arrays or tensors by column name. Raises ValueError if the columns change."""
        row = {name: _array(value) for name, value in columns.items()}
        known = self._tables.setdefault(table, {name: [] for name in row})
        if known.keys() != row.keys():
            raise ValueError(f"table {table!r} has the columns {sorted(known)}, a row came with {sorted(row)}")
        for name, value in row.items():
            known[name].append(value)

    def column(self, table: str, name: str) -> np.ndarray:
        """All rows of one column, shape `(rows, ...)`. Raises KeyError where there is none."""
        return np.stack(self._tables[table][name])

    def columns(self, table: str) -> dict[str, np.ndarray]:
        """All columns of a table; empty where nothing was recorded."""
        return {name: np.stack(rows) for name, rows in self._tables.get(table, {}).items() if rows}

    def counts(self) -> dict[str, int]:
        """The number of rows of each table."""
        return {table: len(next(iter(columns.values()))) for table, columns in self._tables.items() if columns}

    def save(self, path: Path) -> None:
        """Replaces `path` by all rows recorded so far; a reader finds the old file or the new one, whole."""
        image = io.BytesIO()
        with h5py.File(image, "w") as file:
            for table in self._tables:
                group = file.create_group(table)
                for name, values in self.columns(table).items():
                    group.create_dataset(name, data=values)
        write_whole(path, image.getvalue())

    @classmethod
    def load(cls, path: Path, counts: dict[str, int] | None = None) -> "Metrics":
        """Reads a file back; with `counts` only the first rows of each table, as many as a checkpoint knew of.

        Raises UserError if the file is damaged or holds fewer rows than the checkpoint says.
        """
        metrics = cls()
        try:
            with h5py.File(path, "r") as file:
                for table, group in file.items():
                    stored = {name: list(dataset[()]) for name, dataset in group.items()}
                    metrics._tables[table] = stored
        except (OSError, KeyError, RuntimeError) as error:
            if isinstance(error, FileNotFoundError):
                raise UserError(f"{path}: expected the recorded numbers of a run, found no such file") from error
            raise UserError(f"{path}: the recorded numbers cannot be read: {error}") from error
        if counts is not None:
            metrics._truncate(path, counts)
        return metrics

    def _truncate(self, path: Path, counts: dict[str, int]) -> None:
        found = self.counts()
        for table, count in counts.items():
            if found.get(table, 0) < count:
                raise UserError(
                    f"{path}: the checkpoint expects {count} rows in the table {table!r}, found {found.get(table, 0)}"
                )
        self._tables = {
            table: {name: rows[: counts[table]] for name, rows in columns.items()}
            for table, columns in self._tables.items()
            if table in counts
        }


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    return np.array(value)  # a copy: a caller may overwrite its tensor in the next step
