"""Refinement of two-dimensional fields: the exact sampler against closed forms, and the flow against both."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, HaarBase, PeelingFlow, RefinementFlow
from gaugeflow.flows.refinement.fit import fit_split, split_data
from gaugeflow.flows.refinement.flow import split_areas
from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.groups import get_group
from gaugeflow.lattice import RectangleAction, WilsonAction, charge_geometric, cold_start, wilson_loop
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.lattice.refinement.cells import cell_loops, coarsen, refine, refinement_axes
from gaugeflow.lattice.refinement.weight import AreaWeight
from gaugeflow.montecarlo import ExactSampler
from gaugeflow.montecarlo.exact.split import SplitLaw

pytestmark = pytest.mark.slow

COUPLINGS = {"u1": 7.0, "su2": 2.7, "su3": 6.0}


def draw(group, shape, beta, count, generator):
    start = cold_start(group, shape, count)
    return ExactSampler(WilsonAction(2, beta)).update(start, generator)[0]


def assert_mean(samples, exact, errors=4.0):
    samples = samples.double()
    error = float(samples.std()) / math.sqrt(len(samples))
    assert abs(float(samples.mean()) - float(exact)) < errors * error, (float(samples.mean()), float(exact), error)


# The map between coarse and fine links


@pytest.mark.parametrize("group", COUPLINGS)
def test_refining_adds_what_coarsening_takes_away(group, generator):
    group = get_group(group)
    links = group.haar((2, 2, 1, 1), generator)
    for axis in refinement_axes((2, 4)):
        sites = (2, *links.shape[2:4])
        first, loops = group.haar(sites, generator), group.haar(sites, generator)
        fine = refine(group, links, axis, first, loops)
        for given, found in zip((links, first, loops), coarsen(group, fine, axis), strict=True):
            assert torch.allclose(group.trace(group.mul(given, group.dagger(found))).real, torch.ones(()).double())
        # the two halves of a cell make the cell
        whole = cell_loops(group, links, axis)
        left = cell_loops(group, fine, axis)
        halves = left.unflatten(axis + 1, (-1, 2)).unbind(axis + 2)
        right = group.mul(first, group.mul(halves[1], group.dagger(first)))
        assert torch.allclose(group.trace(group.mul(right, loops)), group.trace(whole))
        assert torch.allclose(group.trace(halves[0]), group.trace(loops))
        links = fine


# The weights of areas


@pytest.mark.parametrize(("name", "beta"), [*COUPLINGS.items(), ("su3", 0.5), ("u1", 0.0)])
def test_areas_add(name, beta, generator):
    """``int dU w_A(U) w_B(U^dagger M) = w_{A+B}(M)``, which A = B = 1 starts from the Boltzmann weight itself."""
    group = get_group(name)
    u, m = group.haar((20_000,), generator), group.haar((1,), generator)
    for area in (1, 2):
        weight, whole = AreaWeight(group, beta, area), AreaWeight(group, beta, 2 * area)
        product = weight(u) * weight(group.mul(group.dagger(u), m))
        if beta:
            assert_mean(product, whole(m))
            assert_mean(weight(u), 1.0)
        assert float(weight(group.identity((1,)))) == pytest.approx(weight.peak, rel=1e-12)
        assert torch.allclose(weight.log(u).exp(), weight(u), rtol=1e-9)


# The exact sampler


@pytest.mark.parametrize(("group", "count"), [("u1", 1000), ("su2", 400), ("su3", 80)])
def test_exact_sampler_on_sixteen_by_sixteen(group, count, generator):
    beta = COUPLINGS[group]
    links = draw(group, (16, 16), beta, count, generator)
    exact = Exact2D(group, (16, 16), beta)
    assert_mean(wilson_loop(links, 1, 1), exact.plaquette)
    assert_mean(wilson_loop(links, 1, 2), exact.wilson_loop(1, 2))
    assert_mean(wilson_loop(links, 2, 2), exact.wilson_loop(2, 2))
    if group == "u1":
        assert_mean(charge_geometric(links) ** 2, exact.charge_squared)
        assert float(exact.charge_squared) == pytest.approx(1.0064, abs=5e-5)


@pytest.mark.parametrize(("group", "beta"), [("u1", 3.0), ("su2", 4.0), ("su3", 3.0)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (4, 2)])
def test_exact_sampler_where_the_torus_is_felt(group, beta, shape, generator):
    exact = Exact2D(group, shape, beta)
    links = draw(group, shape, beta, 4000, generator)
    if shape != (1, 1) or group != "u1":
        assert_mean(wilson_loop(links, 1, 1), exact.plaquette)
    if shape == (4, 2):
        assert_mean(wilson_loop(links, 2, 2), exact.wilson_loop(2, 2))
        assert_mean(wilson_loop(links, 3, 1), exact.wilson_loop(3, 1))


def test_exact_samples_are_independent(generator):
    sampler, links = ExactSampler(WilsonAction(2, 5.0)), cold_start("u1", (8, 8), 50)
    history = []
    for _ in range(40):
        links, _ = sampler.update(links, generator)
        history.append(charge_geometric(links).double())
    charge = torch.stack(history)
    correlation = (charge[1:] * charge[:-1]).flatten() / (charge**2).mean()
    assert abs(float(correlation.mean())) < 4 / math.sqrt(len(correlation))


@pytest.mark.parametrize("area", [1, 2, 16])
def test_conditional_of_u1_by_kolmogorov_and_smirnov(area, generator):
    group, count = get_group("u1"), 20_000
    m = torch.tensor([2.5], dtype=torch.float64)
    weight = AreaWeight(group, 7.0, area)
    x = np.sort(np.remainder(SplitLaw(group, 7.0, area).draw(m.expand(count), generator).numpy(), 2 * np.pi))
    grid = torch.linspace(0, 2 * math.pi, 20_001, dtype=torch.float64)
    density = (weight(grid) * weight(m - grid)).numpy()
    steps = (density[1:] + density[:-1]) / 2
    cumulative = np.concatenate(([0.0], steps.cumsum())) / steps.sum()
    distance = np.abs(np.interp(x, grid.numpy(), cumulative) - (np.arange(count) + 0.5) / count).max()
    assert distance * math.sqrt(count) < 1.95  # exceeded once in a thousand


@pytest.mark.parametrize(("group", "beta"), [("su2", 2.7), ("su3", 4.0)])
@pytest.mark.parametrize("area", [1, 2, 4])
def test_conditionals_of_sun_against_weighted_haar_samples(group, beta, area, generator):
    group = get_group(group)
    m = group.haar((1,), generator)
    drawn = SplitLaw(group, beta, area).draw(m.expand(10_000, -1, -1), generator)
    haar = group.haar((60_000,), generator)
    weight = AreaWeight(group, beta, area)
    density = weight(haar) * weight(haar.mH @ m) / AreaWeight(group, beta, 2 * area)(m)

    def statistics(u):
        loops = (u, u @ u, u @ m, u @ m.mH, u @ m @ u @ m.mH)
        return torch.stack([group.trace(loop).real for loop in loops])

    here, there = statistics(drawn), statistics(haar) * density
    variance = here.var(1) / here.shape[1] + there.var(1) / there.shape[1]
    assert ((here.mean(1) - there.mean(1)).abs() < 4 * variance.sqrt()).all()


def test_what_the_exact_sampler_keeps_of_the_field(generator):
    start = cold_start("su2", (4, 2), 3, torch.float32)
    links, info = ExactSampler(WilsonAction(2, 2.0)).update(start, generator)
    assert (links.shape, links.dtype, info) == (start.shape, start.dtype, {})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: draw("u1", (6, 4), 1.0, 1, g), "powers of two, got (6, 4)"),
        (lambda g: draw("su4", (4, 4), 1.0, 1, g), "expected u1, su2 or su3, got su4"),
        (lambda g: ExactSampler(WilsonAction(3, 1.0)), "Wilson's action in two dimensions"),
        (lambda g: ExactSampler(RectangleAction(2, 1.0, -0.3)), "Wilson's action in two dimensions"),
        (lambda g: ExactSampler(WilsonAction(2, -1.0)), "expected beta >= 0, got -1"),
    ],
)
def test_what_the_exact_sampler_cannot_serve_is_said(call, message, generator):
    with pytest.raises(UserError) as caught:
        call(generator)
    assert message in str(caught.value)


# The flow


@pytest.mark.parametrize("name", COUPLINGS)
@pytest.mark.parametrize(("area", "centred"), [(1, False), (2, False), (1, True)])
def test_the_law_sees_the_learned_coordinates_alone(name, area, centred, generator):
    """L of other coordinates that have Haar's law, and of another rest, has the same density given M."""
    group = get_group(name)
    split, weight = SplitFlow(group, area, 2, [2], generator, centred=centred), AreaWeight(group, 2.0, area)
    m, other = group.haar((50,), generator), group.haar((50,), generator)
    loops = group.haar((50,), generator)
    frame, _ = split.frame(m)
    (coordinates, _), (others, rest) = split.chart.read(loops, frame), split.chart.read(other, frame)
    for i in split.learned:
        others[:, i] = coordinates[:, i]
    new = split.chart.write(others, rest, frame)

    def density(u):
        return weight(u) if centred else weight(u) * weight(group.mul(group.dagger(u), m))

    assert torch.allclose(density(new), density(loops), rtol=1e-9)
    assert not torch.allclose(new, loops)


