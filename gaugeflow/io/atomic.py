"""Whole files or none: fill a temporary file beside the target, flush it to the disk, rename it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gaugeflow.errors import UserError

__all__ = ["flush_directory", "replacing"]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives the path of a temporary file in the target's folder; after the block it takes the target's place.

    Whatever happens inside the block, a reader finds the old file or the new one, whole; after an error the temporary
    file is removed. A killed process may leave it behind, under a name that begins with a dot.

    Raises:
        UserError: the operating system refuses (full disk, no such folder, no permission).
    """
    if "\0" in str(target):
        raise UserError(f"{str(target)!r}: expected a path, found a null character in it")
    path = Path(os.path.realpath(target))  # a link keeps pointing to the file
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.partial")
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_directory(path.parent)
    except OSError as error:
        raise UserError(f"{target}: expected to write this file, found: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def flush_directory(folder: Path) -> None:
    """Makes a rename in the folder survive a loss of power; Windows, which opens no folders, sees to it itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
