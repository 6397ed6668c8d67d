"""Cut-offs of every order: jumps of value and slope are found, and those of higher derivatives are none."""

import math

import pytest
import torch

from gaugeflow.symmetry import Angles, Links, Points, Scalars, SymmetryBroken, Verdict, assert_smooth, check_smooth
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.checks.systems.kinks import jump_at, rough_places, rounding_of
from gaugeflow.symmetry.examples.cases import wilson_action
from tests.symmetry.samples import normal

CLOUD = Points(normal(2, 5, 3))
CUTOFF = 1.5


def pairs(of_distance):
    """The sum of a function of the distance over all pairs."""

    def energy(r):
        i, j = torch.triu_indices(r.shape[1], r.shape[1], 1)
        return of_distance((r[:, i] - r[:, j]).norm(dim=-1)).sum(1)

    return energy


def falling(power):
    return pairs(lambda d: (1 - (d / CUTOFF) ** 2).clamp(min=0) ** power)


SMOOTH = {
    "exponential": pairs(lambda d: torch.exp(-d)),
    "second derivative jumps": falling(2),
    "third derivative jumps": falling(3),
    "cosine": pairs(lambda d: torch.where(d < CUTOFF, (1 + torch.cos(math.pi * d / CUTOFF)) / 2, 0 * d)),
    "steep": pairs(lambda d: torch.tanh(300 * (d - CUTOFF))),
    "second derivative diverges": falling(1.5),
}
BROKEN = {
    "slope": ("slope jumps", falling(1)),
    "value": ("value jumps", pairs(lambda d: torch.exp(-d) * (d < CUTOFF))),
    "weak slope": ("slope jumps", pairs(lambda d: torch.exp(-d) + 1e-6 * (d - CUTOFF).clamp(min=0))),
    "weak value": ("value jumps", pairs(lambda d: torch.exp(-d) + 1e-8 * (d < CUTOFF))),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_cut_off_holds(name):
    assert check_smooth(SMOOTH[name], CLOUD, out=Scalars).holds


@pytest.mark.parametrize("name", BROKEN)
def test_a_sharp_cut_off_is_found(name):
    said, f = BROKEN[name]
    report = check_smooth(f, CLOUD, out=Scalars)
    assert report.verdict is Verdict.BROKEN
    assert said in str(report)
    assert 1 <= report.findings[0].failures <= report.findings[0].trials == 4
    with pytest.raises(SymmetryBroken, match=said):
        assert_smooth(f, CLOUD)


def test_the_place_and_the_size_of_a_jump_are_those_of_the_function():
    def curve(t):
        return torch.stack([t**3 + 0.25 * (t > 0.3), torch.cos(t) + 2.0 * (t - 0.7).abs()], dim=1)

    rounding = rounding_of(curve, 2e-16)
    found = [(rough.place, *jump_at(curve, rough, (1.0, 1.0), rounding)) for rough in rough_places(curve, rounding)]
    (jump,) = [value for place, value, _ in found if abs(place - 0.3) < 1e-10]
    (kink,) = [slope for place, _, slope in found if abs(place - 0.7) < 1e-10]
    assert (jump.size, kink.size) == (pytest.approx(0.25, abs=1e-9), pytest.approx(4.0, abs=1e-9))


def test_the_way_to_another_example_is_straight():
    def dimer(length):
        return Points(torch.tensor([[[0.0, 0, 0], [0, 0, length]]], dtype=torch.float64))

    f = pairs(lambda d: (2 - d).clamp(min=0))
    report = check_smooth(f, dimer(1.0), dimer(5.0), out=Scalars)
    assert "at 0.25 of a path its slope jumps by 1.0e+00 of its steepest" in str(report)
    assert check_smooth(f, dimer(2.5), dimer(5.0), out=Scalars).verdict is Verdict.CONSTANT
    assert_smooth(f, dimer(1.0), dimer(1.9))


def test_fields_of_links_and_angles_move_along_the_group():
    links = Links(haar((2, 2, 2, 2), 2, torch.Generator().manual_seed(0)))
    assert_smooth(wilson_action, links, trials=2)
    assert check_smooth(lambda u: wilson_action(u).sub(3).abs(), links, out=Scalars, reach=3).verdict is Verdict.BROKEN
    theta = Angles(normal(2, 3))
    assert_smooth(lambda t: t.cos().sum(1), theta)
    assert_smooth(lambda t: torch.remainder(3 * t, 2 * math.pi), theta, out=Angles)
    assert check_smooth(lambda t: torch.remainder(t, 1.0).sum(1), theta, out=Scalars).verdict is Verdict.BROKEN


def test_rounding_in_single_precision_is_no_jump_and_noise_is_not_judged():
    assert check_smooth(lambda r: falling(2)(r.float()).double(), CLOUD, out=Scalars).verdict is not Verdict.BROKEN
    assert check_smooth(lambda r: falling(1)(r.float()).double(), CLOUD, out=Scalars).verdict is Verdict.BROKEN
    assert check_smooth(lambda r: (1e9 * r).sin().sum((1, 2)), CLOUD, out=Scalars).verdict is Verdict.CHAOTIC


def test_a_tolerance_lets_small_jumps_pass():
    f = BROKEN["weak slope"][1]
    assert check_smooth(f, CLOUD, out=Scalars, tolerance=1e-4).holds


def test_bad_paths_are_refused():
    with pytest.raises(ValueError, match="expected trials, chunk_size and reach above 0, got 0"):
        check_smooth(falling(2), CLOUD, out=Scalars, trials=0)
    with pytest.raises(ValueError, match="expected the end of the path like its start"):
        check_smooth(falling(2), CLOUD, Points(normal(2, 4, 3)), out=Scalars)
    links = Links(haar((1, 2, 2, 2), 2, torch.Generator().manual_seed(0)))
    with pytest.raises(ValueError, match="between links of SU"):
        check_smooth(wilson_action, links, links, out=Scalars)
    assert check_smooth(lambda r: r.sum((1, 2)).log(), CLOUD, out=Scalars).verdict is Verdict.NOT_FINITE
