"""Features of irreducible parts: what a text means, how it is read, and what the check says of them."""

import pytest
import torch

from gaugeflow.symmetry import (
    Case,
    Hypercubic,
    IrrepFeatures,
    Irreps,
    NoAction,
    Points,
    Report,
    Verdict,
    check,
    clebsch_gordan,
    replay,
    spherical_harmonics,
)
from gaugeflow.symmetry.actions.groups import find_action
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from tests.symmetry.samples import normal

R, S = haar_orthogonal(8, 3, torch.Generator().manual_seed(0), reflections=True).split(4)


def coupled(x):
    """Scalars and vectors of "2x0e+1x1o" to a vector and what two vectors make of degree two."""
    vector = x[..., 2:]
    square = torch.einsum("...a,...b,abc->...c", vector, vector, clebsch_gordan(1, 1, 2).to(x))
    return torch.cat([vector * x[..., :1], square * x[..., 1:2].sin()], dim=-1)


@pytest.mark.parametrize(
    ("text", "parts", "dim"),
    [
        ("2x0e+1x1o", ((2, 0, 1), (1, 1, -1)), 5),
        ("1o", ((1, 1, -1),), 3),
        (" 3x2e + 0x1e + 1x0o", ((3, 2, 1), (0, 1, 1), (1, 0, -1)), 16),
    ],
)
def test_a_text_says_parts_and_size(text, parts, dim):
    irreps = Irreps(text)
    assert (irreps.parts, irreps.dim) == (parts, dim)
    assert Irreps(irreps) == Irreps(str(irreps)) == irreps
    assert eval(repr(irreps)) == irreps
    assert len({irreps, Irreps(text)}) == 1


@pytest.mark.parametrize("text", ["", "1x1", "2x0e,1x1o", "ax1o", "1x-1o", "0x1o", "None"])
def test_what_is_no_text_of_irreps_is_refused(text):
    with pytest.raises(ValueError, match="expected irreps"):
        Irreps(text)


def test_the_matrices_are_a_representation_with_the_parity_of_the_text():
    irreps = Irreps("1x0o+2x1e+1x2o+1x3e")
    d = irreps.D_from_matrix
    assert (d(R @ S) - d(R) @ d(S)).abs().max() < 1e-13
    inversion = d(-torch.eye(3, dtype=torch.float64))
    signs = torch.tensor([-1.0, *[1] * 6, *[-1] * 5, *[1] * 7]).double()
    assert torch.allclose(inversion, torch.diag(signs), rtol=0, atol=1e-14)


def test_the_matrices_are_those_of_e3nn(o3):
    theirs = o3.Irreps("2x0e+1x0o+3x1o+1x1e+2x2e+1x3o")
    assert (Irreps(theirs).D_from_matrix(R) - theirs.D_from_matrix(R)).abs().max() < 1e-13


def test_features_are_read_by_irreps_and_by_their_text():
    x = normal(4, 5)
    for read, out in ((Irreps("2x0e+1x1o"), Irreps("1x1o+1x2e")), (Irreps(" 2x0e + 1o"), "1x1o + 1x2e")):
        assert check(coupled, read(x), "orthogonal", out=out).holds
    assert check(coupled, Irreps("2x0e+1x1o")(x), "orthogonal", out="1x1o+1x2o").verdict is Verdict.BROKEN
    assert check(coupled, Irreps("2x0e+1x1o")(x), "rotations", out="1x1o+1x2o").holds
    assert check(coupled, Irreps("2x0e+1x1o")(x), "rotations", out="1x1o").verdict is Verdict.WRONG_SHAPE


def test_a_function_says_irreps_in_words():
    coupled_ = torch.nn.Module()
    coupled_.forward = coupled
    coupled_.symmetry = "orthogonal: 2x0e+1x1o -> 1x1o+1x2e"
    assert check(coupled_, normal(4, 5)).holds


class Declares(torch.nn.Module):
    """A module of another package: its irreps are objects of which only the text is known."""

    class Theirs(tuple):
        def __str__(self):
            return "2x0e+1x1o" if self else "1x1o+1x2e"

    irreps_in, irreps_out = Theirs("in"), Theirs("")

    def forward(self, x):
        return coupled(x)


def test_a_module_with_irreps_is_read_as_it_stands():
    assert check(Declares(), normal(4, 5)).holds


def test_a_small_part_that_breaks_is_judged_by_its_own_size():
    """Three vectors, the second 1e-9 of the others, broken by a thousandth of itself."""

    def f(x):
        return torch.cat([x, 1e-9 * x + 1e-12 * x.flip(1), x], dim=1)

    report = check(f, Irreps("1x1o")(normal(4, 3)), "rotations", out="3x1o", diagnose=False)
    assert report.verdict is Verdict.BROKEN
    assert report.findings[0].largest_error > 1e-4


def messages(r, h):
    """Scalars and vectors of neighbours, coupled to the harmonics of their directions."""
    apart = r.unsqueeze(2) - r.unsqueeze(1)
    weight = torch.exp(-apart.square().sum(-1, keepdim=True))
    sent = weight * spherical_harmonics(2, apart, normalize=False) * h[..., :1].unsqueeze(1)
    vectors = torch.einsum("bijm,bjn,mnk->bik", sent, h[..., 2:], clebsch_gordan(2, 1, 1).to(h))
    return torch.cat([sent.sum(2), vectors], dim=-1)


def test_a_network_of_points_with_irreps_on_each():
    x = (Points(normal(2, 4, 3)), Irreps("2x0e+1x1o").of_points(normal(2, 4, 5)))
    out = Irreps("1x2e+1x1o").of_points
    assert check(messages, x, "euclidean * permutations", out=out).holds
    weighted = torch.linspace(0.5, 1.5, 4)[:, None]
    assert not check(lambda r, h: messages(r, h) * weighted.to(h), x, "permutations", out=out).holds
    assert check(lambda r, h: messages(r, h).sum(1), x, "euclidean * permutations", out=Irreps("1x2e+1x1o")).holds


def test_a_worst_case_with_irreps_is_saved_and_run_again(tmp_path):
    def slipped(x):
        return coupled(x) + 0.1 * x[..., 2:3]

    x = Irreps("2x0e+1x1o")(normal(4, 5))
    report: Report = check(slipped, x, "orthogonal", out="1x1o+1x2e")
    report.save(tmp_path / "case.pt")
    case = Case.load(tmp_path / "case.pt")
    assert isinstance(case.x, IrrepFeatures)
    assert replay(slipped, case, out="1x1o+1x2e").verdict is Verdict.BROKEN
    assert replay(coupled, case, out="1x1o+1x2e").holds


def test_a_tensor_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"expected shape \(batch, \.\.\., 5\) for 2x0e\+1x1o, got \(4, 6\)"):
        Irreps("2x0e+1x1o")(normal(4, 6))
    with pytest.raises(ValueError, match=r"expected shape \(batch, n, \.\.\., dim\), got \(4, 5\)"):
        Irreps("2x0e+1x1o").of_points(normal(4, 5))
    with pytest.raises(NoAction, match="has no action on irrep_features"):
        find_action(Hypercubic, IrrepFeatures)
