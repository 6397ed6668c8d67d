"""What systems do differently with an open file: locks, and reading and writing at a place."""

import os
import struct
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["close_file", "lock_file", "open_file", "read_at", "write_at"]

_BESIDE: dict[int, FileLock] = {}
"""The locks of open files, by descriptor, where a lock is a file of its own."""


def open_file(path: Path) -> int:
    """A descriptor for reading and writing bytes. Raises OSError."""
    return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))


def lock_file(file: int, path: Path) -> None:
    """Keeps other writers out, and readers in: HDF5 locks files with `flock`, so this lock is of another kind.

    A lock of an open file description belongs to the descriptor, as that of `flock` does. Where a system has none,
    `flock` serves, and plain h5py must then read with ``locking=False``; on Windows a file ``PATH.lock``. Raises
    BlockingIOError where another writer has it.
    """
    if fcntl is None:
        lock = FileLock(f"{path}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise BlockingIOError(f"{path} is locked") from error
        _BESIDE[file] = lock
    elif hasattr(fcntl, "F_OFD_SETLK"):
        whole_file = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, whole_file)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def close_file(file: int) -> None:
    """Closes the descriptor and lets go of its lock."""
    os.close(file)
    if file in _BESIDE:
        lock = _BESIDE.pop(file)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def read_at(file: int, count: int, offset: int) -> bytes:
    """Up to `count` bytes from a place. Raises OSError."""
    if hasattr(os, "pread"):
        return os.pread(file, count, offset)
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, count)


def write_at(file: int, data: memoryview, offset: int) -> int:
    """Writes bytes to a place, perhaps not all; how many. Raises OSError."""
    if hasattr(os, "pwrite"):
        return os.pwrite(file, data, offset)
    os.lseek(file, offset, os.SEEK_SET)
    return os.write(file, data)
