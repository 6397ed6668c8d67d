"""Right gradients in small units and beside kinks hold, and wrong ones do not."""

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import Points, SiteScalars, Verdict, check_gradient
from tests.symmetry.samples import normal


@pytest.mark.parametrize("unit", [1e-10, 1e-3, 1e6])
def test_gradients_in_any_unit(unit):
    x = Points(unit * normal(2, 3, 3))

    def energy(r):
        return (r / unit).sin().square().sum((1, 2)) * 1e-18

    def force(r):
        return (2 * r / unit).sin() / unit * 1e-18

    assert check_gradient(energy, force, x).holds
    assert check_gradient(energy, None, x).holds
    assert check_gradient(energy, lambda r: force(r) * (1 + 1e-6), x).verdict is Verdict.BROKEN


class Rectified(nn.Module):
    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, phi):
        return self.layers(phi.flatten(1)).squeeze(1)


@pytest.mark.parametrize("seed", range(10))
def test_kinks_do_not_fail_a_right_gradient(seed):
    network, x = Rectified(seed), SiteScalars(normal(3, 1, 6, seed=seed))
    assert check_gradient(network, None, x, seed=seed).holds
    detached = check_gradient(lambda phi: network(phi) + 0.01 * network(phi).detach(), None, x, seed=seed)
    assert detached.verdict is Verdict.BROKEN


def test_a_function_that_is_smooth_nowhere_is_not_passed():
    def noise(phi):
        return (1e9 * phi).sin().sum((1, 2)) + phi.sum((1, 2))

    report = check_gradient(noise, lambda phi: torch.ones_like(phi), SiteScalars(normal(2, 1, 4)))
    assert not report.holds


def test_a_function_that_computes_in_float32():
    x = SiteScalars(normal(2, 1, 4))
    f = lambda phi: phi.float().sin().sum((1, 2)).double()  # noqa: E731
    assert check_gradient(f, lambda phi: phi.cos(), x).holds
    assert check_gradient(f, lambda phi: 1.1 * phi.cos(), x).verdict is Verdict.BROKEN
