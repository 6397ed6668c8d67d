"""Layers between the updates of a protocol: which links they move, what they learn, and that weights stay exact."""

import itertools

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import (
    EquilibriumBase,
    HaarBase,
    ScaledAction,
    StoutStep,
    Work,
    learned_layers,
    linear_times,
    protocol,
)
from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    SYMANZIK,
    Defect,
    RectangleAction,
    WilsonAction,
    charge_geometric,
    cold_start,
    hot_start,
    plaquette,
)
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HeatBath

U1, BETA = get_group("u1"), 4.0


def defect(t: float) -> WilsonAction:
    return WilsonAction(2, BETA).weighted(Defect(2, t) if t < 1 else None)


def random_step(shape, before, after, generator) -> StoutStep:
    layer = StoutStep(shape, before, after)
    layer.coefficients.data.normal_(generator=generator)
    return layer


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
def test_it_moves_the_links_whose_loops_differ_and_no_others(group, generator):
    """A defect of two links weakens three plaquettes in a row, which have four links across it and six along it."""
    links = hot_start(group, (5, 6), generator, 2)
    assert torch.equal(StoutStep((5, 6), defect(0.1), defect(0.4))(links)[0], links), "the identity at first"
    layer = random_step((5, 6), defect(0.1), defect(0.4), generator)
    assert int(layer.links.sum()) == 4 + 6
    moved = (layer(links)[0] - links).abs().view(2, 2, 5, 6, -1).amax(-1) > 1e-9
    assert torch.equal(moved.all(0), layer.links)
    assert torch.equal(moved.any(0), layer.links)


def test_the_log_determinant_is_that_of_all_colours_one_after_another(generator):
    """Of angles, whose Jacobian autograd gives; a row where all colours move at once has another."""
    layer, angles = random_step((3, 4), defect(0.1), defect(0.4), generator), hot_start("u1", (3, 4), generator)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[0], angles).view(24, 24)
    assert float(layer(angles)[1].detach()) == pytest.approx(float(torch.linalg.slogdet(jacobian).logabsdet), abs=1e-10)


@pytest.mark.parametrize(("group", "coefficient"), [("u1", -1 / 4), ("su2", -1 / 12), ("su3", -1 / 32)])
def test_from_haar_to_strong_coupling_it_learns_the_first_order_of_the_trivializing_map(group, coefficient, generator):
    """``v = -beta grad E / 4C``, arXiv:0907.5491: of each staple ``-beta / 8NC``, for U(1) ``-beta / 4``."""
    beta, base = 0.05, HaarBase(get_group(group), (4, 4))
    (layer,) = learned_layers(base, lambda t: WilsonAction(2, beta * t), [0.0, 1.0], HeatBath, 200, generator)
    raw = layer.coefficients.detach()
    assert raw.shape == (1,)
    assert float(0.9 * raw[0] / (1 + 4 * raw[0].abs())) == pytest.approx(beta * coefficient, rel=0.05)


def closing(steps, layers=()):
    base = EquilibriumBase(U1, (4, 4), HeatBath(defect(0.0), 1), defect(0.0), 40, between=2)
    region = Defect(2, 0.0).around(1)
    return base, protocol(
        base, defect, linear_times(steps), lambda action: HeatBath(action, 1, region=region), layers=layers
    )


def test_with_any_layers_the_periodic_lattice_is_exact(generator):
    times = linear_times(6)
    layers = [StoutStep((4, 4), defect(a), defect(b)) for a, b in itertools.pairwise(times)]
    for layer in layers:
        layer.coefficients.data.normal_(0, 0.05, generator=generator)
    _, flow = closing(6, layers)
    links, log_w = flow.sample(2000, generator)
    weights, exact = Work(log_w.numpy(), 5).weights, Exact2D("u1", (4, 4), BETA)
    for samples, value in ((charge_geometric(links) ** 2, exact.charge_squared), (plaquette(links), exact.plaquette)):
        found = weights.mean(samples.numpy())
        assert abs(found.value - float(value)) < 4 * found.error
        assert found.error < 0.2 * found.value


def test_learned_layers_halve_the_variance_of_the_work(generator):
    base, plain = closing(4)
    region = Defect(2, 0.0).around(1)
    layers = learned_layers(
        base, defect, linear_times(4), lambda action: HeatBath(action, 1, region=region), 300, generator
    )
    variances = [Work(flow.sample(1500, generator)[1].numpy(), 3).variance for flow in (plain, closing(4, layers)[1])]
    assert variances[1] < 0.7 * variances[0]


ONE_SAMPLE = (HaarBase(U1, (4, 4)), lambda t: WilsonAction(2, t), [0.0, 1.0], HeatBath, 1, torch.Generator())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StoutStep((4, 4), defect(0.5), defect(0.5)), "two actions that differ"),
        (lambda: StoutStep((4, 4), ScaledAction(defect(0.5), 0.5), defect(0.5)), "two actions made of Wilson loops"),
        (lambda: learned_layers(*ONE_SAMPLE), "two samples or more"),
        (lambda: StoutStep((4, 4), defect(0.5), RectangleAction(2, 4.0, SYMANZIK)), "two actions of the same loops"),
        (lambda: StoutStep((4, 4), defect(0.5), defect(1.0), bound=1.5), "bound between 0 and 1"),
        (lambda: StoutStep((4, 4), defect(0.5), defect(1.0))(cold_start("u1", (4, 6))), r"lattice \(4, 4\)"),
        (lambda: closing(3, [StoutStep((4, 4), defect(0.5), defect(1.0))]), "a layer for each of 3 steps, got 1"),
    ],
    ids=["no difference", "no loops", "one sample", "other loops", "bound", "lattice", "count"],
)
def test_what_it_refuses(make, message):
    with pytest.raises(UserError, match=message):
        make()
