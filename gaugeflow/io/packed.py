"""Files under gzip, bzip2 or xz, unpacked beside the memory and never without a limit."""

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from gaugeflow.errors import UserError

__all__ = ["LIMIT", "RATIO", "packing_of", "unpack"]

PACKINGS: dict[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b\x08": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\0": ("xz", lzma.open),
}
"""Name and opener of each, by the first bytes of a file."""
LIMIT = 1 << 28
"""So many bytes may come out of any file."""
RATIO = 1000
"""And so many from each byte of it: about what gzip can do at most; the others would make terabytes of a kilobyte."""
IN_MEMORY = 1 << 24
BLOCK = 1 << 20


def packing_of(head: bytes) -> str | None:
    """The name of the packing of a file that begins so, None for a plain one."""
    return next((name for magic, (name, _) in PACKINGS.items() if head.startswith(magic)), None)


def unpack(file: BinaryIO, path: Path, size: int) -> BinaryIO:
    """What is packed in a file, in a temporary one: in memory where it is small, else on the disk.

    Args:
        file: open at its beginning; closed here.
        path: of the file, for messages.
        size: of the file in bytes.

    Raises:
        UserError: the file is damaged, or more comes out than ``LIMIT`` bytes and ``RATIO`` times its size.
    """
    head = file.read(8)
    file.seek(0)
    name, opener = next(known for magic, known in PACKINGS.items() if head.startswith(magic))
    limit = max(LIMIT, RATIO * size)
    plain = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the caller closes it)
    try:
        with file, opener(file, "rb") as stream:
            while (room := limit - plain.tell()) >= 0 and (block := stream.read(min(BLOCK, room + 1))):
                plain.write(block)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        plain.close()
        raise UserError(f"{path}: expected a whole {name} file, found: {error}") from error
    if plain.tell() > limit:
        plain.close()
        raise UserError(f"{path}: expected at most {limit} bytes in a {name} file of {size}, found more")
    plain.seek(0)
    return plain  # type: ignore[return-value]  # what mypy's table of types says of it is older than python 3.11
