"""Do features tell orbits apart: ranks that are known, pairs that are known, bad inputs."""

import pytest
import torch

from gaugeflow.symmetry import Links, Points, check_separates, separates
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.algebra.separation import tells_apart
from gaugeflow.symmetry.examples.degenerate import DEGENERATE, separation_table
from gaugeflow.symmetry.examples.invariant_features import (
    FEATURES,
    loops,
    mean_plaquette,
    plaquettes_and_windings,
    triangles,
)
from tests.symmetry.samples import normal

ANGLES = Links(torch.zeros(1, 2, 3, 3))
LINKS = Links(haar((1, 2, 2, 2), 2, torch.Generator().manual_seed(0)))


def distances(r):
    return (r.unsqueeze(1) - r.unsqueeze(2)).square().sum(-1)


@pytest.mark.parametrize(
    ("features", "x", "group", "rank", "needed"),
    [
        (loops, ANGLES, "gauge", 8, 10),
        (plaquettes_and_windings, ANGLES, "gauge", 10, 10),
        (mean_plaquette, ANGLES, "gauge", 1, 10),
        (loops, LINKS, "gauge", 4, 12),
        (distances, Points(normal(1, 5, 3)), "euclidean", 9, 9),
        (distances, Points(normal(1, 5, 3)), "rotations", 9, 12),
        (lambda r: distances(r)[:, 0], Points(normal(1, 5, 3)), "euclidean", 4, 9),
        (triangles, Points(normal(1, 4, 2)), "euclidean", 5, 5),
        (lambda u: (u, u.cos()), ANGLES, "translations", 18, 18),
    ],
)
def test_ranks_are_those_that_are_known(features, x, group, rank, needed):
    found = separates(features, x, group)
    assert (found.rank, found.needed) == (rank, needed)
    assert bool(found) is (rank >= needed)
    assert found.invariant < 1e-12


def test_what_is_no_invariant_is_found():
    report = check_separates(lambda theta: (loops(theta), theta), ANGLES, "gauge")
    rank, orbit = report.findings
    assert rank.verdict.value == "holds"
    assert orbit.verdict.value == "broken"


TOLD_APART = {
    "kite and trapezoid": {"triangles", "E(3) point cloud network"},
    "points on a line": {"triangles", "E(3) point cloud network"},
    "neighbours on a circle": {"triangles", "quadruples at the origin", "E(3) point cloud network"},
    "a tetrahedron and its mirror image": {"signed volumes"},
    "vacuum and twisted vacuum": {"Polyakov loops"},
    "flux on homometric sites": {"triples of plaquettes", "Polyakov loops"},
    "a field and its conjugate": {*(name for name, f in FEATURES.items() if f.kind is Links)} - {"mean of Re tr P"},
    "a field times a root of one": {"Polyakov loops"},
}


@pytest.fixture(scope="module")
def table():
    return separation_table()


@pytest.mark.parametrize("pair", DEGENERATE)
def test_each_pair_is_told_apart_by_the_features_that_can(pair, table):
    rows = {row["features"]: row["apart"] for row in table if row["pair"] == pair}
    assert {name for name, apart in rows.items() if apart} == TOLD_APART[pair]
    assert not all(rows.values())


def test_the_table_holds_invariants_alone(table):
    listed = {(row["pair"], row["features"]) for row in table}
    assert ("kite and trapezoid", "distances and angles at the origin") not in listed
    assert ("kite and trapezoid", "signed volumes") not in listed
    assert ("a tetrahedron and its mirror image", "signed volumes") in listed


def test_the_same_orbit_is_not_told_apart():
    pair = DEGENERATE["kite and trapezoid"]
    g = pair.group.element(pair.a, 1, torch.Generator().manual_seed(3))
    assert not tells_apart(triangles, pair.a, g(pair.a))
    assert tells_apart(lambda r: r, pair.a, g(pair.a))


def test_a_pair_that_looks_alike_breaks_the_check():
    pair = DEGENERATE["kite and trapezoid"]
    report = check_separates(FEATURES["distances"].of, Points(normal(1, 4, 3)), "euclidean", pairs=((pair.a, pair.b),))
    assert [finding.verdict.value for finding in report.findings] == ["holds", "holds", "broken"]


@pytest.mark.parametrize(
    ("features", "x", "group", "message"),
    [
        (loops, ANGLES, "rotations", "no action on links"),
        (loops, Links(torch.zeros(1, 2, 50, 50)), "gauge", "by 5000 coordinates is asked for, and at most 4096"),
        (lambda theta: theta.detach(), ANGLES, "gauge", "detached from its input"),
        (lambda theta: theta.sum(), ANGLES, "gauge", "expected tensors of shape"),
        (lambda theta: theta / 0, ANGLES, "gauge", "NaN or infinity"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_message(features, x, group, message):
    with pytest.raises(ValueError, match=message):
        separates(features, x, group)
