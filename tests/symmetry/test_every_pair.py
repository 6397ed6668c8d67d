"""Every group x every value: it acts, leaves alone by declaration, or is refused with a reason. No other outcome."""

from functools import partial

import pytest
import torch

from gaugeflow.symmetry import (
    GROUPS,
    VALUES,
    CartesianTensors,
    Cell,
    Dihedral,
    EdgeIndex,
    Image,
    Invariants,
    NoAction,
    PointFeatures,
    Points,
    Scalars,
    check,
    group_named,
)
from gaugeflow.symmetry.actions.groups import find_action, unchanged
from gaugeflow.symmetry.actions.haar import haar
from tests.symmetry.samples import normal

GENERATOR = torch.Generator().manual_seed(0)
LATTICE = haar((2, 2, 4, 4), 3, GENERATOR)
EXAMPLES = {
    "links": (LATTICE,),
    "site_matrices": (LATTICE,),
    "site_vectors": (LATTICE[..., 0],),
    "site_scalars": (normal(2, 1, 4, 4),),
    "image": (normal(2, 1, 4, 4),),
    "electrons": (normal(2, 3, 3),),
    "points": (normal(2, 3, 3),),
    "atoms": (normal(2, 3, 3),),
    "point_features": (normal(2, 3, 4),),
    "pair_features": (normal(2, 3, 3),),
    "edge_index": (torch.tensor([[[0, 1], [1, 2]]]).expand(2, 2, 2),),
    "cartesian_tensors": (normal(2, 5, 2),),
    "cell": (normal(2, 3, 3),),
    "scalars": (normal(2),),
    "angles": (normal(2),),
    "invariants": (normal(2),),
    "polyakov_loop": (torch.polar(*normal(2, 2).abs()),),
    "signed_log": (normal(2).sign(), normal(2)),
}
ACTS, ALONE, REFUSED = "acts", "-", "refused"
PARTICLES = "permutations spin-permutations fermions spin-fermions"
GAUGE = "gauge global-gauge"
TURNS = "cyclic dihedral c2 c3 c4 c6 c8 d2 d3 d4 d6 d8"
MOTIONS = "euclidean orthogonal rotations point-translations"
SITES = "translations hypercubic time-reversal"
NOT_THERE = {
    "centre": "site_vectors",
    MOTIONS: "links site_matrices site_vectors site_scalars image",
    SITES: "electrons points point_features pair_features edge_index",
    TURNS: "links site_matrices site_vectors site_scalars electrons points point_features pair_features edge_index",
}
LEFT_ALONE = {
    GAUGE: "site_scalars image electrons points point_features pair_features edge_index cartesian_tensors cell scalars "
    "angles invariants polyakov_loop signed_log",
    "centre": "site_matrices site_scalars image electrons points point_features pair_features edge_index "
    "cartesian_tensors cell scalars angles invariants signed_log",
    "charge": "electrons points point_features pair_features edge_index cartesian_tensors cell invariants signed_log",
    SITES: "invariants signed_log",
    "z2": "edge_index invariants polyakov_loop signed_log",
    PARTICLES: "links site_matrices site_vectors site_scalars image cartesian_tensors cell invariants polyakov_loop",
    MOTIONS: "edge_index invariants polyakov_loop signed_log",
    TURNS: "invariants polyakov_loop signed_log",
}


def expected(group, value):
    value = "points" if value == "atoms" else value
    for table, outcome in ((NOT_THERE, REFUSED), (LEFT_ALONE, ALONE)):
        if any(group in groups.split() and value in values.split() for groups, values in table.items()):
            return outcome
    return ACTS


def outcome(group, value):
    if expected(group, value) == REFUSED:
        with pytest.raises(NoAction, match=r"lattice|site|centre|picture"):
            find_action(type(group_named(group)), VALUES[value])
        return REFUSED
    return ALONE if find_action(type(group_named(group)), VALUES[value]) is unchanged else ACTS


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_shipped_pair_is_as_the_table_says(group):
    wrong = {value: outcome(group, value) for value in EXAMPLES if outcome(group, value) != expected(group, value)}
    assert wrong == {}


def test_every_shipped_value_stands_in_the_table():
    own = {name for name, kind in VALUES.items() if kind.__module__.startswith("gaugeflow.symmetry.")}
    assert own == set(EXAMPLES)


CARRIERS = {"links": f"{GAUGE} centre charge {SITES} z2", "image": TURNS, "points": f"{MOTIONS} {PARTICLES}"}


@pytest.mark.parametrize("value", EXAMPLES)
def test_every_pair_that_acts_keeps_shape_and_kind(value):
    """Beside a value from which the group is drawn."""
    for carrier, groups in CARRIERS.items():
        if value == "cell" and carrier != "points":
            continue  # a cell of three dimensions in a plane
        parts = (normal(2, 5, 3),) if (value, carrier) == ("cartesian_tensors", "points") else EXAMPLES[value]
        carried, x = VALUES[carrier](*EXAMPLES[carrier]), VALUES[value](*parts)
        for group in groups.split():
            if expected(group, value) == REFUSED or (group, value) == ("hypercubic", "polyakov_loop"):
                continue
            moved = group_named(group).element((carried, x), 2, torch.Generator().manual_seed(1))(x)
            assert type(moved) is type(x)
            assert [t.shape for t in moved.tensors] == [t.shape for t in x.tensors]


