"""HDF5 files of other programs (gpt, Grid, Julia's JLD2), of which one dataset is read."""

from functools import partial

import h5py
import numpy as np

from gaugeflow.io.arrays.array_format import ArrayFormat, chosen, require_room
from gaugeflow.io.hdf5.layout import SIGNATURE
from gaugeflow.io.options import Given
from gaugeflow.io.shapes import extents_text
from gaugeflow.io.source import Source

__all__ = ["ForeignHdf5"]

PLACES = (0, 512, 1024, 2048)
"""Where HDF5 may begin; our own files leave more room."""
SHOWN = 12


class ForeignHdf5(ArrayFormat):
    """HDF5 of another program: the dataset and the layout are the user's to say.

    Complex numbers may be compounds of a real and an imaginary part under any names. Nothing but unitarity tells
    damage, and a damaged structure is told by HDF5 alone.
    """

    name = "hdf5_foreign"
    title = "HDF5 of another program"

    def sniff(self, source: Source) -> bool:
        return any(source.head(place + len(SIGNATURE))[place:] == SIGNATURE for place in PLACES)

    def array(self, source: Source, given: Given) -> np.ndarray:
        try:
            with h5py.File(source.file, "r") as file:
                found = _datasets(file)
                if given.dataset is None:
                    raise source.error("--dataset, the array with the links", _described(file, found))
                names = {name: partial(_numbers, source, file, name) for name in found}
                return chosen(source, names, given, "an HDF5 file of another program")
        except (OSError, RuntimeError, LookupError, TypeError, NotImplementedError) as error:
            raise source.error("an HDF5 file", f"an HDF5 error: {error}") from error


def _datasets(file: h5py.File) -> dict[str, tuple[int, ...]]:
    """The shapes of all datasets by their names."""
    found: dict[str, tuple[int, ...]] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            found[name] = item.shape

    file.visititems(visit)
    return found


def _described(file: h5py.File, found: dict[str, tuple[int, ...]]) -> str:
    groups = [name for name, item in file.items() if isinstance(item, h5py.Group)]
    listed = ", ".join(f"{name} ({extents_text(shape) or 'a number'})" for name, shape in list(found.items())[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"an HDF5 file of another program, with groups {', '.join(groups[:SHOWN]) or '(none)'} "
        f"and datasets {listed or '(none)'}{more}"
    )


def _numbers(source: Source, file: h5py.File, name: str) -> np.ndarray:
    dataset = file[name]
    require_room(source, dataset.size * dataset.dtype.itemsize)
    return dataset[()]
