"""A file opened for reading whose claims are checked against its size before anything is allocated."""

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from gaugeflow.errors import UserError
from gaugeflow.io.packed import packing_of, unpack

__all__ = ["Source"]


class Source:
    """A regular file, its size, and reads that cannot exceed it.

    A file under gzip, bzip2 or xz is unpacked first (:mod:`gaugeflow.io.packed`); ``file`` and ``size`` are then those
    of its content, and ``packing`` names what it was under.

    Raises:
        UserError: no such file, a directory, a device or pipe, no permission, empty, or a packed file that is damaged
            or too large.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
                kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
                raise self.error("a gauge configuration file", kind)
            self.file: BinaryIO = self.path.open("rb")
        except (OSError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise self.error("a readable gauge configuration file", str(reason)) from error
        self.size = status.st_size
        self.packing = packing_of(self.file.read(8))
        self.file.seek(0)
        if self.packing:
            self.file = unpack(self.file, self.path, self.size)
            self.size = self.file.seek(0, os.SEEK_END)
        if self.size == 0:
            self.file.close()
            raise self.error("a gauge configuration", "an empty file")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def error(self, expected: str, found: str) -> UserError:
        """The error that says which file, what was expected and what came."""
        return UserError(f"{self.path}: expected {expected}, found {found}")

    def require(self, offset: int, length: int, what: str) -> None:
        """Raises UserError unless ``length`` bytes of ``what`` fit into the file from ``offset`` on."""
        if offset + length > self.size:
            raise self.error(f"{length} bytes of {what} from byte {offset} on", f"a file of {self.size} bytes")

    def require_end(self, offset: int, length: int, what: str) -> None:
        """Raises UserError unless the file ends exactly after ``length`` bytes of ``what`` from ``offset`` on."""
        if offset + length != self.size:
            raise self.error(
                f"{offset + length} bytes ({offset} of header, {length} of {what})", f"a file of {self.size} bytes"
            )

    def read(self, offset: int, length: int, what: str) -> bytes:
        """``length`` bytes from ``offset`` on. Raises UserError if the file is shorter or the disk fails."""
        self.require(offset, length, what)
        try:
            self.file.seek(offset)
            data = self.file.read(length)
        except OSError as error:
            raise self.error(f"{length} bytes of {what}", str(error.strerror)) from error
        if len(data) != length:
            raise self.error(f"{length} bytes of {what} from byte {offset} on", f"{len(data)} bytes")
        return data

    def head(self, length: int) -> bytes:
        """The first ``length`` bytes, or the whole file where it is shorter."""
        return self.read(0, min(length, self.size), "its beginning")
