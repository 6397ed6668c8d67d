"""A tolerance lets an approximation pass, prints what was measured, and hides no growth with the size."""

import math

import pytest
import torch

from gaugeflow.symmetry import Cyclic, Image, Scalars, SiteScalars, Verdict, assert_invariant, check
from tests.symmetry.samples import energy, normal, points


def rough(r, slip=1e-3):
    """Off by the same share of the output whatever the number of particles."""
    return energy(r) * (1 + slip * torch.sin(r[:, 0, 0]))


def test_an_approximation_passes_with_the_measured_error_beside_it():
    assert check(rough, points(), "permutations", out=Scalars).verdict is Verdict.BROKEN
    report = check(rough, points(n=8), "permutations", out=Scalars, tolerance=1e-2)
    assert report.holds
    assert "within the tolerance 1.0e-02, and more than rounding" in str(report)
    assert f"{report.findings[0].largest['float64']:.1e} in float64" in report.findings[0].message
    assert assert_invariant(rough, points(n=8), "permutations", tolerance=1e-2).holds
    assert check(rough, points(n=8), "permutations", out=Scalars, tolerance=1e-5).verdict is Verdict.BROKEN
    exact = check(energy, points(), "permutations", out=Scalars, tolerance=1e-2)
    assert "rounding: " in str(exact)
    with pytest.raises(ValueError, match="tolerance of 0 or more"):
        check(energy, points(), "permutations", out=Scalars, tolerance=math.nan)


@pytest.mark.parametrize("n", [8, 16])
def test_a_tolerance_hides_no_growth_with_the_size(n):
    def worse_for_more(r):
        return r.square().mean((1, 2)) + 1e-4 * r.shape[1] ** 2 * torch.sin(r[:, 0, 0])

    report = check(worse_for_more, points(n=n), "permutations", out=Scalars, tolerance=0.9)
    assert report.verdict is Verdict.BROKEN
    assert "grows with the size" in str(report)


def test_an_integrator_and_a_bisection():
    def flowed(phi, steps=4):
        for _ in range(steps):
            phi = phi + 0.1 * torch.sin(phi + phi.roll(1, 2) - phi.roll(-1, 2) + 1e-4 * (phi == phi.amax(2, True)))
        return phi

    x = SiteScalars(normal(2, 1, 12))
    assert not check(
        lambda p: (flowed(p) * 100).round() / 100 + 1e-5 * p[:, :, :1], x, "translations", out=SiteScalars
    ).holds
    assert check(lambda p: flowed(p) + 1e-5 * p[:, :, :1], x, "translations", out=SiteScalars, tolerance=1e-3).holds


def test_turns_that_interpolate():
    place = torch.arange(32, dtype=torch.float64) - 15.5
    radius = (place[:, None].square() + place.square()).sqrt()
    bumps = [torch.exp(-((place[:, None] - a).square() + (place - b).square()) / 18) for a, b in ((3, 1), (-2, 4))]
    x = Image(torch.stack(bumps)[:, None])

    def blurred(picture):
        kernel = torch.exp(-radius[11:21, 11:21].square() / 8).to(picture.dtype)
        return torch.nn.functional.conv2d(picture, kernel[None, None] / kernel.sum(), padding="same")

    weighted = lambda p: (p * torch.exp(-radius / 9).to(p.dtype)).sum((1, 2, 3))  # noqa: E731
    for n in (3, 6, 8):
        assert check(weighted, x, Cyclic(n), out=Scalars, fresh=False).verdict is Verdict.BROKEN
        report = check(weighted, x, Cyclic(n), out=Scalars, fresh=False, tolerance=0.03)
        assert report.holds, str(report)
    skew = lambda p: (p * torch.exp(-place / 9).to(p.dtype)).sum((1, 2, 3))  # noqa: E731
    assert not check(skew, x, "c8", out=Scalars, fresh=False, tolerance=0.03).holds


@pytest.mark.parametrize("steps", [20, 40, 200])
def test_a_chaotic_function_is_not_called_broken(steps):
    """The logistic map in the chaotic regime loses a binary digit a step."""

    def chaotic(r):
        p = 0.5 + 0.3 * torch.sin(r.square().sum((1, 2)))
        for _ in range(steps):
            p = 3.99 * p * (1 - p)
        return p

    report = check(chaotic, points(n=6), "permutations", out=Scalars)
    assert report.verdict is not Verdict.BROKEN
    assert report.verdict is (Verdict.CHAOTIC if steps == 200 else Verdict.HOLDS)
    if steps == 20:
        assert (
            check(
                lambda r: chaotic(r * torch.linspace(1, 1.1, 6, dtype=r.dtype)[:, None]),
                points(n=6),
                "permutations",
                out=Scalars,
            ).verdict
            is Verdict.BROKEN
        )
