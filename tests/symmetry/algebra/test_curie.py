"""Curie's principle: what an equivariant map cannot return, and which input would have to be added."""

import itertools
import math

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    CartesianTensors,
    Image,
    Irreps,
    Links,
    Points,
    PolyakovLoop,
    Scalars,
    SiteScalars,
    SiteVectors,
    check_curie,
    clebsch_gordan,
    forbids,
    order_parameter,
)
from gaugeflow.symmetry.algebra.order_parameter import parts_of
from gaugeflow.symmetry.algebra.stabiliser import stabiliser
from gaugeflow.symmetry.examples.image_networks import SymmetricCNN
from gaugeflow.symmetry.examples.invariant_features import plaquette_histogram
from gaugeflow.symmetry.reports.findings import Verdict
from tests.symmetry.samples import normal


def picture(rows, columns):
    image = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    image[..., rows, columns] = 1
    return Image(image)


FLAT = torch.tensor([[[1.0, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]]], dtype=torch.float64)
TETRAHEDRON = torch.tensor([[[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]], dtype=torch.float64)
SQUARE, BAR = picture(slice(1, 4), slice(1, 4)), picture(slice(1, 4), slice(0, 5))


@pytest.mark.parametrize(
    ("x", "group", "order", "dimension"),
    [
        (SQUARE, "dihedral", 8, 0),
        (BAR, "dihedral", 4, 0),
        (Image(normal(1, 1, 5, 5)), "dihedral", 1, 0),
        (SQUARE, "translations", 1, 0),
        (SiteScalars(torch.ones(1, 1, 3, 3)), "translations * hypercubic", 72, 0),
        (Points(torch.tensor([[[1.0, 0, 0], [-1.0, 0, 0]]])), "rotations", 1, 1),
        (Points(torch.zeros(1, 2, 3)), "rotations * permutations", 2, 3),
        (Points(FLAT), "rotations * permutations", 8, 0),
        (Points(FLAT), "orthogonal * permutations", 16, 0),
        (Points(FLAT + 1), "orthogonal * permutations", 2, 0),
        (Points(FLAT + 1), "euclidean * permutations", 16, 0),
        (Points(FLAT), "orthogonal", 2, 0),
        (Points(normal(1, 4, 3)), "euclidean * permutations", 1, 0),
        (Points(TETRAHEDRON), "euclidean * permutations", 24, 0),
        (Links(torch.zeros(1, 2, 3, 3)), "gauge", 1, 1),
        (SiteVectors(torch.ones(1, 1, 2, 2, 1, dtype=torch.complex128)), "gauge", 1, 0),
    ],
)
def test_symmetries_of_a_value_are_counted(x, group, order, dimension):
    found = stabiliser(x.map(lambda t: t + 0.0), group)
    assert (found.order, len(found.directions)) == (order, dimension)


def test_a_square_cannot_become_a_bar_and_a_bar_can_become_a_square():
    obstacle = forbids(SQUARE, BAR, "dihedral")
    turn = obstacle.element
    assert torch.equal(turn(SQUARE).data, SQUARE.data)
    assert not torch.equal(turn(BAR).data, BAR.data)
    assert "dihedral.turn = 0.25" in str(obstacle)
    assert forbids(BAR, SQUARE, "dihedral") is None
    assert forbids(SQUARE, SQUARE, "dihedral") is None


def test_a_square_of_points_cannot_become_a_rectangle():
    rectangle = FLAT * torch.tensor([1.5, 0.5, 1.0])
    obstacle = forbids(Points(FLAT), Points(rectangle), "euclidean * permutations")
    assert (obstacle.element(Points(FLAT)).data - FLAT).abs().max() < 1e-12
    assert (obstacle.element(Points(rectangle)).data - rectangle).abs().max() > 0.9
    assert forbids(Points(rectangle), Points(FLAT), "euclidean * permutations") is None
    assert forbids(Points(FLAT), Points(rectangle), "point-translations * permutations") is None


def test_an_axis_cannot_become_a_vector_off_it():
    rod = Points(torch.tensor([[[0.0, 0, 1], [0, 0, -1]]], dtype=torch.float64))
    along, across = (CartesianTensors(torch.tensor([v], dtype=torch.float64)) for v in ([0.0, 0, 2], [1.0, 0, 0]))
    assert forbids(rod, along, "rotations") is None
    obstacle = forbids(rod, across, "rotations")
    assert "exp(t T)" in str(obstacle)
    # the only direction that keeps the rod turns x into y
    assert obstacle.direction.abs().round(decimals=9).tolist() == [1.0, 0.0, 0.0]


def test_trivial_links_cannot_become_matter():
    vacuum = Links(torch.zeros(1, 2, 2, 2))
    matter = SiteVectors(torch.ones(1, 1, 2, 2, 1, dtype=torch.complex128))
    assert forbids(vacuum, matter, "gauge").change > 0.1


@pytest.mark.parametrize("group", ["dihedral", "cyclic"])
def test_an_equivariant_network_keeps_the_symmetry_of_its_input(group):
    assert check_curie(SymmetricCNN(), SQUARE, group, Image).holds


def biggest(image):
    """The place of the largest number, the first one where they are equal: random inputs have no ties."""
    flat = image.flatten(1)
    return torch.nn.functional.one_hot(flat.argmax(1), flat.shape[1]).to(image).reshape(image.shape)


def test_a_tie_that_is_broken_by_the_order_is_seen_on_a_symmetric_input_only():
    from gaugeflow.symmetry import check

    smooth = Image(normal(2, 1, 5, 5))
    assert check(biggest, smooth, "dihedral", out=Image).holds
    report = check_curie(biggest, SQUARE, "dihedral", Image)
    assert report.verdict is Verdict.BROKEN
    assert report.worst.worst.element["dihedral.turn"] in (0.25, 0.5, 0.75)


def test_an_example_without_symmetry_proves_nothing():
    assert check_curie(SymmetricCNN(), Image(normal(1, 1, 5, 5)), "dihedral", Image).verdict is Verdict.VACUOUS


def test_a_direction_is_kept_too():
    rod = Points(torch.tensor([[[0.0, 0, 1], [0, 0, -1]]], dtype=torch.float64))
    vector = CartesianTensors
    assert check_curie(lambda r: r[:, 0], rod, "rotations", vector).holds
    assert not check_curie(lambda r: r[:, 0] + torch.tensor([0.1, 0, 0]), rod, "rotations", vector).holds
    assert check_curie(lambda r: r[:, 0].nothing, rod, "rotations", vector).verdict is Verdict.RAISED


@pytest.mark.parametrize("group", ["orthogonal * permutations", "rotations"])
def test_an_output_that_vanishes_by_symmetry_is_kept(group):
    def dipole(r):
        return ((r - r.mean(1, keepdim=True)) * r.square().sum(2, keepdim=True).sqrt()).sum(1) + 1e-17

    rod = torch.tensor([[[0.0, 0, 0.1], [0, 0, -0.1]]], dtype=torch.float64)
    x = Points(FLAT * 0.3 if group != "rotations" else rod)
    assert check_curie(dipole, x, group, CartesianTensors).holds
    assert not check_curie(lambda r: dipole(r) + torch.tensor([1e-6, 0, 0]), x, group, CartesianTensors).holds


SIGNED = [
    torch.diag(torch.tensor(signs, dtype=torch.float64))[list(order)]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]
"""The 48 rotations and reflections of the cube."""


def averaged(r, vector, tensor):
    """A random network of four points, a vector and a tensor, averaged over the cube's group and all permutations: as
    general as a map can be that is equivariant under them."""
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(s, generator=generator, dtype=torch.float64) / 4 for s in ((24, 32), (32, 12)))
    total = torch.zeros_like(r)
    for rotation, order in itertools.product(SIGNED, itertools.permutations(range(4))):
        inputs = [(r @ rotation.mT)[:, list(order)], vector @ rotation.mT, rotation @ tensor @ rotation.mT]
        out = torch.nn.functional.softplus(torch.cat([part.flatten(1) for part in inputs], dim=1) @ first) @ second
        back = out.reshape(-1, 4, 3)[:, torch.tensor(order).argsort()]
        total = total + back @ rotation / (48 * 24)
    return total


