"""Symmetries that nobody put in: as many as there are, by their names, and what a further term removes."""

import json

import pytest
import torch

from gaugeflow.symmetry import (
    CartesianTensors,
    Group,
    Links,
    MatrixGroup,
    PointFeatures,
    Points,
    Scalars,
    SiteMatrices,
    SiteScalars,
    SiteVectors,
    charges,
    generated,
    preserving,
    represent,
    special_linear,
    symmetries_of,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.algebra.directions import generated as directions
from gaugeflow.symmetry.algebra.directions.family import vector_fields
from gaugeflow.symmetry.algebra.directions.generated import family_of
from gaugeflow.symmetry.algebra.directions.rank import rank
from gaugeflow.symmetry.claims import Balance, Bijection, Equivariance, Gradient
from gaugeflow.symmetry.command import check_command, main
from gaugeflow.symmetry.examples.cases import wilson_action
from tests.symmetry.samples import normal
from tests.symmetry.test_command import SAMPLE

ANGLES = Links(torch.zeros(1, 2, 3, 3))


def su(n, *shape):
    return Links(haar((1, len(shape), *shape), n, torch.Generator().manual_seed(0)))


def plaquettes(theta):
    p = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
    return (1 - p.cos()).sum((1, 2))


def massive_links(theta):
    return plaquettes(theta) + 0.1 * (1 - theta.cos()).sum((1, 2, 3))


def one_direction(theta):
    return theta[:, 0].cos().sum((1, 2))


def trace_mass(u):
    return wilson_action(u) + 0.1 * u.diagonal(dim1=-2, dim2=-1).real.sum((1, 2, 3, 4))


def gradient_energy(phi):
    return sum((phi.roll(-1, axis) - phi).square().sum((1, 2, 3)) for axis in (2, 3))


def massive(phi):
    return gradient_energy(phi) + 0.1 * phi.square().sum((1, 2, 3))


def pair_energy(r):
    return torch.exp(-(r.unsqueeze(1) - r.unsqueeze(2)).square().sum(-1)).sum((1, 2))


def hopping(theta, v):
    links = torch.polar(torch.ones_like(theta), theta)[..., None, :, :, None]
    hops = [(v.conj() * links[:, mu] * v.roll(-1, 2 + mu)).real.sum((1, 2, 3, 4)) for mu in range(2)]
    return plaquettes(theta) - 0.3 * sum(hops)


def adjoint_hopping(w):
    return (w @ w.mH).diagonal(dim1=-2, dim2=-1).real.sum((1, 2, 3)).square().sum(1)


MATTER = (ANGLES, SiteVectors(normal(1, 1, 3, 3, 1) + 1j * normal(1, 1, 3, 3, 1, seed=1)))
FIELD = SiteScalars(normal(1, 2, 3, 3))
CLOUD = Points(normal(1, 5, 3))
CASES = {
    "the U(1) plaquettes": (plaquettes, ANGLES, {"gauge": 8, "centre": 2}, 0),
    "U(1) plaquettes with a mass": (massive_links, ANGLES, {"gauge": 0, "centre": 0}, 0),
    "one direction of U(1)": (one_direction, ANGLES, {"gauge": 2, "centre": 1}, 6),
    "the SU(2) action": (wilson_action, su(2, 3, 3), {"gauge": 27}, 0),
    "an SU(2) action with a mass": (trace_mass, su(2, 3, 3), {"gauge": 3, "global-gauge": 3}, 0),
    "massless fields": (gradient_energy, FIELD, {"channel rotations": 1, "field shifts": 2}, 0),
    "fields with a mass": (massive, FIELD, {"channel rotations": 1, "field shifts": 0}, 0),
    "a cloud": (pair_energy, CLOUD, {"rotations": 3, "point-translations": 3, "dilation": 0}, 0),
    "matter with links": (hopping, MATTER, {"gauge": 9, "centre": 0}, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_as_many_directions_as_there_are(name):
    f, x, named, unnamed = CASES[name]
    found = symmetries_of(f, x)
    assert {symmetry.name: symmetry.held for symmetry in found.named} == named
    assert found.unnamed == unnamed
    assert found.found == sum(symmetry.extra for symmetry in found.named) + unnamed
    assert found.gap < 1e-11


def test_two_of_the_ten_directions_are_no_gauge_transformations():
    found = symmetries_of(plaquettes, ANGLES)
    assert (found.size, found.found, found["centre"].extra) == (18, 10, 2)
    assert str(found).splitlines()[0] == "plaquettes: constant along 10 of 18 directions"


def test_the_generators_leave_the_action_alone():
    found = symmetries_of(plaquettes, ANGLES)
    theta = normal(1, 2, 3, 3)
    moved = theta + 0.7 * found.generators.to(theta).reshape(-1, 2, 3, 3)
    assert (plaquettes(moved) - plaquettes(theta)).abs().max() < 1e-12
    assert (plaquettes(theta + 0.7 * normal(1, 2, 3, 3, seed=1)) - plaquettes(theta)).abs() > 1e-3


def test_finite_groups_are_tried_too():
    held = {symmetry.name: symmetry.held for symmetry in symmetries_of(trace_mass, su(2, 3, 3)).finite}
    assert held == {"translations": True, "hypercubic": True, "time-reversal": True, "charge": True, "centre": False}


def test_of_several_numbers_all_are_constant():
    parts = symmetries_of(lambda r: (r[:, 0].square().sum(1), r[:, 1].square().sum(1)), CLOUD)
    whole = symmetries_of(lambda r: r[:, 0].square().sum(1) + r[:, 1].square().sum(1), CLOUD)
    # three points move freely, r_0 -> A r_0 + a and the like do not exist: rotations only
    assert (parts.found, whole.found) == (12, 12)
    assert (parts["rotations"].held, parts.unnamed) == (3, 9)


@pytest.mark.parametrize(
    "x",
    [SiteMatrices(torch.view_as_complex(normal(1, 1, 2, 2, 2, 2, 2))), PointFeatures(normal(1, 3, 3), rank=1)],
    ids=["matrices", "vectors"],
)
def test_values_of_other_types_have_linear_directions(x):
    found = symmetries_of(adjoint_hopping if x.name == "site_matrices" else lambda v: v.square().sum((1, 2)), x)
    assert found.found >= {"site_matrices": 12, "point_features": 3}[x.name]
    assert found.gap < 1e-11


class Boost(Group):
    """x -> x + c for all scalars."""

    name = "boost"


@pytest.fixture
def boost(monkeypatch):
    monkeypatch.setattr(directions, "_ALGEBRAS", dict(directions._ALGEBRAS))
    monkeypatch.setattr("gaugeflow.symmetry.actions.groups._ACTIONS", dict(_actions()))
    represent(Boost, Scalars)(lambda g, value: value.with_data(value.data + g["c"].reshape(-1, 1)))
    generated(Boost)(lambda group, x: (1, lambda theta: {"c": theta[:, 0]}))
    return Boost()


def _actions():
    from gaugeflow.symmetry.actions.groups import _ACTIONS

    return _ACTIONS


def test_a_group_of_ones_own_gives_a_name(boost):
    x = Scalars(normal(1, 3))
    differences = lambda t: (t - t.roll(1, 1)).cos().sum(1)  # noqa: E731
    found = symmetries_of(differences, x, groups=[boost])
    assert (found["boost"].held, found.unnamed) == (1, 0)
    assert symmetries_of(differences, x).unnamed == 1


@pytest.mark.parametrize(
    ("group", "x", "expected"),
    [
        ("gauge", su(3, 2, 2), 32),
        ("gauge", ANGLES, 8),
        ("global-gauge", su(3, 2, 2), 8),
        ("global-gauge", ANGLES, 0),
        ("centre", ANGLES, 1),
        ("euclidean", CLOUD, 6),
        ("rotations * point-translations", CLOUD, 6),
        ("hypercubic", su(2, 2, 2), 0),
    ],
)
def test_orbits_have_their_dimension(group, x, expected):
    point = x.random_like(torch.Generator().manual_seed(1))
    assert rank(vector_fields(family_of(group, point), point), 1.0) == expected


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (wilson_action, su(3, 16, 16), "8192 directions of links need a matrix of 8192 x 8192, and at most 2048"),
        (lambda t: torch.ones(len(t)) + 0 * t.sum((1, 2, 3)), ANGLES, "the function is constant"),
        (lambda t: t.detach().sum((1, 2, 3)), ANGLES, "detached from its input"),
        (lambda t: (t.sum((1, 2, 3)) * 0).log(), ANGLES, "NaN or infinity"),
        (lambda t: t.sum(), ANGLES, "expected tensors of shape"),
        (lambda t: "two", ANGLES, "expected tensors"),
        (lambda t: t.nothing, ANGLES, "AttributeError"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_one_message(f, x, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        symmetries_of(f, x)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(KeyError, match="expected one of gauge, centre, translations"):
        symmetries_of(plaquettes, ANGLES)["guage"]


@pytest.fixture
def sample(monkeypatch):
    monkeypatch.chdir(SAMPLE)
    monkeypatch.syspath_prepend(str(SAMPLE))


@pytest.mark.usefixtures("sample")
class TestCommand:
    def test_text(self, capsys):
        assert main(["spin_model:good", "--discover", "--group", "gauge"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:4] == [
            "spin_model:good: constant along 17 of 32 directions",
            "  gauge: 15 of 15",
            "  centre: 2 of 2",
            "  without a name: 0",
        ]

    def test_numbers_at_the_sites_are_summed(self, capsys):
        assert check_command("spin_model:unknown_output", ["gauge: links -> site_scalars"], discover=True) == 0
        assert "constant along 17 of 32 directions" in capsys.readouterr().out

    def test_json_counts_what_has_no_name(self, capsys):
        assert check_command("spin_model:bad", discover=True, json=True) == 0
        (found,) = json.loads(capsys.readouterr().out)["discoveries"]
        assert found["named"][0] == {"name": "gauge", "held": 3, "of": 15, "extra": 3}
        assert (found["found"], found["unnamed"]) == (17, 13)
        assert found["finite"]["charge"] is True

    @pytest.mark.parametrize(
        ("target", "groups", "message"),
        [
            ("spin_model:good", [], "or give a group that says how to read them"),
            ("spin_model:unknown_output", ["gauge: links -> image"], "expected a function to numbers"),
            ("spin_model:nothing", [], "has no attribute 'nothing'"),
        ],
    )
    def test_a_target_that_cannot_be_looked_at_exits_with_two_and_one_message(self, target, groups, message, capsys):
        assert check_command(target, groups, discover=True) == 2
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        assert message in printed.err


def test_a_density_an_action_and_a_large_example_are_looked_at_and_a_map_is_not(capsys):
    claims = [
        Balance(lambda theta, generator: theta, ANGLES, "a move", log_prob=plaquettes),
        Gradient(wilson_action, su(2, 4, 4, 4), "large"),
        Equivariance(plaquettes, ANGLES, "numbers", group="gauge", out=Scalars),
        Bijection(lambda theta: (theta, theta.sum((1, 2, 3))), ANGLES, "a map"),
    ]
    assert check_command("run.yaml", discover=True, resolver=lambda _: claims) == 0
    out = capsys.readouterr().out
    assert "a move: constant along 10 of 18" in out
    assert "large at extent 0 = 2, extent 1 = 2, extent 2 = 2: constant along 24 of 144" in out
    assert "numbers: constant along 10 of 18" in out
    assert "a map: not looked at: expected a function to numbers, got a claim of the kind Bijection" in out


METRIC = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))


@pytest.mark.parametrize(("metric", "held"), [(METRIC, 6), (torch.eye(4, dtype=torch.float64), 3)])
def test_a_group_of_matrices_is_a_family_by_its_generators(metric, held):
    lorentz = MatrixGroup(preserving(METRIC), name="SO(1,3)")

    def products(p):
        return torch.einsum("bim,mn,bjn->bij", p, metric.to(p), p).flatten(1)

    found = symmetries_of(products, Points(normal(1, 3, 4)), groups=[lorentz])
    assert (found["SO(1,3)"].held, found["SO(1,3)"].of) == (held, 6)


@pytest.mark.parametrize(("down", "held"), [(1, 3), (0, 1)])
def test_a_lower_index_turns_with_the_inverse(down, held):
    """A trace is kept by all of SL(2) where one index is down, by rotations alone where none is."""
    group = MatrixGroup(special_linear(2), name="SL(2)")
    tensor = CartesianTensors(normal(1, 2, 2), rank=2, down=down)
    found = symmetries_of(lambda t: t.diagonal(dim1=1, dim2=2).sum(1), tensor, groups=[group])
    assert (found["SL(2)"].held, found["SL(2)"].of) == (held, 3)


def test_the_charges_of_a_group_of_matrices_are_angular_momenta():
    r, p = normal(1, 4, 3), normal(1, 4, 3, seed=1)
    turns = MatrixGroup(preserving(torch.eye(3)), name="SO(3)")
    assert charges(Points(r), p, turns).abs().sort().values == pytest.approx(
        torch.linalg.cross(r, p).sum(1).abs().sort().values
    )
