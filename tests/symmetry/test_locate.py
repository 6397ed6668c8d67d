"""The first broken layer is named: own error against inherited error, branches, residuals, containers."""

import copy

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import Electrons, Image, Links, PointFeatures, Points, Scalars, SignedLog, SiteMatrices, check
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.breakers.layers import break_layer
from gaugeflow.symmetry.checks.layers.locate import OUTSIDE
from gaugeflow.symmetry.examples.gauge_networks import CovariantNetwork
from gaugeflow.symmetry.examples.image_networks import PeriodicCNN
from gaugeflow.symmetry.examples.particle_networks import Determinant, PointNetwork


def normal(*size, seed=0):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def broken_at(f, x, group, out, **options):
    report = check(f, x, group, out=out, **options)
    assert not report.holds
    return report.findings[0].broken_at


def links(n=3):
    return Links(haar((2, 2, 2, 3), n, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("layer", range(4))
@pytest.mark.parametrize("strength", [1.0, 1e-8])
def test_each_layer_of_a_gauge_network(layer, strength):
    net = break_layer(CovariantNetwork(2, 4), f"layers.{layer}", lambda t: t + 0.3 * strength)
    report = check(net, links(), "gauge", out=SiteMatrices, trials=8)
    finding = report.findings[0]
    assert finding.broken_at == f"layers.{layer}"
    row = next(r for r in finding.layers if r.layer == f"layers.{layer}")
    assert row.own > 1e-10 * strength
    assert row.inherited < 1e-12
    before = [r for r in finding.layers if r.layer in {f"layers.{k}" for k in range(layer)}]
    assert all(r.own < 1e-12 for r in before)


def test_the_first_of_several_broken_layers():
    net = CovariantNetwork(2, 4)
    for layer in (3, 1):
        net = break_layer(net, f"layers.{layer}", lambda t: t + 0.3)
    assert broken_at(net, links(), "gauge", SiteMatrices) == "layers.1"


def test_zero_padding_in_the_middle_convolution_is_found_through_the_container():
    net = PeriodicCNN(layers=3)
    net.stack[2].padding_mode = "zeros"
    x = Image(normal(2, 1, 6, 6))
    assert broken_at(net, x, "translations", Image) == "stack.2"
    assert broken_at(lambda t: net(t), x, "translations", Image) == "stack.2"


def test_the_code_of_a_module_itself_is_blamed_where_its_layers_are_good():
    class Careless(PeriodicCNN):
        def forward(self, image):
            return self.stack(image * torch.linspace(1, 2, image.shape[-1], dtype=image.dtype))

    assert broken_at(Careless(), Image(normal(2, 1, 6, 6)), "translations", Image) == "Careless"


def test_the_code_around_the_modules_is_blamed_where_all_of_them_are_good():
    net = PeriodicCNN()

    def f(image):
        return net(image) * torch.linspace(1, 2, image.shape[-1], dtype=image.dtype)

    assert broken_at(f, Image(normal(2, 1, 6, 6)), "translations", Image) == OUTSIDE


class Residual(nn.Module):
    """h + broken(h) beside a good branch: h -> good(h)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(3, 8)
        self.bad = nn.Linear(8, 8)
        self.good = nn.Linear(8, 8)
        self.better = nn.Linear(8, 8)
        self.last = nn.Linear(8, 1)

    def forward(self, r):
        h = torch.tanh(self.first(r))
        branch = h + torch.tanh(self.bad(h))
        other = self.better(torch.tanh(self.good(h)))
        return self.last(branch + other).sum((1, 2))


def test_a_broken_residual_branch_beside_a_good_one():
    net = break_layer(Residual(), "bad", lambda t: t * torch.linspace(1, 2, t.shape[1], dtype=t.dtype)[:, None])
    assert broken_at(net, Points(normal(2, 5, 3)), "permutations", Scalars) == "bad"


class Flattens(nn.Module):
    """A layer whose hidden layout nobody knows, equivariant all the same, in front of a broken one."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.scramble = Scramble()
        self.unscramble = Unscramble()
        self.layer = nn.Linear(3, 4)

    def forward(self, r):
        h = self.unscramble(self.scramble(r))
        return self.layer(h).square().sum((1, 2))


class Scramble(nn.Module):
    def forward(self, r):
        return torch.stack([r.flatten(1), r.flatten(1).flip(1)], dim=2)


class Unscramble(nn.Module):
    def forward(self, t):
        return t[:, :, 0].reshape(len(t), -1, 3)


def test_a_layer_with_an_unknown_layout_is_excused_if_its_consumer_is_right():
    net = break_layer(Flattens(), "layer", lambda t: t * torch.linspace(1, 2, t.shape[1], dtype=t.dtype)[:, None])
    assert broken_at(net, Points(normal(2, 5, 3)), "permutations", Scalars) == "layer"


def test_layers_of_a_wavefunction_and_of_a_point_cloud_network():
    ramp = torch.linspace(1, 2, 5, dtype=torch.float64)[:, None]
    net = break_layer(Determinant(3, 2), "backbone.1.own", lambda t: t * ramp.to(t.dtype))
    assert broken_at(net, Electrons(normal(2, 5, 3), n_up=3), "spin-fermions", SignedLog) == "backbone.1.own"
    x = (Points(normal(2, 5, 3)), PointFeatures(normal(2, 5, 2, seed=1)))
    out = (lambda v: PointFeatures(v, rank=1), PointFeatures)
    cloud = break_layer(PointNetwork(), "messages.1", lambda t: t.relu() if t.shape[-1] == 3 else t)
    assert broken_at(cloud, x, "euclidean", out) == "messages.1"


def test_the_path_through_the_layers_may_depend_on_the_input():
    class Switch(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.one, self.two = nn.Linear(3, 1), nn.Linear(3, 1)

        def forward(self, r):
            chosen = [self.one if row[0, 0] > 0 else self.two for row in r]
            return torch.stack([layer(row).sum() for layer, row in zip(chosen, r, strict=True)])

    place = broken_at(Switch(), Points(normal(3, 5, 3)), "permutations", Scalars)
    assert place.startswith("the path through the layers changes at")


def test_a_function_of_one_example_and_a_batch_in_second_place():
    net = break_layer(Residual(), "bad", lambda t: t * torch.linspace(1, 2, t.shape[-2], dtype=t.dtype)[:, None])

    def single(r):
        return net(r.unsqueeze(0))[0]

    def second(r):
        return net_second(r.transpose(0, 1))

    assert broken_at(single, Points(normal(2, 5, 3)), "permutations", Scalars, batched=False) == "bad"

    class Second(Residual):
        def forward(self, r):
            h = torch.tanh(self.first(r))
            return self.last(h + torch.tanh(self.bad(h))).sum((0, 2))

    ramp = torch.linspace(1, 2, 5, dtype=torch.float64)[:, None, None]
    net_second = break_layer(Second(), "bad", lambda t: t * ramp.to(t.dtype))
    assert broken_at(second, Points(normal(2, 5, 3)), "permutations", Scalars) == "bad"


def test_the_search_leaves_the_model_alone():
    net = break_layer(CovariantNetwork(2, 2), "layers.0", lambda t: t + 0.3)
    before = copy.deepcopy(net.state_dict())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()]
    broken_at(net, links(), "gauge", SiteMatrices)
    assert [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()] == hooks
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_a_function_without_layers_has_no_broken_layer():
    assert broken_at(lambda r: r[:, 0, 0], Points(normal(2, 3, 3)), "permutations", Scalars) is None


def test_in_place_activations_do_not_confuse_the_search():
    torch.manual_seed(0)
    kinds = {"padding": 1, "padding_mode": "circular"}
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, **kinds), nn.ReLU(inplace=True), nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(inplace=True)
    )
    assert broken_at(net, Image(normal(2, 1, 6, 6)), "translations", Image) == "2"
