"""Colourings: proper on every torus, the checkerboard where there is one, a clear refusal where none can exist."""

import itertools

import numpy as np
import pytest
from torch import Generator

from gaugeflow.errors import UserError
from gaugeflow.kernels import Staples, colour_links, get_kernels
from gaugeflow.kernels.tables import visited_links
from tests.kernels.cases import Case

SHAPES = [(2, 2), (3, 3), (5, 4), (2, 3, 5), (4, 4, 4), (3, 3, 3, 3), (2, 3, 4, 5)]


def clashes(staples: Staples, shape: tuple[int, ...]) -> int:
    """Pairs of links of one axis and colour of which one occurs in a staple of the other, by walking every staple."""
    count, ndim = 0, len(shape)
    for mu, colours in enumerate(colour_links(staples, shape)):
        for site in itertools.product(*map(range, shape)):
            start = [x + (axis == mu) for axis, x in enumerate(site)]
            for path, _ in staples[mu]:
                for axis, _, place in visited_links(path, start):
                    other = tuple(place[k] % shape[k] for k in range(ndim))
                    count += axis == mu and colours[site] == colours[other]
    return count


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_plaquettes_never_clash(shape: tuple[int, ...]) -> None:
    assert clashes(Case("su2", shape).staples, shape) == 0


@pytest.mark.parametrize("shape", [(3, 3), (5, 4), (3, 4, 5), (4, 4, 4)], ids=str)
def test_rectangles_never_clash(shape: tuple[int, ...]) -> None:
    assert clashes(Case("su2", shape, c1=-1 / 12).staples, shape) == 0


@pytest.mark.parametrize("shape", [(4, 4), (2, 6, 4), (4, 4, 4, 4)], ids=str)
def test_even_extents_give_the_checkerboard(shape: tuple[int, ...]) -> None:
    for mu, colours in enumerate(colour_links(Case("su2", shape).staples, shape)):
        parity = sum(np.indices(shape)[axis] for axis in range(len(shape)) if axis != mu) % 2
        assert np.array_equal(colours, parity)


@pytest.mark.parametrize(
    ("shape", "c1", "extent"),
    [((1, 4), 0.0, "(1, 4)"), ((4, 4, 1), 0.0, "(4, 4, 1)"), ((2, 4), -1 / 12, "(2, 4)")],
)
def test_links_in_their_own_staples_are_refused(shape: tuple[int, ...], c1: float, extent: str) -> None:
    with pytest.raises(UserError, match="occurs in its own staple") as caught:
        colour_links(Case("su2", shape, c1).staples, shape)
    assert extent in str(caught.value)
    assert "HMC serves this case" in str(caught.value)


def test_doubly_wound_loops_are_refused_by_both_backends(generator: Generator) -> None:
    case = Case("su2", (4, 9))
    double = (1, 2, -1, -2, 1, 2, -1, -2)
    staples = tuple(((double[k + 1 :] + double[:k], 1.0),) for k in (0, 1))

    for backend in ("torch", "numba"):
        kernels = get_kernels(case.algebra, staples, case.shape, backend=backend)
        state = kernels.pack(case.haar(generator))
        with pytest.raises(UserError, match="its own staple"):
            kernels.heatbath_(state, 1)
        assert kernels.force(state).abs().max() > 0.1
