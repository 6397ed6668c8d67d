"""How the check tells rounding from a break: two precisions, sizes of outputs, constants and channels."""

import math

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import (
    Links,
    Points,
    Scalars,
    Verdict,
    check,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.checks.precision import Errors, amplification_allowed, decide, tolerance
from gaugeflow.symmetry.examples.cases import wilson_action
from tests.registry.continuous_flows import trivializing
from tests.registry.line import links
from tests.registry.registry import REGISTRY
from tests.symmetry.samples import energy, points, verdict


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6, 1e-9])
def test_breaks_far_below_float32_are_seen(size):
    assert verdict(lambda r: energy(r) + size * r[:, 0, 0]) is Verdict.BROKEN


def test_functions_in_one_precision_only():
    def only32(r):
        if r.dtype is torch.float64:
            raise TypeError("float32 expected")
        return energy(r)

    single = Points(points().data.float())
    report = check(only32, single, "permutations", out=Scalars)
    assert report.holds
    assert "seen in float32 only" in str(report)
    assert check(only32, points(), "permutations", out=Scalars).verdict is Verdict.RAISED
    assert verdict(lambda r: only32(r) + r[:, 0, 0], single) is Verdict.BROKEN


def test_a_function_that_computes_in_float32_inside_is_not_called_broken():
    torch.manual_seed(0)
    hidden = nn.Linear(3, 4).requires_grad_(False)
    weight, bias = hidden.weight.clone(), hidden.bias.clone()

    def f(r):
        h = torch.tanh(r.float() @ weight.T + bias)
        return h.sum(1).square().sum(1).double()

    for g in (f, lambda r: math.pi * f(r)):
        report = check(g, points(), "permutations", out=Scalars)
        assert report.holds
        assert "it computes in float32 inside" in str(report)
        assert "only" not in str(report)
    assert verdict(lambda r: f(r * torch.linspace(1, 1.1, 5)[:, None].double())) is Verdict.BROKEN


def test_a_branch_on_the_precision_is_broken():
    def f(r):
        return energy(r) + (0.2 * r[:, 0, 0] if r.dtype is torch.float32 else 0.0)

    report = check(f, points(), "permutations", out=Scalars)
    assert report.verdict is Verdict.BROKEN
    assert "holds in float64, and fails in float32" in str(report)


@pytest.mark.parametrize("gain", [2.0, 10.0, 60.0])
def test_an_ill_conditioned_deep_network_is_not_called_broken(gain):
    generator = torch.Generator().manual_seed(0)
    kernels = [gain * torch.randn(6, 6, generator=generator, dtype=torch.float64) / 6**0.5 for _ in range(30)]

    def chaotic(r):
        h = torch.cat([r, r], dim=2)
        for kernel in kernels:
            h = torch.tanh(h @ kernel.to(h.dtype) + h.mean(1, keepdim=True))
        return h.sum(1).square().sum(1)

    assert verdict(chaotic) in (Verdict.HOLDS, Verdict.CONSTANT)


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e30, 1e250])
def test_very_small_and_very_large_outputs(scale):
    assert verdict(lambda r: scale * energy(r)) is Verdict.HOLDS
    assert verdict(lambda r: scale * (energy(r) + r[:, 0, 0])) is Verdict.BROKEN


def test_a_small_dependence_on_top_of_a_large_constant():
    assert verdict(lambda r: 1e6 + energy(r)) is Verdict.HOLDS
    assert verdict(lambda r: 1e6 + energy(r) + 1e-3 * r[:, 0, 0]) is Verdict.BROKEN


def test_single_precision_links_are_put_back_on_the_group():
    u = haar((2, 2, 4, 4), 3, torch.Generator().manual_seed(0)).to(torch.complex64)

    def third_row(u):
        first = u[:, 0, :, :, :2].conj()
        rebuilt = torch.linalg.cross(first[..., 0, :], first[..., 1, :])
        return (u[:, 0, :, :, 2] - rebuilt).abs().square().sum((1, 2, 3)) + wilson_action(u)

    assert check(third_row, Links(u), "gauge", out=Scalars).holds


