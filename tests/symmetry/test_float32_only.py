"""Breaks that only float32 has: what float64 measured is the yardstick, not the number of layers."""

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import Points, Scalars, Verdict, check
from gaugeflow.symmetry.checks.precision import Errors, decide
from tests.symmetry.samples import points


class Deep(nn.Module):
    """A set network of many layers; in float32 its last layer weighs the particles by their place in the list."""

    def __init__(self, layers, slip):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(layers))
        self.slip = slip

    def forward(self, r):
        for layer in self.layers:
            r = r + 0.1 * torch.tanh(layer(r))
        if r.dtype is torch.float32:
            r = r * (1 + self.slip * torch.linspace(-1, 1, r.shape[1])[:, None])
        return r.square().sum((1, 2))


@pytest.mark.parametrize("layers", [8, 40])
@pytest.mark.parametrize("slip", [0.3, 5e-2, 3e-3])
def test_a_break_in_float32_alone_is_seen_behind_any_number_of_layers(layers, slip):
    report = check(Deep(layers, slip), points(n=6), "permutations", out=Scalars)
    assert report.verdict is Verdict.BROKEN
    assert "holds in float64, and fails in float32" in str(report)


@pytest.mark.parametrize("layers", [8, 40])
def test_the_same_without_the_slip_holds(layers):
    assert check(Deep(layers, 0.0), points(n=6), "permutations", out=Scalars).holds


def test_sums_of_many_terms_round_more_in_float32_and_hold():
    r = Points(torch.randn(2, 400, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    assert check(lambda r: (r.sin() * 1e3).sum((1, 2)), r, "permutations", out=Scalars).holds


def test_the_yardstick_is_the_error_in_float64():
    def errors(fine, coarse):
        eps = [torch.finfo(d).eps for d in (torch.float64, torch.float32)]
        return {
            torch.float64: Errors(torch.float64, torch.tensor([fine * eps[0]]), eps[0]),
            torch.float32: Errors(torch.float32, torch.tensor([coarse * eps[1]]), eps[1]),
        }

    assert not decide(errors(5.0, 5e4), depth=1000).holds
    assert decide(errors(1e5, 1e6), depth=1).holds
