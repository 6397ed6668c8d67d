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
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

from gaugeflow.io.source import Source

__all__ = ["MAGIC", "Layout", "create_file", "read_layout"]

MAGIC = b"gaugeflow ensemble 1\n"
USER_BLOCK = 4096
CHUNK_BYTES = 1 << 20
READ_BYTES = 1 << 20
VERSIONS = ("earliest", "v110")
"""The oldest file structure: the newer ones mark a file as open for writing, and a kill leaves the mark behind."""
Read = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Layout:
    """Where everything stands.

    Attributes:
        dtype: of the links, as numpy writes it: ``<c16``, ``<f8``, ...
        row: the shape of one configuration, ``(D, *shape[, N, N])``.
        capacity: for how many configurations there is room.
        places: first byte of each dataset; within it configurations follow one another without gaps.
        size: of the whole file in bytes.
        seal: CRC-32 of all bytes outside the user block and the datasets.
    """

    dtype: str
    row: tuple[int, ...]
    capacity: int
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
    """Makes an ensemble file with room for ``capacity`` configurations and none yet."""
    rows_per_chunk = max(1, min(capacity, CHUNK_BYTES // (math.prod(row) * np.dtype(dtype).itemsize)))
    block = _table_bytes(-(-capacity // rows_per_chunk), len(row) + 1)
    with h5py.File(path, "w", libver=VERSIONS, userblock_size=USER_BLOCK, meta_block_size=block) as file:
        places = {
            name: _create_dataset(file, name, kind, shape, rows_per_chunk if name == "links" else None)
            for name, (kind, shape) in _datasets(dtype, row, capacity).items()
        }
        file.attrs.update(attributes)
    with path.open("rb+") as raw:
        size = raw.seek(0, 2)
        draft = Layout(dtype, tuple(row), capacity, places, size, 0)
        layout = Layout(dtype, tuple(row), capacity, places, size, _seal(draft, _reader(raw)))
        text = json.dumps(asdict(layout)).encode()
        raw.seek(0)
        raw.write((MAGIC + b"%08x\n" % zlib.crc32(text) + text).ljust(USER_BLOCK, b"\0"))
    return layout


def read_layout(source: Source) -> Layout:
    """The layout of an ensemble file whose structure is intact.

    Raises:
        UserError: the user block or the structure is damaged, or the file is not as long as it should be.
    """
    head = source.read(0, USER_BLOCK, "the user block of an ensemble")
    check, _, text = head[len(MAGIC) :].rstrip(b"\0").partition(b"\n")
    if not head.startswith(MAGIC) or check != b"%08x" % zlib.crc32(text):
        raise source.error("an intact user block of a gaugeflow ensemble", f"{head[:32]!r}... with another checksum")
    stated = json.loads(text)
    layout = Layout(**{**stated, "row": tuple(stated["row"])})
    source.require_end(0, layout.size, "an ensemble")
    if not layout.check(lambda offset, length: source.read(offset, length, "the structure of an ensemble")):
        raise source.error(f"a structure with the checksum {layout.seal:08x}", "another: the file is damaged")
    return layout


def _datasets(dtype: str, row: Sequence[int], capacity: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    columns = {name: (kind, (capacity,)) for name, kind in (("chain", "<i4"), ("step", "<i8"), ("crc32", "<u4"))}
    return {"links": (dtype, (capacity, *row)), **columns, "count": ("<u8", (2,))}


def _table_bytes(chunks: int, rank: int) -> int:
    """Room for all tables of the library in one block, so that the chunks follow one another without gaps.

    A table of chunks is a tree of nodes with 64 entries, at least half of them used, of about 24 + 8 rank bytes.
    """
    nodes = chunks // 32 + chunks // 1024 + 3
    return 4096 + nodes * (64 * (24 + 8 * rank) + 64)


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
    spans = sorted(
        (layout.places[name], layout.places[name] + math.prod(shape) * np.dtype(kind).itemsize)
        for name, (kind, shape) in layout.datasets().items()
    )
    crc, position = 0, USER_BLOCK
    for start, stop in [*spans, (layout.size, layout.size)]:
        for offset in range(position, start, READ_BYTES):
            crc = zlib.crc32(read(offset, min(READ_BYTES, start - offset)), crc)
        position = stop
    return crc


def _reader(raw: Any) -> Read:
    def read(offset: int, length: int) -> bytes:
        raw.seek(offset)
        return raw.read(length)

    return read
