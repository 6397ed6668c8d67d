"""Group elements: products and inverses against the action, and the lists of all elements of finite groups."""

import pytest
import torch

from gaugeflow.symmetry import (
    VALUES,
    Electrons,
    Group,
    Hypercubic,
    Image,
    InfiniteGroup,
    Links,
    Permutations,
    Points,
    Scalars,
    Translations,
    group_named,
)
from gaugeflow.symmetry.actions.haar import haar
from tests.symmetry.samples import normal
from tests.symmetry.test_every_pair import CARRIERS, EXAMPLES, REFUSED, expected

LINKS = Links(haar((1, 2, 4, 4), 3, torch.Generator().manual_seed(1)))
ANGLES = Links(haar((1, 2, 3, 4), 1, torch.Generator().manual_seed(1), abelian=True))
BOX = Links(haar((1, 3, 2, 3, 2), 2, torch.Generator().manual_seed(1)))
PICTURE = Image(normal(1, 1, 4, 4))
POINTS = Points(normal(1, 4, 3))
ELECTRONS = Electrons(normal(1, 4, 3), n_up=1)
SPINS = Electrons(normal(1, 4, 3), spins=torch.tensor([[1.0, -1, 1, -1]]))
FINITE = [
    (Translations(), LINKS, 16),
    (Translations(axes=(1,)), ANGLES, 4),
    (Hypercubic(), LINKS, 8),
    (Hypercubic(), ANGLES, 4),
    (Hypercubic(), BOX, 16),
    (Hypercubic(reflections=False), BOX, 8),
    (Hypercubic(axes=(0, 1)), BOX, 4),
    (group_named("time-reversal"), BOX, 2),
    (group_named("centre"), LINKS, 3),
    (group_named("charge"), ANGLES, 2),
    (group_named("z2"), PICTURE, 2),
    (group_named("c4"), PICTURE, 4),
    (group_named("d4"), PICTURE, 8),
    (Permutations(), POINTS, 24),
    (Permutations(within_species=True), ELECTRONS, 6),
    (Permutations(within_species=True), SPINS, 4),
    (group_named("hypercubic * charge * translations"), LINKS, 256),
    (group_named("centre * charge"), LINKS, 6),
]


def repeated(x, size):
    """One value `size` times."""
    return x.map(lambda t: t.expand(size, *t.shape[1:]))


def same(a, b):
    return bool((a.distance(b) <= 1e-12 * (1 + a.magnitude())).all())


def rows(x):
    """The entries of a batch as rows of real numbers."""
    flat = torch.cat([t.flatten(1) for t in x.tensors], 1)
    return torch.view_as_real(flat).flatten(1) if flat.is_complex() else flat


@pytest.mark.parametrize("value", sorted(EXAMPLES))
def test_products_and_inverses_act_as_they_should(value):
    """Beside a value from which the group is drawn. Turns between the pixels are approximate, hence left out."""
    for carrier, groups in CARRIERS.items():
        if (value, carrier) == ("cell", "links") or (value, carrier) == ("cell", "image"):
            continue  # a cell of three dimensions in a plane
        parts = (normal(2, 5, 3),) if (value, carrier) == ("cartesian_tensors", "points") else EXAMPLES[value]
        carried, x = VALUES[carrier](*EXAMPLES[carrier]), VALUES[value](*parts)
        for name in groups.split():
            between = value == "image" and name in ["c3", "c6", "c8", "d3", "d6", "d8"]
            if expected(name, value) == REFUSED or (name, value) == ("hypercubic", "polyakov_loop") or between:
                continue
            generator = torch.Generator().manual_seed(1)
            g, h = (group_named(name).element((carried, x), 2, generator) for _ in range(2))
            assert same((g @ h)(x), g(h(x))), name
            assert same((g.inverse() @ g)(x), x), name
            assert same(g(g.inverse()(x)), x), name


@pytest.mark.parametrize(("group", "value", "order"), FINITE, ids=lambda x: x.label() if isinstance(x, Group) else "")
def test_all_elements_are_listed_once_and_are_closed(group, value, order):
    g = group.elements(value)
    assert len(g) == order == group.order(value)
    orbit = g(repeated(value, order))
    assert torch.cdist(rows(orbit), rows(orbit)).fill_diagonal_(1).amin() > 1e-3
    again = g(repeated(orbit.map(lambda t: t[order // 2 : order // 2 + 1]), order))
    assert torch.cdist(rows(again), rows(orbit)).amin(1).amax() < 1e-6


@pytest.mark.parametrize(
    ("group", "value"), [("gauge", LINKS), ("centre", ANGLES), ("rotations", POINTS), ("charge * gauge", LINKS)]
)
def test_infinite_groups_say_so(group, value):
    with pytest.raises(InfiniteGroup, match="infinite"):
        group_named(group).elements(value)


def test_lists_that_cannot_be_made_are_refused():
    with pytest.raises(InfiniteGroup, match="at most 12 particles where all permutations are needed, got 13"):
        Permutations().elements(Points(normal(1, 13, 3)))
    spins = Electrons(normal(2, 2, 3), spins=torch.tensor([[1.0, -1], [1, 1]]))
    with pytest.raises(ValueError, match="the same spins in all entries"):
        Permutations(within_species=True).elements(spins)
    with pytest.raises(ValueError, match="square pictures"):
        group_named("c4").elements(Image(normal(1, 1, 4, 3)))


def test_a_word_of_groups_is_inverted_from_its_end():
    x = repeated(LINKS, 5)
    g, h = (
        group_named("translations * hypercubic * charge").element(x, 5, torch.Generator().manual_seed(s))
        for s in (1, 2)
    )
    assert same((g @ h)(x), g(h(x)))
    assert same((g @ h).inverse()(g(h(x))), x)


def test_a_group_that_only_draws_says_what_is_missing():
    class Bare(Group):
        def draw(self, x, size, generator):
            return {"c": torch.zeros(size)}

    g = Bare().element(Scalars(normal(2)), 2, torch.Generator())
    with pytest.raises(NotImplementedError, match=r"Bare must say how its elements are inverted: inverse\(g\)"):
        g.inverse()
    with pytest.raises(NotImplementedError, match=r"Bare must say how its elements are multiplied: compose\(g, h\)"):
        Bare().compose({}, {})
