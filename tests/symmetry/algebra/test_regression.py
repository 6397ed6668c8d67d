"""Regression with a symmetry gives what regression on fully augmented data gives, from one row for each orbit."""

import pytest
import torch

from gaugeflow.symmetry import CartesianTensors, Image, PairFeatures, PointFeatures, Points, group_named
from gaugeflow.symmetry.algebra.representations.intertwiners import intertwiners
from gaugeflow.symmetry.algebra.representations.regression import equivariant_ridge, fit_kernel
from gaugeflow.symmetry.algebra.representations.representation import representation
from tests.symmetry.samples import normal

CASES = {
    "pictures to vectors": ("d4", lambda: Image(normal(7, 1, 4, 4, seed=1)), lambda: CartesianTensors(normal(7, 2))),
    "pictures to matrices": (
        "d4",
        lambda: Image(normal(7, 1, 3, 3, seed=1)),
        lambda: CartesianTensors(normal(7, 2, 2), rank=2),
    ),
    "pictures to pictures": (
        "c4 * translations",
        lambda: Image(normal(5, 1, 3, 3, seed=1)),
        lambda: Image(normal(5, 1, 3, 3)),
    ),
    "points to pairs": (
        "permutations",
        lambda: PointFeatures(normal(6, 4, 2, seed=1)),
        lambda: PairFeatures(normal(6, 4, 4)),
    ),
}


def augmented(group, x, y):
    """All rows for all elements as vectors, `(|G| rows, size)`, of both."""
    g = group_named(group).elements((x, y))
    moved = [representation(value, group, (x, y))(g) @ value.data.flatten(1).mT for value in (x, y)]  # (g, size, rows)
    return [part.mT.flatten(0, 1) for part in moved]


@pytest.mark.parametrize("name", CASES)
def test_ridge_among_the_intertwiners_is_ridge_on_augmented_data(name):
    group, x, y = CASES[name][0], CASES[name][1](), CASES[name][2]()
    layer = equivariant_ridge(intertwiners(x, y, group), x, y, penalty=0.1)
    many, targets = augmented(group, x, y)
    square = many.mT @ many / len(many) + 0.1 * torch.eye(many.shape[1], dtype=many.dtype)
    weight = torch.linalg.solve(square, many.mT @ targets / len(many)).mT
    torch.testing.assert_close(layer.weight(), weight, atol=1e-10, rtol=0)
    assert weight.abs().max() > 1e-2


@pytest.mark.parametrize("name", CASES)
def test_an_averaged_kernel_gives_kernel_regression_on_augmented_data(name):
    group, x, y = CASES[name][0], CASES[name][1](), CASES[name][2]()

    def kernel(a, b):
        return torch.exp(-torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square() / a.shape[1])

    fitted = fit_kernel(kernel, x, y, group, penalty=0.01)
    many, targets = augmented(group, x, y)
    unit = torch.eye(len(many), dtype=many.dtype)
    weights = torch.linalg.solve(kernel(many, many) + 0.01 * len(many) * unit, targets)
    new = x.random_like(torch.Generator().manual_seed(5))
    expected = kernel(new.data.flatten(1), many) @ weights
    torch.testing.assert_close(fitted(new.data).flatten(1), expected, atol=1e-10, rtol=0)
    assert expected.abs().max() > 1e-2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda maps, x, y: equivariant_ridge(maps, x, y, 0.0), "a penalty > 0"),
        (lambda maps, x, y: equivariant_ridge(maps, x, CartesianTensors(normal(3, 2)), 0.1), "7 inputs and 3 targets"),
        (lambda maps, x, y: fit_kernel(torch.cdist, Points(normal(7, 2, 2)), y, "rotations", 0.1), "infinite"),
    ],
)
def test_what_cannot_be_fitted_is_said(ask, message):
    x, y = Image(normal(7, 1, 4, 4)), CartesianTensors(normal(7, 2))
    with pytest.raises(ValueError, match=message):
        ask(intertwiners(x, y, "d4"), x, y)