def mean_square(split, group, beta, area, generator):
    """E_p (log p - log q)^2, the variance of the log-weight that one loop adds."""
    data = split_data(split, group, beta, area, 4000, generator, ((1.0, 1.0),))
    with torch.no_grad():
        return float(((data.log_p - split.log_density(data.coordinates, data.context)) ** 2).mean())


@pytest.mark.parametrize(
    ("name", "area", "centred"),
    [("u1", 1, False), ("su2", 1, False), ("su3", 1, False), ("su3", 2, False), ("su3", 1, True)],
)
def test_jacobian_of_the_fit(name, area, centred, generator):
    group = get_group(name)
    split = SplitFlow(group, area, 4, [5], generator, centred=centred)
    for weight in split.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    data = split_data(split, group, 2.0, area, 4, generator, ((1.0, 1.0),))
    log_q, jacobians = split.log_density_jacobian(data.coordinates, data.context)
    direct = split.log_density(data.coordinates, data.context)
    assert torch.allclose(log_q, direct)
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(value, split.parameters(), retain_graph=True)])
        for value in direct
    ]
    assert torch.allclose(torch.cat(jacobians, 1), torch.stack(rows))


@pytest.mark.parametrize("name", ["u1", "su2", "su3"])
@pytest.mark.parametrize(("area", "centred"), [(1, False), (2, False), (1, True)])
def test_density_is_that_of_the_samples(name, area, centred, generator):
    """With z Haar-distributed and x = f(z), E[p / q] = 1 for any normalised p, here w_1(L) w_1(L^dagger M) / w_2(M)."""
    group, beta = get_group(name), 1.0
    split = SplitFlow(group, area, 4, [5], generator, centred=centred)
    for weight in split.parameters():
        weight.data += 0.1 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    z, m = group.haar((4000,), generator), group.haar((4000,), generator)
    with torch.no_grad():
        loops, log_det = split(z, m)
        back, other = split.inverse(loops, m)
    assert torch.allclose(group.trace(group.mul(back, group.dagger(z))).real, torch.ones(()).double())
    assert torch.allclose(log_det, -other)
    one, two = AreaWeight(group, beta, 1), AreaWeight(group, beta, 2)
    assert_mean(one(loops) * one(group.mul(group.dagger(loops), m)) / two(m) * log_det.exp(), 1.0)


