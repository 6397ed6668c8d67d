"""Which links may be updated at the same time: a colouring of the conflict graph on the torus."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gaugeflow.errors import UserError
from gaugeflow.kernels.tables import Staples, visited_links

__all__ = ["colour_links", "conflicts"]


def conflicts(staples: Staples, shape: tuple[int, ...], mu: int) -> list[tuple[int, ...]]:
    """Displacements d, modulo the extents, such that ``U_mu(x + d)`` occurs in a staple of ``U_mu(x)``.

    Raises:
        UserError: ``U_mu(x)`` occurs in its own staple, so that the action is not linear in it.
    """
    start = tuple(int(axis == mu) for axis in range(len(shape)))
    found: set[tuple[int, ...]] = set()
    for path, _ in staples[mu]:
        for axis, _, place in visited_links(path, start):
            d = tuple(step % extent for step, extent in zip(place, shape, strict=True))
            if axis == mu and not any(d):
                raise UserError(
                    f"heat bath and overrelaxation: on extents {shape} the link of axis {mu} occurs in its own staple "
                    f"{path} (a loop that passes a link twice, or an extent shorter than the loop), so that the action "
                    "is not linear in the link; expected a larger extent or another loop. HMC serves this case."
                )
            if axis == mu:
                found.update((d, tuple(-step % extent for step, extent in zip(d, shape, strict=True))))
    return sorted(found)


def colour_links(staples: Staples, shape: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """A colour for each link: two links of one axis and colour never occur in each other's staples.

    Greedy in lexicographic order of the sites; for even extents and plaquettes that is the checkerboard.

    Returns:
        For each axis an int64 array of ``shape`` with colours 0, 1, ...

    Raises:
        UserError: see :func:`conflicts`.
    """
    ndim = len(shape)
    displacements = [np.array(conflicts(staples, shape, mu), dtype=np.int64).reshape(-1, ndim) for mu in range(ndim)]
    return [_greedy(np.array(shape), found).reshape(shape) for found in displacements]


@njit(cache=True)
def _greedy(shape: NDArray[np.int64], displacements: NDArray[np.int64]) -> NDArray[np.int64]:
    volume = np.prod(shape)
    colours = np.full(volume, -1)
    taken = np.full(len(displacements) + 1, -1)  # taken[c] = the last site that saw colour c beside it
    for site in range(volume):
        for d in displacements:
            neighbour = _neighbour(site, d, shape)
            if colours[neighbour] >= 0:
                taken[colours[neighbour]] = site
        colour = 0
        while taken[colour] == site:
            colour += 1
        colours[site] = colour
    return colours


@njit(cache=True)
def _neighbour(site: int, displacement: NDArray[np.int64], shape: NDArray[np.int64]) -> int:
    neighbour, stride, rest = 0, 1, site
    for axis in range(len(shape) - 1, -1, -1):
        place = (rest + displacement[axis]) % shape[axis]
        rest //= shape[axis]
        neighbour += stride * place
        stride *= shape[axis]
    return neighbour
