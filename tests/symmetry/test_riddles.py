"""What goes wrong is one clear sentence: outputs of another kind, classes for objects, numpy for torch."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gaugeflow.symmetry import (
    Cyclic,
    Invariants,
    Permutations,
    PointFeatures,
    Points,
    Report,
    Scalars,
    SignedLog,
    SiteMatrices,
    Verdict,
    check,
    check_logdet,
)
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.symmetry.examples.gauge_networks import CovariantNetwork
from tests.symmetry.samples import energy, field, image, points
from tests.symmetry.test_actions import links


def said(f, out=Scalars, group="permutations", x=None, **options):
    return check(f, points() if x is None else x, group, out=out, **options)


def test_a_tuple_where_one_value_was_said():
    for raw in ((lambda r: (energy(r), energy(r))), (lambda r: [energy(r), energy(r)])):
        report = said(raw)
        assert report.verdict is Verdict.WRONG_TYPE
        assert "expected a tensor, got a" in str(report)
        assert '"ignore" for one that does not matter' in str(report)
    assert said(lambda r: (energy(r).sign(), energy(r).abs().log()), SignedLog).holds
    assert said(lambda r: (energy(r),)).holds


def test_a_class_for_an_object():
    with pytest.raises(TypeError, match="got the class Linear: make one of it"):
        said(nn.Linear)
    with pytest.raises(TypeError, match=r"the class Permutations: make a group of it, Permutations\(\)"):
        said(energy, group=Permutations)
    with pytest.raises(TypeError, match="expected a group"):
        check(image, image(), Cyclic, out=Scalars)
    with pytest.raises(TypeError, match="expected `out`"):
        check(energy, points(), "permutations")


def test_numpy_for_torch():
    with pytest.raises(TypeError, match="expected a torch tensor, got numpy ndarray"):
        Points(np.zeros((2, 3, 3)))
    report = said(lambda r: energy(r).numpy())
    assert report.verdict is Verdict.WRONG_TYPE
    assert "a numpy ndarray, of which torch.from_numpy makes a tensor" in str(report)


def test_an_output_that_vanishes_by_symmetry():
    def total_force(r):
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        return (apart * torch.exp(-apart.square().sum(-1, keepdim=True))).sum((1, 2))

    report = said(total_force, "cartesian_tensors", "rotations")
    assert report.verdict is Verdict.CONSTANT
    assert "the output vanishes up to rounding: at most" in str(report)
    meant = said(total_force, "cartesian_tensors", "rotations", constant_ok=True)
    assert meant.holds
    assert max(meant.findings[0].largest.values()) < 1e-4


def test_two_errors_are_not_seen_in_one_precision_only():
    report = said(lambda r: energy(r.float()).double())
    assert set(report.findings[0].largest) == {"float64", "float32"}
    assert "only" not in report.findings[0].message


@dataclass
class Prediction:
    energy: Tensor
    forces: Tensor
    attention: Tensor


Named = namedtuple("Named", "energy forces attention")


@pytest.mark.parametrize(
    "kind", [Prediction, Named, lambda *a: dict(zip(("energy", "forces", "attention"), a, strict=True))]
)
def test_dataclasses_and_named_tuples_as_outputs_and_parts_of_no_matter(kind):
    def model(r, slip=0.0):
        return kind(energy(r), 2 * r + slip * r[:, :1], torch.rand(3, 3))

    out = {"energy": Scalars, "forces": Points, "attention": "ignore"}
    assert said(model, out).holds
    assert said(lambda r: model(r, 0.1), out).verdict is Verdict.BROKEN
    if kind in (Prediction, Named):
        assert said(model, (Scalars, Points, "ignore")).holds
    missing = said(model, {"energy": Scalars})
    assert missing.verdict is Verdict.WRONG_TYPE
    assert '"ignore"' in str(missing)
    assert said(model, dict.fromkeys(out, "ignore")).verdict is Verdict.WRONG_TYPE


def test_dataclasses_of_a_function_of_one_example():
    def one(r):
        return Prediction(r.square().sum(), 2 * r, torch.rand(3))

    assert said(one, {"energy": Scalars, "forces": Points, "attention": "ignore"}, batched=False).holds


def test_a_label_that_says_where():
    from functools import partial

    line = test_a_label_that_says_where.__code__.co_firstlineno + 4
    assert said(lambda r: energy(r)).name == f"lambda at test_riddles.py:{line}"
    assert said(partial(energy)).name == "partial energy"
    assert "<lambda>" not in Equivariance(lambda r: r, points()).name
    assert check_logdet(lambda phi: (phi, 0 * phi[:, 0, 0]), field(2, 1, 4)).name.startswith(
        "lambda at test_riddles.py:"
    )


class Declares(nn.Module):
    symmetry = "permutations * orthogonal: points -> scalars"

    def forward(self, r):
        return energy(r)


def test_a_module_that_says_what_it_is_needs_an_example_only():
    assert check(Declares(), points().data).holds
    assert check(Declares(), points()).holds
    network = CovariantNetwork(2, layers=1)
    network.symmetry = ("gauge * translations", "links", SiteMatrices)
    assert check(network, links(2, 2, 4, 4).data).holds
    wrong = Declares()
    wrong.symmetry = "permutations: points -> points"
    assert not check(wrong, points().data).holds
    with pytest.raises(ValueError, match="expected a group and `out`, or a function that says them"):
        check(energy, points())


def test_a_module_with_irreps():
    o3 = pytest.importorskip("e3nn.o3", reason="e3nn, whose modules have irreps, is not installed")
    torch.manual_seed(0)
    x = torch.randn(4, 10, dtype=torch.float64)
    assert check(o3.Linear("4x0e + 2x1o", "1x0e + 2x1o"), x).holds
    product = o3.FullyConnectedTensorProduct("4x0e + 2x1o", "1x1o", "2x0e + 1x1e + 1x2e")
    assert check(product, (x, x[:, :3])).holds

    class Wrong(o3.Linear):
        def forward(self, features):
            return super().forward(features.relu())

    assert not check(Wrong("4x0e + 2x1o", "2x1o"), x).holds


def test_a_worst_case_is_saved_and_run_again(tmp_path):
    from gaugeflow.symmetry import Case, replay

    def f(r, features, slip=0.1):
        return energy(r) + features.sum((1, 2)) + slip * r[:, 0, 0]

    x = (points(), PointFeatures(points(seed=1).data))
    report = check(f, x, "permutations * orthogonal", out=Scalars)
    path = tmp_path / "case.pt"
    report.save(path)
    case = Case.load(path)
    assert (case.seed, case.errors) == (0, report.findings[0].largest)
    assert set(case.versions) == {"gaugeflow", "torch", "python"}
    again = replay(f, case, out=Scalars)
    assert again.verdict is Verdict.BROKEN
    assert again.findings[0].largest["float64"] == pytest.approx(report.findings[0].largest["float64"], rel=1e-9)
    mended = replay(lambda r, features: f(r, features, 0.0), case, out=Scalars)
    assert mended.holds
    assert "it fails no longer" in str(mended)
    with pytest.raises(ValueError, match="none has failed"):
        check(energy, points(), "permutations", out=Scalars).save(path)
    torch.save({"weights": torch.ones(2)}, path)
    with pytest.raises(ValueError, match="expected a saved worst case"):
        Case.load(path)


def test_reports_can_be_joined():
    both = said(energy) + said(lambda r: r[:, 0, 0], Invariants)
    assert isinstance(both, Report)
    assert [f.verdict for f in both.findings] == [Verdict.HOLDS, Verdict.BROKEN]
