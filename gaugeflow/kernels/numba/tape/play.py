"""A tape played forwards and backwards, one configuration after the other."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

import numpy as np
from numba import njit

from gaugeflow.kernels.numba.loops import new_buffers
from gaugeflow.kernels.numba.tape.backwards import add_force, play_backwards
from gaugeflow.kernels.numba.tape.fields import load_direction, load_links, new_plane
from gaugeflow.kernels.numba.tape.forwards import play_forwards
from gaugeflow.kernels.numba.tape.terms import sum_terms, weigh_traces

__all__ = ["play"]


@njit(cache=True, nogil=True)
def play(size, lanes, grid, score, start, stop, state, request, out):
    """Configurations ``start ... stop - 1``: functions, their slopes along the momenta, force and its derivative.

    ``out`` holds values and slopes ``(batch, n_functions)`` and the momenta of the force and of its derivative, all
    zero before.
    """
    values, along, force, turned = out
    dual, back = request.dual, request.back
    value, slope = new_plane(size, grid, score, True, back, state), new_plane(size, grid, score, dual, back, state)
    u, du, g, dg = value.fields, slope.fields, value.cotangents, slope.cotangents
    closing = ((u, g, force), (u, dg, turned), (du, g, turned))
    line = np.zeros((4, score.spots.shape[1]))
    memory, scratch = new_buffers(size, lanes, state, 1)
    for batch in range(start, stop):
        value.numbers[:], slope.numbers[:] = 0.0, 0.0
        load_links(size, grid, batch, state, u)
        if dual:
            load_direction(size, lanes, grid, batch, request.momenta, u, du, scratch)
        play_forwards(size, lanes, grid, score, value, slope, dual, scratch)
        sum_terms(grid, score, value, slope, dual, values[batch], along[batch], line)
        if back:
            value.weights[:], slope.weights[:], g[:], dg[:] = 0.0, 0.0, 0.0, 0.0
            weigh_traces(grid, score, request, batch, value, slope, line)
            play_backwards(size, lanes, grid, score, value, slope, dual)
            for i in range(3 if dual else 1):
                add_force(size, lanes, grid, score.mask, batch, closing[i][0], closing[i][1], closing[i][2], scratch)
    return memory.size
