"""LIME, the container of ILDG and SciDAC files: typed records one after the other, all numbers big-endian.

Layout of a record: magic number, version (16 bits), flags (the first bit opens a message, the second closes it),
length of the data (64 bits), 128 bytes of type name, the data, zeros up to a multiple of 8 bytes. Source: the C-LIME
manual, version 1.2.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from gaugeflow.io.source import Source

__all__ = ["MAGIC", "Record", "scan", "write_messages"]

MAGIC = 0x456789AB
HEADER = struct.Struct(">IHHQ128s")
RECORD_LIMIT = 1 << 16
"""More records than any gauge file has: each costs a seek."""
PADDING_LIMIT = 1 << 20
"""Some programs fill the last block of a file with zeros."""


@dataclass(frozen=True)
class Record:
    """One record: its type name and where its data stand in the file."""

    type: str
    offset: int
    length: int


def scan(source: Source) -> tuple[list[Record], list[str]]:
    """All records of a file, without reading their data, and in words what follows them that is none.

    Raises:
        UserError: a record has another magic number or version, or does not fit into the file. Only the zeros after
            the last record may be missing, as some programs leave them out; and zeros, or a few bytes that begin no
            record, may follow.
    """
    records: list[Record] = []
    offset = 0
    while offset < source.size:
        if records and _is_rest(source, offset):
            more = source.size - offset
            return records, [f"{more} byte{'s' if more > 1 else ''} after the last record"]
        head = source.read(offset, HEADER.size, f"LIME record header (record {len(records) + 1})")
        magic, version, _, length, name = HEADER.unpack(head)
        if (magic, version) != (MAGIC, 1) or len(records) == RECORD_LIMIT:
            raise source.error(
                f"a LIME record ({MAGIC:#x}, version 1) at byte {offset}, at most {RECORD_LIMIT} of them",
                f"{magic:#x}, version {version}",
            )
        kind = name.split(b"\0")[0].decode("latin-1")
        source.require(offset + HEADER.size, length, f"the record {kind!r}")
        records.append(Record(kind, offset + HEADER.size, length))
        offset += HEADER.size + length + -length % 8
    return records, []


def _is_rest(source: Source, offset: int) -> bool:
    """Whether what stands from there on is no record, and not what a damaged file keeps of one."""
    length = source.size - offset
    if length > PADDING_LIMIT:
        return False
    rest = source.read(offset, length, "the end of a LIME file")
    begun = MAGIC.to_bytes(4, "big")[:length]
    return not rest.strip(b"\0") or (length < HEADER.size and not rest.startswith(begun))


def write_messages(file: BinaryIO, messages: Sequence[Sequence[tuple[str, bytes]]]) -> None:
    """Writes messages, each a sequence of (type name, data)."""
    for message in messages:
        for place, (kind, data) in enumerate(message):
            flags = (place == 0) << 15 | (place == len(message) - 1) << 14
            file.write(HEADER.pack(MAGIC, 1, flags, len(data), kind.encode("ascii")))
            file.write(data)
            file.write(bytes(-len(data) % 8))