class TestRule:
    """The decision between rounding and a break, on made-up errors."""

    @staticmethod
    def errors(float64, float32):
        return {
            torch.float64: Errors(torch.float64, torch.tensor(float64), torch.finfo(torch.float64).eps),
            torch.float32: Errors(torch.float32, torch.tensor(float32), torch.finfo(torch.float32).eps),
        }

    @pytest.mark.parametrize(
        ("float64", "float32", "holds"),
        [
            ([1e-15, 2e-15], [1e-6, 2e-6], True),
            ([1e-9, 1e-9], [0.5, 0.6], True),
            ([1e-15, 1e-9], [1e-6, 1e-6], False),
            ([1e-2, 1e-2], [1e-2, 1e-2], False),
            ([0.0, 0.0], [0.0, 0.0], True),
            ([1e-6, 1e-6], [1e-6, 1e-6], False),
            ([1e-15, 1e-15], [0.3, 0.3], False),
            ([1e-15, 1e-15, 1e-15], [1e-6, 1e-6, 0.3], True),
        ],
    )
    def test_scaling_decides(self, float64, float32, holds):
        assert decide(self.errors(float64, float32), depth=1).holds is holds

    def test_without_digits_in_float32_the_conditioning_is_asked_for(self):
        errors = self.errors([1e-6, 1e-6], [1.0, 1.0])
        assert decide(errors, depth=1).needs_conditioning
        assert decide(errors, depth=1, conditioning=1e9).holds
        assert not decide(errors, depth=1, conditioning=10.0).holds

    def test_the_table_grows_with_depth_and_epsilon(self):
        assert amplification_allowed(10) > amplification_allowed(1)
        assert tolerance(torch.float64, 1) == pytest.approx(2.3e-13, rel=0.02)
        assert tolerance(torch.float32, 50) == pytest.approx(3.1e-3, rel=0.02)


def test_a_small_channel_beside_a_huge_one_is_judged_by_its_own_size():
    def both(r, size):
        return torch.stack([1e20 * energy(r), energy(r) + size * r[:, 0, 0]], dim=1)

    assert verdict(lambda r: both(r, 0.0)) is Verdict.HOLDS
    assert verdict(lambda r: both(r, 1e-3)) is Verdict.BROKEN


def test_a_broken_channel_beside_one_that_is_rounding_only():
    def both(r, size):
        noise = r.sum((1, 2)) - r.flip(1).sum((1, 2))
        return torch.stack([noise, energy(r) + size * r[:, 0, 0]], dim=1)

    assert verdict(lambda r: both(r, 0.0)) is Verdict.HOLDS
    assert verdict(lambda r: both(r, 0.1)) is Verdict.BROKEN


def test_structural_constants_in_single_precision_are_not_a_break():
    angles = 2 * math.pi / 3 * torch.arange(3)
    directions = torch.stack([angles.cos(), angles.sin()])

    def three_fold(r, shift=0.0):
        # the squares along three directions add up to 3/2 r^2
        along = (r @ directions.to(r.dtype)).square().sum((1, 2))
        return along + shift * r[:, 0, 0]

    x = Points(points().data[:, :, :2])
    report = check(three_fold, x, "rotations", out=Scalars)
    assert report.holds
    assert "constants stored in float32" in str(report)
    assert verdict(lambda r: three_fold(r, 1e-5), x, "rotations") is Verdict.BROKEN


def test_a_rounded_by_product_does_not_hide_a_small_break():
    seen = []

    def f(r, size):
        seen.append(r.float().norm())
        return energy(r) + size * r[:, 0, 0]

    assert verdict(lambda r: f(r, 0.0)) is Verdict.HOLDS
    assert verdict(lambda r: f(r, 1e-5)) is Verdict.BROKEN
    assert verdict(lambda r: f(r, 1e-9)) is Verdict.BROKEN


def test_a_small_break_of_a_function_in_single_precision_is_no_rounding():
    def only32(r, size):
        if r.dtype is torch.float64:
            raise TypeError("float32 expected")
        return energy(r) + size * r[:, 0, 0]

    single = Points(points().data.float())
    assert verdict(lambda r: only32(r, 0.0), single) is Verdict.HOLDS
    assert verdict(lambda r: only32(r, 3e-4), single) is Verdict.BROKEN


def test_the_mode_of_the_caller_does_not_matter():
    def force(r):
        r = r.requires_grad_(True)
        return torch.autograd.grad(energy(r).sum(), r)[0]

    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert verdict(force, points(), "permutations * orthogonal", Points) is Verdict.HOLDS


@pytest.mark.parametrize("seed", [9, 15, 21])
def test_a_lucky_rounding_in_float32_is_no_break_in_float64(seed):
    """Near a node log|psi| amplifies rounding; in float32 the arithmetic of both sides may agree by chance.

    With these seeds it does on some machines, where the report says `erratic`, and not on others.
    """
    line = REGISTRY["fermion wavefunctions"].claims()
    claim = next(each for each in line if each.name == "LiH, pfaffians with triplets, deep sets")
    report = claim.verify(seed=seed, trials=4)
    assert report.holds


def test_a_break_of_a_few_thousand_roundings_is_no_rounding():
    """A reflection of a lattice inverts links, which a step of finite length knows by its error, here 1e-12."""
    x = links("su3", (3, 3))
    flow = trivializing("su3", x, 0.0005, 2, 1)
    report = check(flow.forward, x, "hypercubic", out=(Links, Scalars), trials=8, seed=4)
    assert report.verdict is Verdict.BROKEN
    assert report.findings[0].largest["float64"] < 1e-10