def test_a_molecule_in_a_cell_with_one_vector_for_each():
    """Positions, a cell, a field direction and a temperature: energy and dipole of a periodic sum."""

    def model(r, cell, field, t):
        images = (r.unsqueeze(2) - r.unsqueeze(1)).unsqueeze(3) + torch.cat([0 * cell[:, :1], cell], 1)[:, None, None]
        weight = torch.exp(-images.square().sum(-1) / t[:, None, None, None])
        forward = (images * field[:, None, None, None]).sum(-1)
        energy = (weight * forward.square()).sum((1, 2, 3))
        return energy, (weight.unsqueeze(-1) * images).sum((1, 2, 3))

    x = (Points(normal(2, 4, 3)), Cell(normal(2, 3, 3)), CartesianTensors(normal(2, 3)), Scalars(normal(2).abs() + 1))
    assert check(model, x, "euclidean * permutations", out=(Scalars, CartesianTensors)).holds
    assert not check(
        lambda r, cell, field, t: model(r, cell.mT, field, t), x, "rotations", out=(Scalars, CartesianTensors)
    ).holds


def test_a_graph_network_with_edges():
    edges = torch.tensor([[[0, 1, 2, 3], [1, 2, 3, 0]]]).expand(2, -1, -1)

    def messages(h, edges):
        sent = h.gather(1, edges[:, 0].unsqueeze(-1).expand(-1, -1, h.shape[2]))
        return torch.zeros_like(h).scatter_add(1, edges[:, 1].unsqueeze(-1).expand_as(sent), sent.sin())

    x = (PointFeatures(normal(2, 4, 5)), EdgeIndex(edges))
    assert check(messages, x, "permutations", out=PointFeatures).holds
    assert not check(lambda h, e: messages(h, edges), x, "permutations", out=PointFeatures).holds
    assert check(lambda h, e: e.flip(1), x, "permutations", out=EdgeIndex, constant_ok=True).holds
    assert not check(lambda h, e: (e + 1) % 4, x, "permutations", out=EdgeIndex).holds


def test_edges_name_particles_that_are_there():
    h = PointFeatures(normal(2, 4, 5))
    with pytest.raises(ValueError, match="expected particles from 0 on, got -1"):
        EdgeIndex(torch.tensor([[[0, -1], [1, 2]]]))
    with pytest.raises(ValueError, match="expected particles below 4, got 5"):
        check(lambda h, e: h, (h, EdgeIndex(torch.tensor([[[0, 5]] * 2] * 2))), "permutations", out=PointFeatures)


def test_a_periodic_graph_with_the_images_of_its_edges():
    """Edges, and for each the whole steps along the edges of the cell, which no motion touches."""
    edges = EdgeIndex(torch.tensor([[[0, 1, 2, 3], [1, 2, 3, 0]]]).expand(2, -1, -1))
    images = Invariants(torch.tensor([[[0, 0, 0], [1, 0, 0], [0, -1, 0], [0, 0, 1]]]).expand(2, -1, -1))

    def forces(r, cell, edges, images):
        ends = [r.gather(1, edges[:, k].unsqueeze(-1).expand(-1, -1, 3)) for k in (0, 1)]
        apart = ends[1] - ends[0] + images.to(r) @ cell
        return torch.zeros_like(r).scatter_add(1, edges[:, 1].unsqueeze(-1).expand(-1, -1, 3), apart)

    x = (Points(normal(2, 4, 3)), Cell(3 * torch.eye(3).double() + 0.1 * normal(2, 3, 3)), edges, images)
    out = partial(PointFeatures, rank=1)
    assert check(forces, x, "euclidean * permutations", out=out).holds
    fixed = torch.eye(3).double().expand(2, 3, 3)
    assert not check(lambda r, c, e, i: forces(r, fixed.to(c), e, i), x, "rotations", out=out).holds


def test_random_cells_are_like_the_example_and_never_flat():
    cell = Cell(torch.diag(torch.tensor([4.0, 5.0, 0.0])).double().expand(50, 3, 3))
    random = cell.random_like(torch.Generator().manual_seed(0)).data
    assert (torch.linalg.vector_norm(random, dim=2)[:, :2] - torch.tensor([4.0, 5.0])).abs().max() < 2
    assert torch.equal(random[:, 2], torch.zeros(50, 3).double())  # no period along the third


def test_the_dipole_of_a_picture_turns_with_it():
    def dipole(picture):
        place = torch.arange(picture.shape[2], dtype=picture.dtype) - (picture.shape[2] - 1) / 2
        return torch.stack([(picture[:, 0] * place[:, None]).sum((1, 2)), (picture[:, 0] * place).sum((1, 2))], 1)

    x = Image(normal(2, 1, 5, 5))
    assert check(dipole, x, Dihedral(4), out=CartesianTensors).holds
    assert not check(lambda p: dipole(p).flip(1), x, Dihedral(4), out=CartesianTensors).holds


def test_numbers_that_no_group_touches_stay_under_the_sign_flip():
    x = (Image(normal(2, 1, 4, 4)), Scalars(normal(2)))
    assert check(lambda p, s: p.square().sum((1, 2, 3)), x, "z2", out="invariants").holds
    log = check(lambda p, s: (p.sum((1, 2, 3)).abs().sign(), p.abs().sum((1, 2, 3)).log()), x, "z2", out="signed_log")
    assert log.holds
