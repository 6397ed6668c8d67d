"""Configurations at their places in an ensemble file: checksums, writing, counting."""

import zlib
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.hdf5.layout import Layout, count_words
from gaugeflow.io.hdf5.portable import write_at
from gaugeflow.io.layout import host_array
from gaugeflow.io.source import Source

__all__ = ["as_rows", "commit_count", "read_attributes", "read_count", "row_checksums", "write_bytes", "write_rows"]


def as_rows(links: Tensor, dtype: str) -> np.ndarray:
    """Links as they stand in the file, ``(batch, *row)``."""
    return np.ascontiguousarray(host_array(links), dtype=dtype)


def index_column(name: str, given: Sequence[int] | None, default: Sequence[int]) -> np.ndarray:
    """One whole number for each configuration. Raises UserError if as many were not given."""
    column = np.asarray(default if given is None else given)
    if column.shape != (len(default),) or column.dtype.kind not in "iu":
        raise UserError(f"{name}: expected {len(default)} whole numbers, one for each configuration, got {given!r:.80}")
    return column.astype("<i8")


def row_checksums(links: np.ndarray, chain: np.ndarray, step: np.ndarray) -> np.ndarray:
    """CRC-32 of the bytes of links, chain and step of each configuration."""
    rows = zip(links, chain.astype("<i4"), step.astype("<i8"), strict=True)
    sums = [zlib.crc32(k.tobytes() + t.tobytes(), zlib.crc32(u.data)) for u, k, t in rows]
    return np.array(sums, dtype="<u4")


def write_rows(file: int, layout: Layout, first: int, links: np.ndarray, chain: np.ndarray, step: np.ndarray) -> None:
    """Writes configurations to the places ``first``, ``first + 1``, ... without counting them. Raises OSError."""
    columns = {"links": links, "chain": chain, "step": step, "crc32": row_checksums(links, chain, step)}
    for name, values in columns.items():
        kind, shape = layout.datasets()[name]
        raw = values.astype(kind, copy=False).reshape(-1).view(np.uint8)
        stride = np.dtype(kind).itemsize * int(np.prod(shape[1:], dtype=np.int64))
        write_bytes(file, raw.data, layout.places[name] + first * stride)


def commit_count(file: int, layout: Layout, count: int) -> None:
    """Counts the first ``count`` configurations, in one write of 16 bytes. Raises OSError."""
    write_bytes(file, count_words(count), layout.places["count"])


def write_bytes(file: int, data: bytes | memoryview, offset: int) -> None:
    """Writes all bytes, also where the system takes them in parts. Raises OSError."""
    view = memoryview(data)
    while view:
        written = write_at(file, view, offset)
        view, offset = view[written:], offset + written


def read_count(source: Source, layout: Layout) -> int:
    """How many configurations the file holds. Raises UserError if the two words that say so disagree."""
    words = source.read(layout.places["count"], 16, "count")
    count = int.from_bytes(words[:8], "little")
    if words != count_words(count) or count > layout.capacity:
        raise source.error(f"a count up to {layout.capacity} and its complement", words.hex(" ", 8))
    return count


def read_attributes(source: Source) -> dict[str, Any]:
    """The attributes of the ensemble as plain values. Raises UserError if HDF5 cannot read them."""
    try:
        with h5py.File(source.file, "r") as file:
            return {name: _plain(value) for name, value in file.attrs.items()}
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise source.error("attributes of an ensemble", f"an HDF5 error: {error}") from error


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
