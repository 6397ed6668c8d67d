"""The structure of an ensemble file: HDF5 laid out once, sealed by a checksum, and never touched again.

HDF5 is not crash safe: a process killed while the library rewrites its tables leaves a file that nobody can open, and
a damaged table can crash or hang the process that opens it. So the library makes the file once, with room for
``capacity`` configurations at known places (the room is a hole of the file: it takes no disk space until used).
Appending writes into that room and then counts; no byte of the structure changes.

The HDF5 user block (the first 4096 bytes, which HDF5 skips) tells where the data stand and carries the checksum of
every byte outside them. A reader verifies it before the library sees the file.

==========  ============================  ==================================================================
dataset     shape                         content
==========  ============================  ==================================================================
``links``   (capacity, D, *shape[, N, N])  configurations, chunked along the first axis
``chain``   (capacity,) int32             the Markov chain that a configuration belongs to
``step``    (capacity,) int64             the update after which it was taken
``crc32``   (capacity,) uint32            CRC-32 of the bytes of links, chain and step of a configuration
``count``   (2,) uint64                   how many configurations there are, and the bitwise complement of that
==========  ============================  ==================================================================

With plain h5py the ensemble is ``file["links"][: file["count"][0]]``; action, beta, seed, versions and whatever else
was given are attributes of the root.
"""

import itertools
import json
import math
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

from gaugeflow.errors import UserError
from gaugeflow.io.hdf5.sparse_image import SparseImage
from gaugeflow.io.source import Source

__all__ = ["MAGIC", "SIGNATURE", "USER_BLOCK", "Layout", "count_words", "create_file", "read_layout"]

