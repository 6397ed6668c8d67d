"""Paths: parsing, images and staples, by counting what can be counted by hand."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaugeflow.errors import UserError
from gaugeflow.lattice.paths import (
    displacement,
    is_closed,
    lattice_images,
    parse_path,
    path_name,
    rectangle,
    reverse,
    staple_paths,
)

steps = st.lists(st.sampled_from([1, -1, 2, -2, 3, -3, 4, -4]), min_size=1, max_size=8).map(tuple)


@pytest.mark.parametrize(
    ("text", "ndim", "path"),
    [
        ("+x +y -x -y", 2, (1, 2, -1, -2)),
        ("+x+t-x-t", 2, (1, 2, -1, -2)),
        ("+x +t", 4, (1, 4)),
        ("+0 -3", 4, (1, -4)),
        ("+4 -0", 5, (5, -1)),
        ([1, -2], 2, (1, -2)),
        ("1x2", 2, (1, 2, 2, -1, -2, -2)),
        ("2x1", 4, (1, 1, 4, -1, -1, -4)),
    ],
)
def test_parsing(text, ndim, path):
    assert parse_path(text, ndim) == path


@pytest.mark.parametrize(
    ("text", "ndim"),
    [
        ("x y", 2),
        ("", 2),
        ("0x1", 2),
        ("2x", 2),
        ("+z", 2),
        ("+x +", 4),
        ("+q", 4),
        ([3], 2),
        ([0], 2),
        ([], 2),
        ([1.9], 2),
        ([True], 2),
    ],
)
def test_wrong_paths_are_refused(text, ndim):
    with pytest.raises(UserError, match=r"path|direction|rectangle"):
        parse_path(text, ndim)


@given(steps)
def test_names_are_read_back(path):
    assert parse_path(path_name(path, 4), 4) == path


@given(steps)
def test_reverse_undoes(path):
    assert reverse(reverse(path)) == path
    assert displacement(path + reverse(path), 4) == (0, 0, 0, 0)


def test_a_polyakov_line_closes_on_its_torus_alone():
    assert not is_closed((2, 2, 2))
    assert is_closed((2, 2, 2), (4, 3))
    assert not is_closed((2, 2, 2), (3, 4))


@pytest.mark.parametrize("ndim", [2, 3, 4, 5])
def test_numbers_of_images(ndim):
    assert len(lattice_images(rectangle(0, 1, 1, 1), ndim)) == comb(ndim, 2)
    assert len(lattice_images(rectangle(0, 1, 1, 2), ndim)) == 2 * comb(ndim, 2)
    if ndim >= 3:  # chair: planes of the two squares x orientation; parallelogram: one of each body diagonal
        assert len(lattice_images(parse_path("+x +y +z -x -y -z", 3), ndim)) == 4 * comb(ndim, 3)
        assert len(lattice_images(parse_path("+x +y -x +z -y -z", 3), ndim)) == 12 * comb(ndim, 3)
    assert len(lattice_images((1, 1, 2), ndim)) == 2 * ndim * 2 * (ndim - 1)
    assert lattice_images("1x1", ndim) == lattice_images(rectangle(0, 1, 1, 1), ndim)


@pytest.mark.parametrize("ndim", [2, 3, 4])
def test_numbers_of_staples(ndim):
    plaquettes = [(path, 1.0) for path in lattice_images(rectangle(0, 1, 1, 1), ndim)]
    assert [len(found) for found in staple_paths(plaquettes, ndim)] == [2 * (ndim - 1)] * ndim
    rectangles = [(path, 1.0) for path in lattice_images(rectangle(0, 1, 1, 2), ndim)]
    assert [len(found) for found in staple_paths(rectangles, ndim)] == [6 * (ndim - 1)] * ndim


@given(steps)
def test_staples_close_the_link(path):
    loop = path + reverse(path[::-1]) if is_closed(path + reverse(path[::-1])) else path + reverse(path)
    for mu, found in enumerate(staple_paths([(loop, 1.0)], 4)):
        for staple, coefficient in found:
            assert is_closed((mu + 1, *staple))
            assert coefficient > 0
    count = sum(coefficient for found in staple_paths([(loop, 1.0)], 4) for _, coefficient in found)
    assert count == len(loop)


def test_rectangle_needs_two_axes_and_sides():
    for wrong in ((0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, -2), (-1, 0, 1, 1), ("x", "t", 1, 1), (0, 1, 1.5, 1)):
        with pytest.raises(UserError, match="rectangle"):
            rectangle(*wrong)
