"""Layers that reach every linear map that commutes with a group, and layers that do not."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from gaugeflow.symmetry import Image, Scalars, SiteMatrices, Verdict
from gaugeflow.symmetry.algebra.representations.completeness import check_complete
from gaugeflow.symmetry.examples.image_networks import SymmetricConv
from tests.symmetry.samples import normal

PICTURE = Image(normal(2, 1, 5, 5).float())
GENERATOR = torch.Generator().manual_seed(0)


class Conv(nn.Module):
    """A periodic 3 x 3 convolution whose kernel is `tie` of its parameters."""

    def __init__(self, tie, size=9, bias=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, generator=GENERATOR))
        self.bias = nn.Parameter(torch.ones(1)) if bias else None
        self.tie = tie

    def forward(self, image):
        kernel = self.tie(self.weight).reshape(1, 1, 3, 3)
        return functional.conv2d(functional.pad(image, (1, 1, 1, 1), mode="circular"), kernel, self.bias)


ORBITS = torch.tensor([2, 1, 2, 1, 0, 1, 2, 1, 2])  # of the nine places of a kernel under D4
CASES = {
    "all nine weights": (Conv(lambda w: w), "translations", (9, 25, 9, 0)),
    "with a constant": (Conv(lambda w: w, bias=True), "translations", (9, 25, 9, 0)),
    "an orbit, a weight": (Conv(lambda w: w[ORBITS], 3), "d4 * translations", (3, 6, 3, 0)),
    "edges tied to corners": (Conv(lambda w: w[ORBITS.clamp(max=1)], 2), "d4 * translations", (2, 6, 3, 0)),
    "the corners forgotten": (Conv(lambda w: w[ORBITS] * (ORBITS < 2), 3), "d4 * translations", (2, 6, 2, 0)),
    "one corner of its own": (Conv(lambda w: torch.cat([w[ORBITS[:8]], w[3:]]), 4), "d4 * translations", (3, 6, 3, 1)),
    "averaged over D4": (SymmetricConv(1, 2, GENERATOR), "d4 * translations", (6, 12, 6, 0)),
    "averaged over D4, without turns": (SymmetricConv(1, 1, GENERATOR), "translations", (3, 25, 9, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_parameters_reach_is_counted(name):
    layer, group, numbers = CASES[name]
    report = check_complete(layer, PICTURE, group, out=Image)
    assert report.counts == numbers
    assert report.holds == (numbers[0] == numbers[2] and numbers[3] == 0)
    everywhere = check_complete(layer, PICTURE, group, out=Image, everywhere=True)
    assert everywhere.holds == (numbers[0] == numbers[1] and numbers[3] == 0)


def test_the_message_says_what_is_wrong():
    tied = check_complete(CASES["edges tied to corners"][0], PICTURE, "d4 * translations", out=Image)
    assert tied.verdict is Verdict.BROKEN
    assert "1 of the 3 linear maps that commute and have its kernel (6 with any) cannot be reached" in str(tied)
    broken = check_complete(CASES["one corner of its own"][0], PICTURE, "d4 * translations", out=Image)
    assert "makes 1 independent maps that do not commute" in str(broken)


def test_a_layer_that_is_zero_is_not_complete():
    report = check_complete(Conv(lambda w: 0 * w), PICTURE, "translations", out=Image)
    assert report.verdict is Verdict.CONSTANT


def test_parameters_come_back_as_they_were():
    layer = Conv(lambda w: w)
    before = layer.weight.data.clone()
    check_complete(layer, PICTURE, "translations", out=Image)
    assert torch.equal(layer.weight, before)
    assert layer.weight.dtype == torch.float32
    assert layer.weight.requires_grad


class Trace(nn.Module):
    """Real combinations of the real and the imaginary part of a trace."""

    def __init__(self, parts):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(parts))

    def forward(self, w):
        trace = torch.einsum("bcxii->bc", w)
        return (torch.cat([trace.real, trace.imag], 1)[:, : len(self.weight)] * self.weight).sum(1)


@pytest.mark.parametrize(("parts", "complete"), [(2, True), (1, False)])
def test_a_layer_that_takes_complex_numbers_apart_is_real(parts, complete):
    w = SiteMatrices(normal(1, 1, 1, 2, 2) + 1j)
    report = check_complete(Trace(parts), w, "global-gauge", out=Scalars, everywhere=True)
    assert (report.counts.rank, report.counts.dim, report.holds) == (parts, 2, complete)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: 2 * x, "expected a layer with parameters"),
        (
            nn.Sequential(Conv(lambda w: w), nn.Tanh()),
            "expected a layer that is linear in its input, Sequential is not",
        ),
    ],
)
def test_what_is_no_linear_layer_is_said(f, message):
    with pytest.raises(ValueError, match=message):
        check_complete(f, PICTURE, "translations", out=Image)
