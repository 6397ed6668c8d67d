"""Arrays of numpy, `.npy` and `.npz`."""

import io
import zipfile
import zlib
from functools import partial
from tokenize import TokenError

import numpy as np

from gaugeflow.io.arrays.array_format import ArrayFormat, chosen, require_room
from gaugeflow.io.options import Given
from gaugeflow.io.source import Source

__all__ = ["Npy"]

MAGIC = b"\x93NUMPY"
ZIP = b"PK\x03\x04"


class Npy(ArrayFormat):
    """One array in ``.npy``, or one of those in ``.npz`` (its checksums are verified); pickled objects are refused."""

    name = "numpy"
    title = "numpy"

    def sniff(self, source: Source) -> bool:
        if source.head(4) == ZIP and zipfile.is_zipfile(source.file):
            with zipfile.ZipFile(source.file) as archive:
                return any(name.endswith(".npy") for name in archive.namelist())
        return source.head(len(MAGIC)) == MAGIC

    def array(self, source: Source, given: Given) -> np.ndarray:
        if source.head(4) != ZIP:
            return chosen(
                source, {"array": lambda: _parsed(source, source.read(0, source.size, "array"))}, given, "an npy file"
            )
        with zipfile.ZipFile(source.file) as archive:
            require_room(source, sum(entry.file_size for entry in archive.infolist()))
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            arrays = {name.removesuffix(".npy"): partial(_member, source, archive, name) for name in names}
            return chosen(source, arrays, given, "an npz file")


def _member(source: Source, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        return _parsed(source, archive.read(name))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise source.error(f"a whole array {name}", str(error)) from error


def _parsed(source: Source, data: bytes) -> np.ndarray:
    """The array of an ``.npy`` file, which must be as long as its header says."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = header(stream)
        numbers = np.frombuffer(data, dtype, offset=stream.tell())
        return numbers.reshape(shape, order="F" if fortran else "C")
    except (ValueError, SyntaxError, TypeError, TokenError) as error:
        raise source.error("an array of numpy with as many numbers as its header says", str(error)) from error
