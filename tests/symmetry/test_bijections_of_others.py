"""Flows as other people write them: accumulators in float32, bounded domains, estimates, `(B, 1)`, detached outputs."""

import math

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import Scalars, SiteScalars, Verdict, check_invertible, check_logdet
from tests.symmetry.samples import field


def shear(phi, wrong=0.0):
    y = phi + 0.5 * torch.tanh(phi)
    return y, (1 + (0.5 + wrong) / torch.cosh(phi) ** 2).log().sum((1, 2))


def test_an_accumulator_in_float32():
    def forward(phi, wrong=0.0):
        y, log_det = shear(phi, wrong)
        total = torch.zeros(len(phi))
        total += log_det.float()
        return y, total

    assert check_logdet(forward, field(2, 1, 4)).holds
    assert check_logdet(lambda phi: forward(phi, 1e-2), field(2, 1, 4)).verdict is Verdict.BROKEN


def unit_interval(*size):
    return Scalars(torch.rand(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.98 + 0.01)


def test_a_flow_on_the_unit_interval():
    def logit(p, factor=1.0):
        return (p / (1 - p)).log(), -factor * (p * (1 - p)).log().sum(1)

    def sigmoid(x):
        return x.sigmoid(), (x.sigmoid() * (1 - x.sigmoid())).log().sum(1)

    x = unit_interval(3, 4)
    report = check_logdet(logit, x)
    assert report.holds
    at_the_end = Scalars(0.9 + 0.1 * x.data)
    assert "random inputs were left out" in str(check_logdet(logit, at_the_end))
    assert "left out" not in str(check_logdet(logit, at_the_end, fresh=False))
    assert check_logdet(lambda p: logit(p, 1.01), x).verdict is Verdict.BROKEN
    assert check_invertible(logit, sigmoid, x).holds
    assert check_invertible(lambda p: p.atanh(), lambda y: y.tanh(), x).holds
    assert not check_invertible(lambda p: p.atanh(), lambda y: y.tanh() * (1 + 1e-9), x).holds


def test_an_estimated_log_determinant():
    noise = torch.Generator().manual_seed(0)

    def forward(phi, wrong=0.0):
        y, log_det = shear(phi, wrong)
        return y, log_det + 1e-3 * torch.randn(len(phi), generator=noise, dtype=torch.float64).to(phi.dtype)

    report = check_logdet(forward, field(2, 1, 4))
    assert report.verdict is Verdict.RANDOM
    assert "tolerance" in str(report)
    assert report.exit_code == 2
    assert check_logdet(forward, field(2, 1, 4), tolerance=1e-2).holds
    assert not check_logdet(lambda phi: forward(phi, 0.1), field(2, 1, 4), tolerance=1e-2).holds


def test_log_determinants_with_an_axis_of_one():
    def forward(phi, wrong=0.0):
        y, log_det = shear(phi, wrong)
        return y, log_det[:, None]

    assert check_logdet(forward, field(2, 1, 4)).holds
    assert check_logdet(lambda phi: forward(phi, 1e-6), field(2, 1, 4)).verdict is Verdict.BROKEN


def test_outputs_that_are_detached():
    def forward(phi, wrong=0.0):
        with torch.no_grad():
            return shear(phi, wrong)

    assert check_logdet(forward, field(2, 1, 4)).holds
    assert check_logdet(lambda phi: forward(phi, 1e-6), field(2, 1, 4)).verdict is Verdict.BROKEN


def test_a_map_in_one_precision_only():
    def forward(phi):
        if phi.dtype is torch.float64:
            raise TypeError("float32 expected")
        return shear(phi)

    single = SiteScalars(field(2, 1, 4).data.float())
    assert check_logdet(forward, single).holds
    assert check_logdet(forward, field(2, 1, 4)).verdict is Verdict.RAISED


class Layer(nn.Module):
    def __init__(self, wrong=0.0):
        super().__init__()
        self.wrong = wrong

    def forward(self, phi):
        return shear(phi, self.wrong)


class Flow(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, phi):
        total = 0
        for layer in self.layers:
            phi, log_det = layer(phi)
            total = total + log_det
        return phi, total


def test_the_layer_with_the_wrong_log_determinant_is_named():
    assert check_logdet(Flow(Layer(), Layer()), field(2, 1, 4)).holds
    report = check_logdet(Flow(Layer(), Layer(1e-3), Layer()), field(2, 1, 4))
    assert report.findings[0].broken_at == "layers.1"
    assert math.isclose(max(row.own for row in report.findings[0].layers if row.layer == "layers.0"), 0, abs_tol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_modules_are_cast_and_left_alone(dtype):
    torch.manual_seed(0)
    scale = nn.Linear(4, 4).to(dtype)

    def forward(phi):
        flat = scale(phi.flatten(1))
        return flat.reshape(phi.shape), torch.linalg.slogdet(scale.weight).logabsdet.expand(len(phi))

    assert check_logdet(forward, field(2, 1, 4)).holds
    assert all(p.dtype is dtype and p.requires_grad for p in scale.parameters())
