"""The axes of arrays of links: how a user names them, what fits an array, and from there to our order.

A layout is a text with one letter for each axis:

======================  ====================================================================================
``n``                   configurations, where there are several
``m``                   directions of the links, in the order x, y, z, t
``M``                   the same, in the order in which the lattice axes stand in the layout
``x``, ``y``, ``z``, ``t``  lattice axes: ``xt``, ``xyt`` or ``xyzt``, in any order
``a``, ``b``            row and column of a matrix; without them the numbers are angles of U(1)
``c``                   real and imaginary part, where these are two real numbers
======================  ====================================================================================

Ours is ``nmxyztab``. An array of C with t slowest is ``tzyxmab``; the same array as Julia and Fortran name it,
first axis fastest, is read from a file of C's order as ``bamxyzt`` or the like.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.membership import worst_violation
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice.observables import plaquette

__all__ = ["check_layout", "fitting", "to_ours"]

LATTICES = ("xt", "xyt", "xyzt")
LOOSE = 1e-3
"""How far from its group an array may be that fits at all."""
SHOWN = 6


def check_layout(layout: str) -> str:
    """The layout. Raises UserError if it is none."""
    lattice = "".join(sorted(set(layout) & set("xyzt"), key="xyzt".index))
    once = len(set(layout)) == len(layout) and set(layout) <= set("nmMxyztabc")
    whole = lattice in LATTICES and ("m" in layout) != ("M" in layout) and ("a" in layout) == ("b" in layout)
    if not (once and whole and ("a" in layout or "c" not in layout)):
        raise UserError(
            f"--layout: expected each axis once, of n (configurations), m or M (directions), x y z t, a b (matrix), "
            f"c (real and imaginary part), as in nmxyztab, got {layout!r}"
        )
    return layout


def to_ours(array: np.ndarray, layout: str) -> Tensor | None:
    """Links ``(batch, D, *shape[, N, N])`` from an array in a layout; None where its shape does not allow it."""
    lattice = sorted(set(layout) & set("xyzt"), key="xyzt".index)
    matrix = [letter for letter in "ab" if letter in layout]
    size = dict(zip(layout, array.shape, strict=False))
    direction = "M" if "M" in layout else "m"
    fits = array.ndim == len(layout) and size[direction] == len(lattice) and array.size > 0
    if not fits or (matrix and not size["a"] == size["b"] >= 2) or size.get("c", 2) != 2:
        return None
    if np.iscomplexobj(array) != (bool(matrix) and "c" not in layout):
        return None
    order = [letter for letter in ("n", direction, *lattice, *matrix, "c") if letter in layout]
    ours = array.transpose([layout.index(letter) for letter in order])
    ours = ours if "n" in layout else ours[None]
    if direction == "M":
        stand = [letter for letter in layout if letter in lattice]
        ours = ours[:, [stand.index(letter) for letter in lattice]]
    links = torch.from_numpy(np.array(ours, order="C"))
    return torch.view_as_complex(links) if "c" in layout else links


def fitting(array: np.ndarray) -> dict[str, float]:
    """Layouts that fit an array by its shape and by unitarity, with the plaquettes that they give, largest first.

    A plaquette far from that of any other reading is a good sign: read in a wrong order, most fields look random.
    """
    found = {}
    for layout in _candidates(np.iscomplexobj(array)):
        first = to_ours(array, layout)
        if first is not None and worst_violation(first[:1]) <= LOOSE:
            found[layout] = float(plaquette(first[:1], light_backend(first[:1]))[0])
    ranked = sorted(found, key=found.__getitem__, reverse=True)[:SHOWN]
    return {layout: found[layout] for layout in ranked}


def _candidates(is_complex: bool) -> Iterator[str]:
    """Layouts that are common: directions first or last, t or x slowest, and all of it the other way round."""
    matrices = ("ab",) if is_complex else ("abc", "")
    for lattice in LATTICES:
        for axes in (lattice, lattice[::-1]):
            for matrix in matrices:
                for layout in (f"m{axes}{matrix}", f"{axes}m{matrix}"):
                    yield from (layout, f"n{layout}", layout[::-1], f"{layout[::-1]}n")