def test_a_square_becomes_a_rectangle_by_a_tensor_and_not_by_a_vector():
    square = FLAT
    stretch = torch.tensor([0.3, -0.3, 0.0], dtype=torch.float64)
    inputs = {"vector": CartesianTensors(torch.zeros(1, 3)), "tensor": CartesianTensors(torch.zeros(1, 3, 3), rank=2)}
    reached = averaged_by_name(square, {name: value.data.double() for name, value in inputs.items()})
    found = order_parameter(averaged_by_name, Points(square), Points(reached + stretch * square), inputs)
    assert {name: bool(part) for name, part in found.items()} == {
        "vector l=1": False,
        "tensor l=0": False,
        "tensor l=1": False,
        "tensor l=2": True,
    }
    direction = found["tensor l=2"].gradient[0] / found["tensor l=2"].gradient[0, 0, 0]
    assert (direction - torch.diag(torch.tensor([1.0, -1.0, 0.0]))).abs().max() < 1e-9


def averaged_by_name(r, a):
    return averaged(r, a["vector"], a["tensor"])


def wilson_network(theta, charge):
    """Contractible loops and numbers with charges, mixed at random and averaged over a subgroup of the centre."""
    generator = torch.Generator().manual_seed(0)
    features = plaquette_histogram(theta)
    names = sorted(charge)
    size = features.shape[1] + 2 * len(names)
    first, second = (torch.randn(s, generator=generator, dtype=torch.float64) / 4 for s in ((size, 32), (32, 2)))
    total = 0
    for k in range(16):
        z = complex(math.cos(2 * math.pi * k / 16), math.sin(2 * math.pi * k / 16))
        turned = [torch.view_as_real(charge[name] * z ** int(name)).reshape(len(theta), -1) for name in names]
        out = torch.cat([features, *turned], dim=1) @ first
        total = total + torch.view_as_complex(out.sigmoid() @ second) / z / 16
    return total


