"""Routes under autograd, torch.func and no_grad, and as modules."""

import copy
import pickle
from collections import namedtuple
from functools import partial

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap

from gaugeflow.symmetry import Image, Links, PointFeatures, Points, Scalars, SignedLog, SiteMatrices, routes
from tests.symmetry.routes.test_harness import POINTS, SU2, U1, matrices, mixed, number, number_of_links, psi
from tests.symmetry.samples import normal

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch itself, in forward mode
PICTURE = normal(2, 1, 3, 3)
ROUTES = {
    "average": (routes.Average(number, Image, "d4", out=Scalars), PICTURE),
    "average of electrons": (
        routes.Average(lambda r: psi(r)[1], Points, "permutations", out=Scalars),
        POINTS.data[:, :3],
    ),
    "frame": (routes.Frame(number, Image, "d4", out=Scalars), PICTURE),
    "frame of points": (routes.Frame(number, Points, "euclidean", out=Scalars), POINTS.data),
    "canonical": (routes.Canonical(number, Image, "d4", out=Scalars), PICTURE),
    "canonical of points": (routes.Canonical(number, Points, "euclidean", out=Scalars), POINTS.data),
    "canonical order": (routes.Canonical(number, Points, "permutations", out=Scalars), POINTS.data),
    "canonical of angles": (routes.Canonical(number_of_links, Links, "gauge", out=Scalars), U1.data),
}


@pytest.mark.parametrize("name", ROUTES)
def test_derivatives_in_all_modes_are_those_of_differences(name):
    route, x = ROUTES[name]
    direction, h = normal(*x.shape, seed=8), 1e-5

    def total(x):
        return route(x).sum()

    slope = (total(x + h * direction) - total(x - h * direction)) / (2 * h)
    leaf = x.clone().requires_grad_(True)
    total(leaf).backward()
    assert (leaf.grad * direction).sum() == pytest.approx(float(slope), rel=1e-6)
    assert torch.allclose(grad(total)(x), leaf.grad)
    assert torch.allclose(jacfwd(total)(x), leaf.grad)
    assert torch.allclose(jacrev(route)(x).sum(0), leaf.grad)
    bend = (grad(total)(x + h * direction) - grad(total)(x - h * direction)) / (2 * h)
    second = hessian(total)(x).reshape(x.numel(), x.numel()) @ direction.flatten()
    assert torch.allclose(second, bend.flatten(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in ROUTES if name != "canonical order"])
def test_one_entry_at_a_time_is_the_batch(name):
    route, x = ROUTES[name]
    assert torch.allclose(vmap(lambda one: route(one.unsqueeze(0))[0])(x), route(x))


def test_the_gauge_of_the_tree_is_differentiable():
    """Along U -> exp(i s H) U, with the eigenframe of the root in the way."""
    h = torch.randn(SU2.data.shape, dtype=SU2.data.dtype, generator=torch.Generator().manual_seed(1))
    h = h - h.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None] * torch.eye(2)
    h = h + h.mH
    route = routes.Canonical(matrices, Links, "gauge", out=SiteMatrices)

    def total(s):
        y = route(torch.linalg.matrix_exp(1j * s * h) @ SU2.data)
        return (y * h[:, :1]).sum().imag

    slope = (total(torch.tensor(1e-5)) - total(torch.tensor(-1e-5))) / 2e-5
    zero = torch.zeros((), dtype=torch.float64)
    assert grad(total)(zero) == pytest.approx(float(slope), rel=1e-6)
    assert jacfwd(total)(zero) == pytest.approx(float(slope), rel=1e-6)


def test_an_average_of_one_third_of_the_elements_in_chunks_is_the_whole():
    whole = routes.Average(psi, Points, "fermions", out=SignedLog)
    parts = routes.Average(psi, Points, "fermions", out=SignedLog, chunk_size=7)
    sign, log = whole(POINTS.data)
    assert torch.equal(parts(POINTS.data)[0], sign)
    assert torch.allclose(parts(POINTS.data)[1], log)


class Network(nn.Module):
    colour = "blue"

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(9, 1).double()

    def forward(self, p):
        return self.layer(p.flatten(1)).tanh()[:, 0]


def test_a_module_stays_a_module_with_its_attributes():
    network = Network()
    route = routes.Average(network, Image, "c4", out=Scalars)
    assert isinstance(route, nn.Module)
    assert (route.colour, route.layer) == ("blue", network.layer)
    assert [name for name, _ in route.named_parameters()] == ["f.layer.weight", "f.layer.bias"]
    with pytest.raises(AttributeError, match="smell"):
        _ = route.smell
    doubled = {name: 2 * p for name, p in route.named_parameters()}
    assert not torch.allclose(functional_call(route, doubled, (PICTURE,)), route(PICTURE))
    route(PICTURE).sum().backward()
    assert network.layer.weight.grad.abs().sum() > 0
    with torch.no_grad():
        assert not route(PICTURE).requires_grad
    twin = copy.deepcopy(route)
    assert torch.equal(twin(PICTURE), route(PICTURE))
    assert twin.f is not network
    twin.load_state_dict(route.state_dict())
    assert torch.equal(pickle.loads(pickle.dumps(route))(PICTURE), route(PICTURE))
    assert route.eval().f.training is False


def test_named_tuples_dicts_and_several_arguments_come_back_as_they_were():
    pair = namedtuple("pair", "sign log")
    route = routes.Average(lambda r: pair(*psi(r)), Points, "fermions", out=SignedLog)
    assert isinstance(route(POINTS.data), pair)
    both = routes.Average(
        lambda r, q: {"energy": number(r, q), "force": mixed((r, q), 12).reshape(-1, 4, 3)},
        (Points, PointFeatures),
        "permutations",
        out={"energy": Scalars, "force": partial(PointFeatures, rank=1)},
    )
    assert set(both(POINTS.data, normal(2, 4))) == {"energy", "force"}
    named = routes.Average(lambda p: number(p), {"p": Image}, "c4", out=Scalars)
    assert torch.allclose(named(p=PICTURE), routes.Average(number, Image, "c4", out=Scalars)(PICTURE))


def test_what_a_route_costs():
    assert routes.Average(number, Image, "d4", out=Scalars).cost(PICTURE) == 8
    assert routes.Average(number, Links, "gauge", out=Scalars, samples=5).cost(SU2.data) == 5
    assert routes.Canonical(number, Links, "gauge", out=Scalars).cost(SU2.data) == 1
    assert routes.Canonical(number, Image, "d4", out=Scalars).cost(PICTURE) == 1
    assert routes.Canonical(number, Image, "d4", out=Scalars).cost(torch.ones(1, 1, 3, 3)) == 8
    assert 1 <= routes.Frame(number, Image, "d4", out=Scalars).cost(PICTURE) < 8
    assert routes.Frame(number, Points, "rotations", out=Scalars).cost(POINTS.data) <= 12
    assert routes.Ensemble([number] * 3, Image, "d4", out=Scalars).cost(PICTURE) == 3
