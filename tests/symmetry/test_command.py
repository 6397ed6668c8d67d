"""`check_command`: exit codes, text, JSON and JUnit, targets of other projects, bad targets."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from gaugeflow.symmetry.actions.declared import parse_group
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.symmetry.command import check_command
from gaugeflow.symmetry.targets import claims_from

SAMPLE = Path(__file__).parent / "sample_project"


@pytest.fixture
def sample(monkeypatch):
    monkeypatch.chdir(SAMPLE)
    monkeypatch.syspath_prepend(str(SAMPLE))


@pytest.mark.usefixtures("sample")
class TestSampleProject:
    def test_what_holds_exits_with_zero(self, capsys):
        assert check_command("spin_model:good", ["gauge", "translations: links -> scalars"]) == 0
        printed = capsys.readouterr()
        assert printed.out.count("holds") >= 2
        assert printed.err == ""

    def test_what_is_broken_exits_with_one(self, capsys):
        assert check_command("spin_model:bad") == 1
        out = capsys.readouterr().out
        assert "broken" in out
        assert "still broken at" in out

    def test_groups_on_the_command_line_replace_those_of_the_target(self):
        assert check_command("spin_model:bad", ["charge: links -> scalars"]) == 0

    def test_json_is_one_object_and_nothing_else(self, capsys):
        assert check_command("spin_model:bad", json=True, seed=3) == 1
        data = json.loads(capsys.readouterr().out)
        assert data["holds"] is False
        finding = data["reports"][0]["findings"][0]
        assert finding["verdict"] == "broken"
        assert finding["worst"]["seed"] == 3
        assert set(finding["smallest"]) == {"extent 0", "extent 1"}

    def test_junit(self, tmp_path, capsys):
        path = tmp_path / "symmetry.xml"
        assert check_command("spin_model:bad", ["gauge: links -> scalars", "charge: links -> scalars"], junit=path) == 1
        suite = ElementTree.parse(path).getroot().find("testsuite")
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
        assert "does not shrink" in suite.find("testcase/failure").text
        capsys.readouterr()

    def test_power(self, capsys):
        assert check_command("spin_model:good", ["gauge: links -> scalars"], power=True, json=True) == 0
        kills = json.loads(capsys.readouterr().out)["reports"][0]["power"]
        assert {k["outcome"] for k in kills} == {"caught", "does not apply", "no effect"}
        assert {"drop a dagger", "shift by the wrong site"} <= {k["breaker"] for k in kills if k["outcome"] == "caught"}
        assert check_command("spin_model:good", ["gauge: links -> scalars"], power=True) == 0
        assert "breakers caught" in capsys.readouterr().out

    def test_measure_prints_numbers_instead_of_a_verdict(self, capsys):
        assert check_command("spin_model:bad", ["translations: links -> scalars", "gauge"], measure=True) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "bad under translations: relative error" in lines[0]
        assert "(all 16 elements)" in lines[0]
        assert "the trivial one first: 1.00e+00 (dimension 1), " in lines[1]
        assert "(64 random elements)" in lines[2]
        assert check_command("spin_model:bad", measure=True, json=True) == 0
        (row,) = json.loads(capsys.readouterr().out)["measurements"]
        assert (row["group"], row["weights"], row["exact"]) == ("gauge", None, False)
        assert 0.01 < row["error"] < 2
        assert 0 < row["variance"] < 1

    @pytest.mark.parametrize(
        ("target", "groups", "message"),
        [
            ("spin_model", ["gauge"], "expected 'package.module:object'"),
            ("no_such_module:f", ["gauge"], "No module named"),
            ("spin_model:nothing", ["gauge"], "has no attribute 'nothing'"),
            ("spin_model:crashes", ["gauge"], "raised FileNotFoundError: no such model"),
            ("spin_model:good", [], "expected a group"),
            ("spin_model:good", ["guage"], "expected one of the groups"),
            ("spin_model:good", ["gauge: links"], "expected 'GROUP' or 'GROUP: INPUT -> OUTPUT'"),
            ("spin_model:good", ["gauge: electrons -> scalars"], "expected shape (batch, n, d)"),
            ("spin_model:good", ["gauge: links -> spinors"], "expected one of the value types"),
            ("spin_model:good", ["permutations: links -> scalars"], "acts on particles"),
            ("spin_model:unknown_output", ["gauge"], "how to read the output"),
            ("spin_model:example", ["gauge"], "expected (f, x)"),
        ],
    )
    def test_a_target_that_cannot_be_read_exits_with_two_and_one_message(self, target, groups, message, capsys):
        assert check_command(target, groups) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert message in printed.err
        assert printed.err.count("\n") == 1

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"measure": True, "discover": True}, "expected one of --discover and --measure, got both"),
            ({"measure": True, "power": True, "junit": "x.xml"}, "expected it without --power, --junit"),
            ({"discover": True, "save": "case.pt"}, "--discover gives no verdict"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, asked, message, capsys):
        assert check_command("spin_model:bad", **asked) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert message in printed.err


@pytest.mark.parametrize("way", ["measure", "discover"])
def test_nothing_to_look_at_is_said_in_one_message(way, capsys):
    assert check_command("x", resolver=lambda _: [], **{way: True}) == 2
    printed = capsys.readouterr().err
    assert "expected at least one" in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("way", ["measure", "discover", "json"])
def test_an_empty_batch_is_said_in_one_message(way, capsys):
    def resolve(_):
        empty = links().map(lambda t: t[:0])
        return [Equivariance(lambda u: u.cos().sum((1, 2, 3)), empty, group="charge", out=Scalars)]

    assert check_command("x", resolver=resolve, **{way: True}) == 2
    printed = capsys.readouterr().err
    assert "expected at least one entry in the batch, got none" in printed
    assert printed.count("\n") == 1


def test_other_targets_go_to_the_resolver(capsys):
    def resolve(target):
        if target != "run.yaml":
            raise ValueError(f"expected run.yaml, got {target}")
        return [Equivariance(lambda u: u.cos().sum((1, 2, 3)), links(), "a model", group="charge", out=Scalars)]

    assert check_command("run.yaml", resolver=resolve) == 0
    assert "a model: holds" in capsys.readouterr().out
    assert check_command("other.yaml", resolver=resolve) == 2
    assert "expected run.yaml" in capsys.readouterr().err


def links():
    from gaugeflow.symmetry import Links

    return Links(torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0)))


def test_what_is_not_finite_exits_with_one(capsys):
    def resolve(_):
        return [Equivariance(lambda u: u.sum((1, 2, 3)) * torch.nan, links(), group="charge", out=Scalars)]

    assert check_command("x", resolver=resolve) == 1
    assert "NaN" in capsys.readouterr().out


def test_groups_are_parsed():
    assert parse_group("gauge * charge") == ("gauge * charge", None, None)
    assert parse_group("euclidean: points, point_features -> scalars") == (
        "euclidean",
        ("points", "point_features"),
        "scalars",
    )


def test_outputs_are_read_by_their_shape_where_nothing_is_said():
    r = torch.randn(3, 4, 3, generator=torch.Generator().manual_seed(0))
    cases = {
        "scalars": (lambda r: r.square().sum((1, 2)), "permutations"),
        "signed_log": (lambda r: torch.linalg.slogdet(r[:, :3]), "fermions"),
        "points": (lambda r: 2 * r, "orthogonal"),
    }
    for kind, (f, group) in cases.items():
        (claim,) = claims_from((f, r), [group], "f")
        assert getattr(claim.out, "name", claim.out) == kind
    with_options = {"f": lambda r: r.square().sum(), "x": r, "group": "permutations", "batched": False}
    (claim,) = claims_from(with_options | {"out": "scalars"}, [], "f")
    assert claim.verify().holds
