"""Multiplication tables, conjugacy classes and character tables of finite groups, against closed forms."""

import itertools
import math

import pytest
import torch

from gaugeflow.symmetry import Image, InfiniteGroup, Links, Points, Scalars, group_named
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.algebra.characters import (
    conjugacy_classes,
    inverses,
    irreducible_characters,
    multiplication_table,
)
from tests.symmetry.samples import normal

LINKS = Links(haar((1, 2, 4, 4), 3, torch.Generator().manual_seed(1)))


def table_of(elements, multiply):
    """The table of a list of hashable elements."""
    place = {element: number for number, element in enumerate(elements)}
    return torch.tensor([[place[multiply(g, h)] for h in elements] for g in elements])


def symmetric(n):
    permutations = list(itertools.permutations(range(n)))
    return table_of(permutations, lambda g, h: tuple(g[h[k]] for k in range(n)))


def cyclic(n):
    return table_of(range(n), lambda g, h: (g + h) % n)


def quaternions():
    """i j = k and so on, as (sign, unit)."""
    units = {(0, k): (1, k) for k in range(4)} | {(k, 0): (1, k) for k in range(4)}
    units |= {(k, k): (-1, 0) for k in (1, 2, 3)}
    units |= {(1, 2): (1, 3), (2, 3): (1, 1), (3, 1): (1, 2), (2, 1): (-1, 3), (3, 2): (-1, 1), (1, 3): (-1, 2)}

    def multiply(g, h):
        sign, unit = units[g[1], h[1]]
        return g[0] * h[0] * sign, unit

    return table_of([(sign, k) for k in range(4) for sign in (1, -1)], multiply)


@pytest.mark.parametrize(
    ("table", "dimensions"),
    [
        (symmetric(3), [1, 1, 2]),
        (symmetric(4), [1, 1, 2, 3, 3]),
        (symmetric(5), [1, 1, 4, 4, 5, 5, 6]),
        (quaternions(), [1, 1, 1, 1, 2]),
        (cyclic(7), [1] * 7),
    ],
)
def test_characters_have_the_known_dimensions_and_are_orthonormal_in_both_ways(table, dimensions):
    characters, n = irreducible_characters(table), len(table)
    assert [round(float(chi[0].real)) for chi in characters] == dimensions
    torch.testing.assert_close(characters[0], torch.ones(n, dtype=torch.complex128), atol=1e-12, rtol=0)
    rows = characters @ characters.mH / n
    torch.testing.assert_close(rows, torch.eye(len(dimensions), dtype=rows.dtype), atol=1e-12, rtol=0)
    classes = conjugacy_classes(table)
    columns = characters.mH @ characters / n * torch.bincount(classes)[classes]
    same = (classes.unsqueeze(1) == classes).to(columns.dtype)
    torch.testing.assert_close(columns, same, atol=1e-12, rtol=0)


def test_the_characters_of_a_cyclic_group_are_roots_of_unity():
    characters = irreducible_characters(cyclic(5))
    power = (characters[:, 1].angle() * 5 / (2 * math.pi)).round()
    assert sorted((power % 5).tolist()) == [0, 1, 2, 3, 4]
    expected = torch.polar(torch.ones(5, 5).double(), 2 * math.pi / 5 * power.unsqueeze(1) * torch.arange(5))
    torch.testing.assert_close(characters, expected, atol=1e-12, rtol=0)


def test_a_character_is_multiplicative_up_to_its_dimension_on_class_sums():
    """chi(g) chi(h) = (dim / n) sum_x chi(g x h 1/x), which holds for irreducible characters alone."""
    table = symmetric(4)
    inverse = inverses(table)
    conjugates = table[table, inverse.unsqueeze(1)]  # [x, h] -> x h 1/x
    for chi in irreducible_characters(table):
        mean = chi[table[:, conjugates]].mean(1)  # [g, h]
        torch.testing.assert_close(chi[0] * mean, torch.outer(chi, chi), atol=1e-11, rtol=0)


@pytest.mark.parametrize(
    ("group", "x", "n", "irreps"),
    [
        ("hypercubic * charge", LINKS, 16, 10),
        ("translations", LINKS, 16, 16),
        ("translations * hypercubic", Image(normal(1, 1, 3, 3)), 72, 9),
        ("permutations", Points(normal(1, 4, 3)), 24, 5),
        ("centre * charge", LINKS, 6, 3),
        ("d4", Image(normal(1, 1, 4, 4)), 8, 5),
    ],
)
def test_a_multiplication_table_is_that_of_the_action(group, x, n, irreps):
    group = group_named(group)
    table, elements = multiplication_table(group, x), group.elements(x)
    assert table.shape == (n, n)
    assert len(irreducible_characters(table)) == irreps
    i, j = torch.randint(n, (2, 20), generator=torch.Generator().manual_seed(3))
    many = x.map(lambda t: t.expand(20, *t.shape[1:]))
    product, once = (elements.take(i) @ elements.take(j))(many), elements.take(table[i, j])(many)
    assert product.distance(once).max() < 1e-13
    assert not torch.equal(table, table.mT) or irreps == n


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: multiplication_table("gauge", LINKS), InfiniteGroup, "infinite"),
        (lambda: multiplication_table("translations * centre", LINKS), ValueError, "normalise one another"),
        (lambda: multiplication_table("charge", Scalars(normal(1, 2))), ValueError, "act alike on scalars"),
        (lambda: multiplication_table("permutations", Points(normal(1, 7, 2))), ValueError, "at most 4096 el.* 5040"),
        (lambda: irreducible_characters(torch.zeros(3, 3).long()), ValueError, "every element once"),
        (lambda: irreducible_characters(cyclic(3)[:, [0, 2, 1]]), ValueError, "and a unit"),
    ],
)
def test_what_has_no_table_is_said(ask, error, message):
    with pytest.raises(error, match=message):
        ask()
