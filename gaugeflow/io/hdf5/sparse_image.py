"""A file in memory that keeps only what is written to it."""

import io
import os

__all__ = ["SparseImage"]

PAGE = 4096


class SparseImage(io.RawIOBase):
    """A seekable file of any size, of which only written pages take memory; the rest reads as zeros.

    HDF5 lays out an ensemble here instead of on the disk, where an error of the system (a full disk) in the middle of
    its work would leave the library in a state that may end the process.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._size = 0
        self._place = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def truncate(self, size: int | None = None) -> int:
        self._size = self._place if size is None else size
        return self._size

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size - self._place))
        for page, inside, outside in self._spans(length):
            view[outside] = self._pages[page][inside] if page in self._pages else bytes(outside.stop - outside.start)
        self._place += length
        return length

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        view = memoryview(data).cast("B")
        for page, inside, outside in self._spans(len(view)):
            self._pages.setdefault(page, bytearray(PAGE))[inside] = view[outside]
        self._place += len(view)
        self._size = max(self._size, self._place)
        return len(view)

    def read_at(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset`` on."""
        self.seek(offset)
        return self.read(length) or b""

    def write_at(self, offset: int, data: bytes) -> None:
        """Writes ``data`` from ``offset`` on."""
        self.seek(offset)
        self.write(data)

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Writes the image to a new file, with holes where nothing was written. Raises OSError."""
        with open(path, "wb") as file:
            for page in sorted(self._pages):
                file.seek(page * PAGE)
                file.write(self._pages[page][: max(0, self._size - page * PAGE)])
            file.truncate(self._size)

    def _spans(self, length: int) -> list[tuple[int, slice, slice]]:
        """The pages of the next ``length`` bytes, with the part inside the page and inside the caller's buffer."""
        spans, done = [], 0
        while done < length:
            page, start = divmod(self._place + done, PAGE)
            part = min(PAGE - start, length - done)
            spans.append((page, slice(start, start + part), slice(done, done + part)))
            done += part
        return spans
