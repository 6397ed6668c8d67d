"""Appending configurations to an ensemble file while a Markov chain runs."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, get_group
from gaugeflow.io.atomic import replacing
from gaugeflow.io.hdf5.attributes import OWN, ensemble_attributes
from gaugeflow.io.hdf5.layout import Layout, create_file, read_layout
from gaugeflow.io.hdf5.portable import close_file, lock_file, open_file, read_at
from gaugeflow.io.hdf5.rows import (
    as_rows,
    commit_count,
    index_column,
    read_attributes,
    read_count,
    write_bytes,
    write_rows,
)
from gaugeflow.io.membership import TOLERANCE, worst_violation
from gaugeflow.io.source import Source
from gaugeflow.lattice.fields import check_links

__all__ = ["EnsembleWriter"]

COPY_BYTES = 1 << 24


class EnsembleWriter:
    """An open ensemble file that grows at its end and is whole at every moment.

    A configuration is written to its place first and counted after, so a process killed at any moment leaves a file
    that opens and holds every configuration counted. After a loss of power this is promised for those appended before
    the last :meth:`sync`. Only one writer may have a file open; ``gaugeflow.io.read`` may at any time,
    and so may plain h5py.

    Made by :meth:`create` or :meth:`open`; use it in a ``with`` statement or call :meth:`close`.
    """

    def __init__(self, path: Path, count: int | None = None) -> None:
        self.path = path
        self._file = _open_locked(path)
        try:
            with Source(path) as source:
                self._layout = read_layout(source)
                held = read_count(source, self._layout)
                self.attributes = read_attributes(source)
                self.count = held if count is None else count
                if not 0 <= self.count <= held:
                    raise source.error(f"at least {count} configurations", f"{held}")
                self._next_step = _last_step(source, self._layout, self.count) + 1
            self._guard(commit_count, self._file, self._layout, self.count)
        except BaseException:
            close_file(self._file)
            raise

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        group: str | Group,
        shape: Sequence[int],
        dtype: torch.dtype = torch.float64,
        capacity: int = 64,
        **attributes: Any,
    ) -> Self:
        """A new, empty ensemble in place of whatever stood at ``path``.

        Args:
            group, shape: of the configurations; extents are (x, ..., t).
            dtype: the real dtype, float32 or float64.
            capacity: how many configurations are expected. More are taken, but each time the room is used up the
                file is copied into one with twice the room.
            attributes: plain values about the ensemble: action, beta, seed, ...; versions are added.

        Raises:
            UserError: the file cannot be written, or an attribute is not a plain value.
        """
        group = get_group(group) if isinstance(group, str) else group
        with replacing(Path(path)) as temporary:
            new_ensemble(temporary, group, tuple(shape), dtype, capacity, attributes)
        return cls(Path(path))

    @classmethod
    def open(cls, path: str | os.PathLike[str], count: int | None = None) -> Self:
        """An ensemble that exists, to append to; with ``count``, all after the first so many are dropped.

        Raises:
            UserError: the file is damaged, holds fewer than ``count``, cannot be written or has another writer.
        """
        return cls(Path(path), count)

    def append(self, links: Tensor, chain: Sequence[int] | None = None, step: int | None = None) -> None:
        """Adds the configurations of a batch.

        Args:
            links: ``(batch, D, *shape[, N, N])`` of the ensemble's group, shape and dtype.
            chain: the chain of each, by default 0, 1, ..., batch - 1.
            step: the update after which they were taken, by default one more than the last.

        Raises:
            UserError: another group, shape or dtype, links not in the group, or no room on the disk; the file then
                holds what it held before.
        """
        self._require_open()
        check_links(links)
        rows = self._rows(links)
        chains = index_column("chain", chain, range(len(rows)))
        steps = np.full(len(rows), self._next_step if step is None else int(step), "<i8")
        while self.count + len(rows) > self._layout.capacity:
            self._grow()
        self._guard(write_rows, self._file, self._layout, self.count, rows, chains, steps)
        self._guard(commit_count, self._file, self._layout, self.count + len(rows))
        self.count += len(rows)
        self._next_step = int(steps[-1]) + 1 if len(steps) else self._next_step

    def sync(self) -> None:
        """Returns when all configurations appended so far are on the disk. Raises UserError if that fails."""
        self._require_open()
        self._guard(os.fsync, self._file)

    def close(self) -> None:
        """Flushes to the disk and closes; a second call does nothing."""
        if self._file >= 0:
            file, self._file = self._file, -1
            try:
                self._guard(os.fsync, file)
            finally:
                close_file(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._file < 0:
            raise UserError(f"{self.path}: expected an open ensemble, found that this writer was closed")

    def _rows(self, links: Tensor) -> np.ndarray:
        rows = as_rows(links, file_dtype(links.dtype))
        if (rows.dtype.str, rows.shape[1:]) != (self._layout.dtype, self._layout.row):
            raise UserError(
                f"{self.path}: expected configurations {self._layout.row} of {self._layout.dtype}, "
                f"got {rows.shape[1:]} of {rows.dtype.str}"
            )
        violation = worst_violation(links)
        limit = TOLERANCE[torch.finfo(links.dtype).bits]
        if not violation <= limit:
            raise UserError(f"{self.path}: expected links in the group to {limit}, got a violation of {violation:.3g}")
        return rows

    def _grow(self) -> None:
        """Moves to a file with twice the room, which takes the place of this one when it is complete."""
        given = {name: value for name, value in self.attributes.items() if name not in OWN}
        group = get_group(self.attributes["group"])
        with replacing(self.path) as temporary:
            old, capacity = self._layout, 2 * self._layout.capacity
            new = create_file(temporary, old.dtype, old.row, capacity, ensemble_attributes(group.name, given))
            file = _open_locked(temporary)
            try:
                _copy_rows(self._file, old, file, new, self.count)
                commit_count(file, new, self.count)
            except BaseException:
                close_file(file)
                raise
        close_file(self._file)
        self._file, self._layout = file, new

    def _guard(self, act: Any, *arguments: Any) -> None:
        try:
            act(*arguments)
        except OSError as error:
            raise UserError(
                f"{self.path}: expected to write after configuration {self.count}, found: {error.strerror or error}"
            ) from error


def new_ensemble(
    path: Path, group: Group, shape: tuple[int, ...], dtype: torch.dtype, capacity: int, attributes: dict[str, Any]
) -> Layout:
    """Makes the file of an empty ensemble, not by way of a temporary one. Raises UserError or OSError."""
    if dtype not in (torch.float32, torch.float64):
        raise UserError(f"ensemble: expected dtype torch.float32 or torch.float64, got {dtype}")
    if len(shape) < 2 or min(shape) < 1 or capacity < 1:
        raise UserError(f"ensemble: expected two or more positive extents and room, got {shape}, capacity {capacity}")
    kind = file_dtype(group.element_dtype(dtype))
    row = (len(shape), *shape, *group.element_shape)
    return create_file(path, kind, row, capacity, ensemble_attributes(group.name, attributes))


def file_dtype(dtype: torch.dtype) -> str:
    """The little-endian numpy dtype of links of a torch dtype, as text."""
    return torch.empty(0, dtype=dtype).numpy().dtype.newbyteorder("<").str


def _open_locked(path: Path) -> int:
    """A descriptor for reading and writing that no other writer has. Raises UserError."""
    try:
        file = open_file(path)
    except OSError as error:
        raise UserError(f"{path}: expected an ensemble to append to, found: {error.strerror}") from error
    try:
        lock_file(file, path)
    except BlockingIOError:
        close_file(file)
        raise UserError(f"{path}: expected no other writer, found that another process is appending") from None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):  # a file system without locks
            close_file(file)
            raise UserError(f"{path}: expected to lock the ensemble for appending, found: {error.strerror}") from error
    return file


def _last_step(source: Source, layout: Layout, count: int) -> int:
    if count == 0:
        return -1
    return int(np.frombuffer(source.read(layout.places["step"] + 8 * (count - 1), 8, "steps"), "<i8")[0])


def _copy_rows(old_file: int, old: Layout, new_file: int, new: Layout, count: int) -> None:
    for name in ("links", "chain", "step", "crc32"):
        kind, shape = old.datasets()[name]
        length = count * np.dtype(kind).itemsize * int(np.prod(shape[1:], dtype=np.int64))
        for start in range(0, length, COPY_BYTES):
            data = read_at(old_file, min(COPY_BYTES, length - start), old.places[name] + start)
            write_bytes(new_file, data, new.places[name] + start)