def test_the_ends_of_a_coordinate_in_single_precision(generator):
    """sin z underflows at z = pi, where U(1) has no sine in its measure."""
    split = SplitFlow(get_group("u1"), 1, 8, [8], generator).to(torch.float32)
    m = torch.linspace(-3, 3, 50)
    with torch.no_grad():
        for loops in (m / 2, m / 2 + math.pi):
            assert split.inverse(loops, m)[1].isfinite().all()


@pytest.mark.parametrize(
    ("name", "beta", "area", "centred"),
    [("u1", 3.0, 1, False), ("u1", 3.0, 4, False), ("su2", 2.0, 2, False), ("su3", 6.0, 1, True)],
)
def test_fit_of_a_conditional(name, beta, area, centred, generator):
    group, rows = get_group(name), []
    split = SplitFlow(group, area, 8, [8], generator, centred=centred)
    before = mean_square(split, group, beta, area, generator)
    fit_split(split, group, beta, area, generator, 2000, 0, 10, rows.append)
    assert mean_square(split, group, beta, area, generator) < 2e-3 * before
    squares = [row["mean_square"] for row in rows]
    assert squares[0] > squares[4]  # these on the same data, on which no step goes up
    assert all(after <= square for square, after in pairwise(squares[:5]))


@pytest.mark.parametrize(("kind", "name", "beta"), [(RefinementFlow, "u1", 2.0), (PeelingFlow, "su2", 1.0)])
def test_flow_against_the_exact_partition_function(kind, name, beta, generator):
    """The weights know log Z of a lattice that the fit has never seen, and hardly fluctuate."""
    group, shape = get_group(name), (4, 8)
    layer = kind(group, shape, split_areas(group, beta), 8, [8], generator)
    for area, split in layer.laws():
        fit_split(split, group, beta, area, generator, 1500, 0, 6, lambda row: None)
    flow = GaugeFlow(HaarBase(group, shape), [layer], WilsonAction(2, beta))
    with torch.no_grad():
        x, log_q = flow.sample(400, generator)
        log_w = flow.log_weight(x, log_q) - float(Exact2D(group.name, shape, beta).log_z)
    assert_mean(log_w.exp(), 1.0, errors=5.0)
    assert float(log_w.var()) < 0.05
    assert torch.allclose(flow.log_prob(x), log_q)
    other = kind(group, (8, 16), split_areas(group, beta), 8, [8], generator)
    other.load_state_dict(layer.state_dict())  # the parameters do not know the lattice


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        (RefinementFlow, (6, 4), "powers of two, got (6, 4)"),
        (RefinementFlow, (4, 4, 4), "powers of two, got (4, 4, 4)"),
        (PeelingFlow, (6, 3), "the second at least 4, got (6, 3)"),
    ],
)
def test_lattices_that_a_flow_cannot_serve_are_said(kind, shape, message, generator):
    with pytest.raises(UserError) as caught:
        kind(get_group("su2"), shape, [1, 2], 4, [4], generator)
    assert message in str(caught.value)
