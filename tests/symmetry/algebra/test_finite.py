"""Regular and induced representations of finite groups against what is known of them."""

import pytest
import torch

from gaugeflow.symmetry.algebra.characters import irreducible_characters
from gaugeflow.symmetry.algebra.representations.commutant import irreducible_parts
from gaugeflow.symmetry.algebra.representations.finite import FiniteGroup, by_matrices, induced, regular
from gaugeflow.symmetry.algebra.representations.hom import hom
from tests.symmetry.algebra.test_characters import cyclic, quaternions, symmetric

ONE = torch.ones(1, 1, 1, dtype=torch.float64)


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        (symmetric(3), [(1, 1, "real"), (1, 1, "real"), (2, 2, "real")]),
        (cyclic(4), [(1, 1, "real"), (1, 1, "real"), (2, 1, "complex")]),
        (quaternions(), [(1, 1, "real")] * 4 + [(4, 1, "quaternionic")]),
    ],
)
def test_the_regular_representation_holds_each_irreducible_one_as_often_as_its_dimension(table, parts):
    group = FiniteGroup(table)
    representation = regular(group)
    g = group.elements(representation.example)
    assert irreducible_parts(representation, group) == parts
    assert len(hom(representation, representation)) == len(table)
    torch.testing.assert_close(representation.character(g)[1:], torch.zeros(len(table) - 1).double())
    multiplicity = irreducible_characters(table).conj() @ representation.character(g).to(torch.complex128) / len(table)
    torch.testing.assert_close(multiplicity, irreducible_characters(table)[:, 0], atol=1e-12, rtol=0)


def test_frobenius_reciprocity():
    """Hom(Ind rho, V) over the group has the dimension of Hom(rho, V) over the subgroup: here A_3 in S_3."""
    table = symmetric(3)
    characters = irreducible_characters(table)
    even = [i for i in range(6) if characters[1, i].real > 0]
    group = FiniteGroup(table)
    turn = torch.linalg.matrix_power  # the rotations by thirds, in the order of `even`
    c, s = -0.5, 0.75**0.5
    third = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    step = even[1]
    power = {even[0]: 0, step: 1, int(table[step, step]): 2}
    plane = torch.stack([turn(third, power[i]) for i in even])
    assert irreducible_parts(induced(group, even, ONE.expand(3, 1, 1)), group) == [(1, 1, "real")] * 2
    assert irreducible_parts(induced(group, even, plane), group) == [(2, 2, "real")]


def test_what_is_no_subgroup_and_no_representation_is_said():
    group = FiniteGroup(symmetric(3))
    with pytest.raises(ValueError, match="expected a subgroup"):
        induced(group, [0, 3], ONE.expand(2, 1, 1))
    with pytest.raises(ValueError, match="got others"):
        by_matrices(group, 2 * ONE.expand(6, 1, 1))
    with pytest.raises(ValueError, match="every element once"):
        FiniteGroup(torch.zeros(2, 2).long())
