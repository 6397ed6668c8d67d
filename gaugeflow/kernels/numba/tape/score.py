"""The plain data of a tape: what is multiplied and summed, what is asked of it, and what is found on the way."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ADJOINT_TIMES", "TIMES", "TIMES_ADJOINT", "Plane", "Request", "Score", "Terms"]

TIMES, TIMES_ADJOINT, ADJOINT_TIMES = 0, 1, 2
"""Kinds of products: A B, A B^dagger, A^dagger B."""


class Terms(NamedTuple):
    """Products of traces: ``factors[first[t] : first[t + 1]]`` of term t, each (loop, conjugate, place).

    Attributes:
        function: ``(n,)``, the function to which a term belongs.
        target: ``(n, 2)``, for a derivative the loop and whether its conjugate stands in the product; else empty.
        first: ``(n + 1,)``.
        factors: ``(n_factors, 3)``; place is a row of ``Score.spots``.
    """

    function: NDArray[np.int64]
    target: NDArray[np.int64]
    first: NDArray[np.int64]
    factors: NDArray[np.int64]


class Score(NamedTuple):
    """A tape and the polynomials of its traces, for compiled code.

    Attributes:
        fields: links and sums of products.
        products: ``(n, 17)``: A, B, kind, field, whether it is the first of this field, then place and shift along the
            row of A and B as seen from the product, of the product and B from A, of the product and A from B.
        traces: ``(n_loops, 6)``: A, B, whether B is adjoint, place and shift of B, place of A as seen from B.
        neighbours: ``(n_places, rows)``, the row beside each row.
        spots: ``(n_places, sites)``, where the number of the site beside each site lies among those of a loop; the
            first place is the site itself.
        mask: ``(T',)``, ones, zero beyond the extent.
        terms: the functions.
        slopes: their derivatives.
    """

    fields: int
    products: NDArray[np.int64]
    traces: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    spots: NDArray[np.int64]
    mask: NDArray[Any]
    terms: Terms
    slopes: Terms


class Request(NamedTuple):
    """What is asked of a tape, for all configurations.

    Attributes:
        dual: whether the derivatives along ``momenta`` are wanted, the second plane.
        back: whether the force of ``c`` is wanted.
        momenta: the direction, as momenta of the kernels.
        c: ``(n_functions,)``.
        e: ``(n_functions,)``.
        scale: ``(batch,)``; with both planes the derivative of the force gets ``scale`` times the force of ``e`` too.
    """

    dual: bool
    back: bool
    momenta: NDArray[Any]
    c: NDArray[np.float64]
    e: NDArray[np.float64]
    scale: NDArray[np.float64]


class Plane(NamedTuple):
    """The values of one configuration, or their derivatives along a direction of the links.

    Attributes:
        fields: links and sums of products.
        numbers: traces of the loops.
        weights: of the traces.
        cotangents: of the fields: what a weight is to a trace.
    """

    fields: NDArray[Any]
    numbers: NDArray[Any]
    weights: NDArray[Any]
    cotangents: NDArray[Any]