MAGIC = b"gaugeflow ensemble 1\n"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""What HDF5 begins with, after the user block."""
USER_BLOCK = 4096
CHUNKS = 64
"""One node of HDF5's table of chunks holds so many; a second node would stand between two chunks."""
CHUNK_BYTES = 1 << 20
CHUNK_LIMIT = (1 << 32) - 1
READ_BYTES = 1 << 20
ALL_BITS = (1 << 64) - 1
VERSIONS = ("earliest", "v110")
"""The oldest file structure: the newer ones mark a file as open for writing, and a kill leaves the mark behind."""
DTYPES = ("<f4", "<f8", "<c8", "<c16")
Read = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Layout:
    """Where everything stands.

    Attributes:
        dtype: of the links, as numpy writes it: ``<c16``, ``<f8``, ...
        row: the shape of one configuration, ``(D, *shape[, N, N])``.
        capacity: for how many configurations there is room.
        chunk: how many of them make a chunk; the last chunk may reach beyond the capacity.
        places: first byte of each dataset; within it configurations follow one another without gaps.
        size: of the whole file in bytes.
        seal: CRC-32 of all bytes outside the user block and the datasets.
    """

    dtype: str
    row: tuple[int, ...]
    capacity: int
    chunk: int
    places: dict[str, int]
    size: int
    seal: int

    @property
    def row_bytes(self) -> int:
        """Bytes of the links of one configuration."""
        return math.prod(self.row) * np.dtype(self.dtype).itemsize

    def datasets(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """dtype and shape of each dataset."""
        return _datasets(self.dtype, self.row, self.capacity)

    def check(self, read: Read) -> bool:
        """Whether the structure is as it was sealed; ``read(offset, length)`` gives bytes of the file."""
        return _seal(self, read) == self.seal


def create_file(path: Path, dtype: str, row: Sequence[int], capacity: int, attributes: dict[str, Any]) -> Layout:
    """Makes an ensemble file with room for ``capacity`` configurations and none yet.

    Raises:
        UserError: so much room does not fit into one file (256 GiB).
        OSError: the file cannot be written.
    """
    row_bytes = math.prod(row) * np.dtype(dtype).itemsize
    rows_per_chunk = max(-(-capacity // CHUNKS), min(capacity, CHUNK_BYTES // row_bytes), 1)
    if rows_per_chunk * row_bytes > CHUNK_LIMIT:
        room = CHUNKS * (CHUNK_LIMIT // row_bytes)
        raise UserError(f"ensemble: expected room for at most {room} configurations in a file, got {capacity}")
    image = SparseImage()
    with h5py.File(image, "w", libver=VERSIONS, userblock_size=USER_BLOCK) as file:
        places = {
            name: _create_dataset(file, name, kind, shape, rows_per_chunk if name == "links" else None)
            for name, (kind, shape) in _datasets(dtype, row, capacity).items()
        }
        file.attrs.update(attributes)
    draft = Layout(dtype, tuple(row), capacity, rows_per_chunk, places, image.seek(0, os.SEEK_END), 0)
    layout = replace(draft, seal=_seal(draft, image.read_at))
    text = json.dumps(asdict(layout)).encode()
    image.write_at(0, (MAGIC + b"%08x\n" % zlib.crc32(text) + text).ljust(USER_BLOCK, b"\0"))
    image.write_at(places["count"], count_words(0))
    image.copy_to(path)
    return layout


def count_words(count: int) -> bytes:
    """A count of configurations as it stands in the file, with its complement."""
    return np.array([count, count ^ ALL_BITS], "<u8").tobytes()


def read_layout(source: Source) -> Layout:
    """The layout of an ensemble file whose structure is intact.

    Raises:
        UserError: the user block or the structure is damaged, or the file is not as long as it should be.
    """
    head = source.read(0, USER_BLOCK, "the user block of an ensemble")
    check, _, text = head[len(MAGIC) :].rstrip(b"\0").partition(b"\n")
    if not head.startswith(MAGIC) or check != b"%08x" % zlib.crc32(text):
        raise source.error("an intact user block of a gaugeflow ensemble", f"{head[:32]!r}... with another checksum")
    layout = _parse(text)
    if layout is None:
        raise source.error("the places of all datasets in the user block", f"{text[:80]!r}")
    source.require_end(0, layout.size, "an ensemble")
    if not layout.check(lambda offset, length: source.read(offset, length, "the structure of an ensemble")):
        raise source.error(f"a structure with the checksum {layout.seal:08x}", "another: the file is damaged")
    return layout


def _parse(text: bytes) -> Layout | None:
    """The layout that the user block states; None if it makes no sense."""
    try:
        stated = json.loads(text)
        layout = Layout(**{**stated, "row": tuple(stated["row"])})
        numbers = (*layout.row, layout.capacity, layout.chunk, *layout.places.values(), layout.size)
        known = layout.dtype in DTYPES and layout.places.keys() == layout.datasets().keys()
        return layout if known and all(isinstance(k, int) and k > 0 for k in numbers) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _datasets(dtype: str, row: Sequence[int], capacity: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    columns = {name: (kind, (capacity,)) for name, kind in (("chain", "<i4"), ("step", "<i8"), ("crc32", "<u4"))}
    return {"links": (dtype, (capacity, *row)), **columns, "count": ("<u8", (2,))}


def _create_dataset(file: h5py.File, name: str, dtype: str, shape: tuple[int, ...], rows_per_chunk: int | None) -> int:
    """Makes a dataset with all its room and no content; returns its first byte in the file."""
    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_obj_track_times(False)
    plan.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5d.FILL_TIME_NEVER)
    if rows_per_chunk is not None:
        plan.set_chunk((rows_per_chunk, *shape[1:]))
    dataset = h5d.create(file.id, name.encode(), h5t.py_create(np.dtype(dtype)), h5s.create_simple(shape), plan)
    if rows_per_chunk is None:
        return int(dataset.get_offset())
    chunks = sorted((c.byte_offset, c.size) for c in map(dataset.get_chunk_info, range(dataset.get_num_chunks())))
    if any(start + size != following for (start, size), (following, _) in itertools.pairwise(chunks)):
        raise RuntimeError("HDF5 left gaps between the chunks of an ensemble")
    return int(chunks[0][0])


def _seal(layout: Layout, read: Read) -> int:
    """CRC-32 of what stands between the user block, the datasets and the end of the file."""
    lengths = {name: math.prod(shape) * np.dtype(kind).itemsize for name, (kind, shape) in layout.datasets().items()}
    lengths["links"] = -(-layout.capacity // layout.chunk) * layout.chunk * layout.row_bytes
    spans = sorted((start, start + lengths[name]) for name, start in layout.places.items())
    crc, position = 0, USER_BLOCK
    for start, stop in [*spans, (layout.size, layout.size)]:
        for offset in range(position, start, READ_BYTES):
            crc = zlib.crc32(read(offset, min(READ_BYTES, start - offset)), crc)
        position = stop
    return crc
