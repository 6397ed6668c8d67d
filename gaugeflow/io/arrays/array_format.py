"""What formats have in common that hold links as an array."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from gaugeflow.groups import group_of
from gaugeflow.io.arrays.layouts import check_layout, fitting, to_ours
from gaugeflow.io.format import Format
from gaugeflow.io.layout import precision_of
from gaugeflow.io.options import Given
from gaugeflow.io.packed import LIMIT, RATIO
from gaugeflow.io.shapes import extents_text
from gaugeflow.io.source import Source
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.observables import plaquette

__all__ = ["ArrayFormat", "chosen", "require_room"]

SMALL = 1 << 22
"""Numbers of an array up to which other layouts are tried beside that of the user."""
FAR = 0.1
"""By how much the plaquette of the right layout of a field that is not random exceeds those of the others."""
KINDS = ("c8", "c16", "f4", "f8")


class ArrayFormat(Format):
    """Links as an array, read only. The user names its axes, or is told which fit.

    Nothing but unitarity tells damage, or another order of the axes.
    """

    @abstractmethod
    def array(self, source: Source, given: Given) -> np.ndarray:
        """The array that the user wants of the file. Raises UserError if there is none, or none that it can be."""

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        array = self.array(source, given)
        if given.layout is None:
            raise source.error("--layout, the axes of the array", _described(array))
        links = to_ours(array, check_layout(given.layout))
        if links is None:
            raise source.error(f"links in the layout {given.layout}", _described(array))
        self.agree(source, "shape", given.shape, lattice_shape(links))
        self.agree(source, "group", given.group, group_of(links).name)
        known = {"precision": precision_of(links), "layout": given.layout, "deviations": _rival(array, links)}
        if "n" not in given.layout:
            self.refuse_select(source, given)
            return links, known
        wanted = range(len(links))[given.select or slice(None)]
        if not wanted:
            raise source.error(f"some of the {len(links)} configurations", f"none in the selection {given.select}")
        together = {"count": len(links), "selected": list(wanted), "chain": [0] * len(wanted), "step": list(wanted)}
        return links[list(wanted)], {**known, **together}

    def alternatives(self, source: Source, given: Given) -> list[str]:
        return _layouts(self.array(source, given))


def chosen(source: Source, arrays: Mapping[str, Callable[[], Any]], given: Given, kind: str) -> np.ndarray:
    """The one array there is, or that the user names.

    Args:
        arrays: what reads each of them, by its name.
        kind: of file, for messages.

    Raises:
        UserError: several, and none is named; no such; or its numbers are neither complex nor real.
    """
    name = given.dataset or (next(iter(arrays)) if len(arrays) == 1 else "")
    if name not in arrays:
        wanted = f"the array {name}" if name else "--dataset, the array with the links"
        raise source.error(wanted, f"{kind} with {', '.join(arrays) or 'no arrays'}")
    array = _complex_pairs(np.asarray(arrays[name]()))
    if array.dtype.str[1:] not in KINDS:
        raise source.error("complex or real numbers of 32 or 64 bits", f"{array.dtype} in {name}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def require_room(source: Source, size: int) -> None:
    """Raises UserError if so many bytes cannot come from a file of this size, whatever its packing."""
    limit = max(LIMIT, RATIO * source.size)
    if size > limit:
        raise source.error(f"at most {limit} bytes of arrays in a file of {source.size}", f"{size}")


def _complex_pairs(array: np.ndarray) -> np.ndarray:
    """Complex numbers, where an array has a real and an imaginary field."""
    names = array.dtype.names or ()
    if len(names) != 2 or {array.dtype[name].kind for name in names} != {"f"}:
        return array
    real, imaginary = (array[name] for name in names)
    return real + np.asarray(1j, np.result_type(real, np.complex64)) * imaginary


def _layouts(array: np.ndarray) -> list[str]:
    """Layouts that fit, in words."""
    return [f"{layout} (plaquette {value:.4f})" for layout, value in fitting(array).items()]


def _rival(array: np.ndarray, links: Tensor) -> list[str]:
    """A note where another layout fits too and gives a far larger plaquette: the user may have named a wrong one."""
    if array.size > SMALL:
        return []
    found = float(plaquette(links[:1], light_backend(links[:1]))[0])
    best, value = next(iter(fitting(array).items()), ("", found))
    return [f"the layout {best} fits too, with the plaquette {value:.4f}"] if value > found + FAR else []


def _described(array: np.ndarray) -> str:
    layouts = _layouts(array)
    meant = f"which may be {', or '.join(layouts)}" if layouts else "which fits no layout that is common"
    return f"an array of {extents_text(array.shape)}, {meant}"
