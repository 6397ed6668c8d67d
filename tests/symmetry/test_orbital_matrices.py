"""Matrices in a basis of atomic orbitals: how they turn, what exchanges of atoms do, in every order of functions."""

from functools import partial

import pytest
import torch

from gaugeflow.symmetry import Atoms, Euclidean, OrbitalMatrices, Permutations, check, wigner_d
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from gaugeflow.symmetry.actions.orbital_matrices import ORDERS, from_irreps
from gaugeflow.symmetry.examples.orbital_overlaps import BENT, KINDS, SHELLS, summed_overlaps
from tests.symmetry.samples import normal

WATER = Atoms(torch.tensor(BENT, dtype=torch.float64) + 0.1 * normal(2, 3, 3), kinds=KINDS)
MOTIONS = "euclidean * spin-permutations"


def real_harmonics(l, r, order):
    """Of one shell `(batch, 2 l + 1)` as polynomials, by hand."""
    x, y, z = r.unbind(1)
    p = {"pyscf": (x, y, z), "m": (y, z, x), "e3nn": (x, y, z)}
    standard = [x * y, y * z, (2 * z**2 - x**2 - y**2) / 12**0.5, x * z, (x**2 - y**2) / 2]
    about_y = [x * z, x * y, (2 * y**2 - x**2 - z**2) / 12**0.5, y * z, (z**2 - x**2) / 2]
    d = {"pyscf": standard, "m": standard, "e3nn": about_y}
    return torch.stack((p if l == 1 else d)[order], 1)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("l", [1, 2])
def test_the_order_of_a_shell_is_that_of_its_polynomials(l, order):
    rotation, r = haar_orthogonal(6, 3, torch.Generator().manual_seed(1), True), normal(6, 3)
    own = from_irreps(l, order)
    matrix = own @ wigner_d(l, rotation) @ own.mT
    turned = (rotation @ r.unsqueeze(2)).squeeze(2)
    known = (matrix @ real_harmonics(l, r, order).unsqueeze(2)).squeeze(2)
    torch.testing.assert_close(real_harmonics(l, turned, order), known)


@pytest.mark.parametrize("order", ORDERS)
def test_overlaps_turn_in_the_right_order_of_functions_alone(order):
    out = partial(OrbitalMatrices, shells=SHELLS, order=order)
    assert check(summed_overlaps, WATER, MOTIONS, out=out).holds is (order == "pyscf")


def test_atoms_of_other_kinds_are_not_exchanged():
    f = partial(OrbitalMatrices, shells=SHELLS)
    assert check(summed_overlaps, WATER, "spin-permutations", out=f).holds
    g = Permutations().element(WATER, 8, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=r"expected an exchange of 3 atoms with equal shells, got one of \(\(0, 1, 2"):
        g(f(summed_overlaps(WATER.data).repeat(4, 1, 1)))


def test_exchanged_atoms_take_their_functions_along():
    shells = ((0,), (1,), (0,), (1,))
    data = torch.arange(64.0).reshape(1, 8, 8)
    moved = Permutations(within_species=True).elements(Atoms(normal(1, 4, 3), kinds=(1, 2, 1, 2)))
    assert len(moved) == 4
    swapped = [g for g in range(4) if moved.factors[0][1]["order"][g].tolist() == [2, 1, 0, 3]]
    found = moved.take(torch.tensor(swapped))(OrbitalMatrices(data, shells=shells)).data[0]
    order = [4, 1, 2, 3, 0, 5, 6, 7]
    assert torch.equal(found, data[0][order][:, order])


def test_actions_of_products_are_products():
    group, x = Euclidean(), OrbitalMatrices(normal(4, 17, 17), shells=SHELLS)
    g, h = (group.element(x, 4, torch.Generator().manual_seed(k)) for k in (1, 2))
    torch.testing.assert_close((g @ h)(x).data, g(h(x)).data)
    torch.testing.assert_close(g.inverse()(g(x)).data, x.data)


def test_random_molecules_are_like_the_example():
    moved = WATER.random_like(torch.Generator().manual_seed(0))
    assert 0 < float((moved.data - WATER.data).abs().max()) < 0.4
    assert moved.kinds == KINDS


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: OrbitalMatrices(normal(2, 17, 17), shells=SHELLS, order="orca"), "one of the orders pyscf, m, e3nn"),
        (lambda: OrbitalMatrices(normal(2, 16, 17), shells=SHELLS), r"expected shape \(batch, 17, 17\) for shells"),
        (lambda: OrbitalMatrices(normal(2, 17), shells=SHELLS), r"got \(2, 17\)"),
        (lambda: Atoms(normal(2, 3, 3), kinds=(8, 1)), r"expected a kind for each of 3 atoms, got \(8, 1\)"),
    ],
)
def test_what_is_no_matrix_of_these_shells_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