def test_contractible_loops_give_a_polyakov_loop_by_charge_one_alone():
    theta = normal(1, 2, 3, 3)
    target = PolyakovLoop(torch.exp(1j * theta[:, 1, 0].sum(1)))
    charge = {str(q): PolyakovLoop(torch.zeros(1, dtype=torch.complex128), winding=q) for q in range(4)}
    found = order_parameter(wilson_network, Links(theta), target, charge)
    assert [name for name, part in found.items() if part] == ["1"]
    zero = wilson_network(theta, {name: value.data for name, value in charge.items()})
    assert zero.abs().max() < 1e-14


def test_a_tensor_is_the_sum_of_its_parts():
    data = normal(2, 3, 3)
    parts = parts_of(CartesianTensors(data, rank=2))
    assert (sum(parts.values()) - data).abs().max() < 1e-15
    trace, odd, even = (parts[f"l={l}"] for l in range(3))
    assert (even - even.mT).abs().max() < 1e-15
    assert even.diagonal(dim1=1, dim2=2).sum(1).abs().max() < 1e-14
    assert (odd + odd.mT).abs().max() < 1e-15
    assert (trace - trace[:, :1, :1] * torch.eye(3)).abs().max() < 1e-15


def test_features_are_the_sum_of_their_degrees_and_parities():
    x = Irreps("2x0e+1x1o+1x1e+1x1o")(normal(2, 11))
    parts = parts_of(x)
    assert list(parts) == ["0e", "1o", "1e"]
    assert torch.equal(sum(parts.values()), x.data)
    assert torch.equal(parts["1o"].abs().sum(0) > 0, torch.tensor([0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]).bool())


def test_a_square_becomes_a_rectangle_by_the_even_part_of_degree_two():
    def network(r, a):
        stretch = torch.einsum("ijm,bm->bij", clebsch_gordan(1, 1, 2).to(a), a[:, 4:])
        return (1 + a[:, :1, None]) * r + a[:, None, 1:4] + r @ stretch

    target = Points(FLAT * torch.tensor([1.25, 0.75, 1.0]))
    found = order_parameter(network, Points(FLAT), target, Irreps("0e+1o+2e")(torch.zeros(1, 9)))
    assert [name for name, part in found.items() if part] == ["2e"]


def test_one_value_needs_no_name():
    found = order_parameter(
        lambda r, a: a.unsqueeze(1).expand_as(r), Points(normal(1, 2, 3)), Points(normal(1, 2, 3)), V
    )
    assert list(found) == ["l=1"]
    other = order_parameter(
        lambda t, a: t.detach() + a, Scalars(normal(1)), Angles(normal(1, seed=1)), Scalars(normal(1))
    )
    assert list(other) == ["scalars"]


V = CartesianTensors(torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: forbids(SQUARE, Image(normal(2, 1, 5, 5)), "dihedral"),
            "expected a target for each of 1 inputs, got 2",
        ),
        (lambda: forbids(SQUARE, BAR, "gauge * rotations"), "no action on image"),
        (lambda: stabiliser(Points(normal(1, 9, 3)), "permutations"), "permutations has 362880 elements here"),
        (lambda: stabiliser(Points(normal(1, 20, 3)), "permutations"), "of which all elements can be listed"),
        (
            lambda: order_parameter(lambda r, a: r, Points(normal(1, 2, 3)), Points(normal(1, 2, 3)), V),
            "no symmetry has",
        ),
        (lambda: order_parameter(lambda r, a: r.nothing, Points(normal(1, 2, 3)), V, V), "AttributeError"),
        (
            lambda: order_parameter(lambda r, a: r.sum(2), Points(normal(1, 2, 3)), Points(normal(1, 2, 3)), V),
            "expected",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_message(call, message):
    with pytest.raises(ValueError, match=message):
        call()
