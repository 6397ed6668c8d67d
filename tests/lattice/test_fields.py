"""Link fields, loops and observables: gauge invariance, constant and pure-gauge fields, other programs' numbers."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import U1, get_group
from gaugeflow.lattice import (
    charge_clover,
    charge_geometric,
    charge_improved,
    charge_plaquette,
    cold_start,
    creutz_ratio,
    energy_clover,
    energy_plaquette,
    gauge_transform,
    hot_start,
    lattice_shape,
    link_trace,
    loop_traces,
    plaquette,
    plaquette_planes,
    plaquette_spatial,
    plaquette_temporal,
    polyakov,
    shift,
    static_potential,
    unitarity_violation,
    wilson_lines,
    wilson_loop,
    wilson_loops,
)

LATTICES = [
    ("u1", (4, 6)),
    ("u1", (3, 2, 4)),
    ("su2", (5, 4)),
    ("su3", (2, 3, 4)),
    ("su3", (3, 2, 2, 4)),
    ("su4", (3, 3)),
]
INVARIANTS = {
    "plaquette_planes": plaquette_planes,
    "polyakov": polyakov,
    "wilson_loops": lambda links: wilson_loops(links, 2, 2),
    "energy_clover": energy_clover,
    "energy_plaquette": energy_plaquette,
    "loop at a site": lambda links: loop_traces(links, "+x +x +t -x -x -t"),
}
CHARGES = {"plaquette": charge_plaquette, "clover": charge_clover, "improved": charge_improved}


@pytest.fixture(params=LATTICES, ids=lambda case: f"{case[0]}-{'x'.join(map(str, case[1]))}")
def links(request, generator, dtype):
    name, shape = request.param
    return hot_start(get_group(name), shape, generator, 2, dtype)


def transformed(links, generator):
    w = get_group("u1") if links.is_floating_point() else get_group(f"su{links.shape[-1]}")
    return gauge_transform(links, w.haar((links.shape[0], *lattice_shape(links)), generator, links.real.dtype))


@pytest.mark.parametrize("name", INVARIANTS)
def test_gauge_invariance(links, name, generator, dtype):
    tolerance = 200 * torch.finfo(dtype).eps * links[0].numel() ** 0.5
    f = INVARIANTS[name]
    assert (f(links) - f(transformed(links, generator))).abs().max() < tolerance
    assert f(links).abs().max() > 1e-4


@pytest.mark.parametrize("name", CHARGES)
def test_charges_are_gauge_invariant_and_odd_under_reflection(name, generator):
    links = hot_start(get_group("su3"), (2, 3, 4, 3), generator)
    charge = CHARGES[name]
    assert torch.allclose(charge(transformed(links, generator)), charge(links), atol=1e-12)
    reflected = links.flip(2)  # x -> -x: U_x(x) becomes the inverse of the link that arrives
    reflected[:, 0] = shift(reflected[:, 0].mH, 0)
    if name != "plaquette":  # the one-sided plaquette is not covariant under reflections
        assert torch.allclose(charge(reflected), -charge(links), atol=1e-12)
    assert charge(links).abs().max() > 1e-3


def test_a_cold_field_is_trivial():
    for name, shape in LATTICES:
        links = cold_start(get_group(name), shape)
        assert torch.allclose(plaquette(links), torch.ones(1, dtype=torch.float64))
        assert torch.allclose(wilson_loops(links, 2, 2), torch.ones(1, 2, 2, dtype=torch.float64))
        assert torch.allclose(polyakov(links).real, torch.ones(1, dtype=torch.float64))
        assert torch.allclose(link_trace(links), torch.ones(1, dtype=torch.float64))
        assert energy_clover(links).abs().max() < 1e-15


def test_planes_average_to_the_plaquette(generator):
    links = hot_start(get_group("su2"), (2, 3, 4, 2), generator)
    mean = (plaquette_spatial(links) + plaquette_temporal(links)) / 2
    assert torch.allclose(mean, plaquette(links))
    assert bool(plaquette_spatial(hot_start(get_group("su2"), (3, 3), generator)).isnan().all())


def test_an_open_line_is_covariant(generator):
    group = get_group("su3")
    links = hot_start(group, (3, 4, 2), generator)
    w = group.haar((1, 3, 4, 2), generator)
    line = wilson_lines(links, "+x +x -t +y")
    expected = w @ line @ shift(shift(shift(w, 0, 2), 2, -1), 1).mH
    assert torch.allclose(wilson_lines(gauge_transform(links, w), "+x +x -t +y"), expected, atol=1e-13)


def test_a_line_is_the_product_that_it_says(generator):
    links = hot_start(get_group("su2"), (3, 4), generator)
    x, t, d = 2, 1, links[0]
    by_hand = d[0, x, t] @ d[1, (x + 1) % 3, t] @ d[0, x, (t + 1) % 4].mH @ d[1, x, t].mH
    assert torch.allclose(wilson_lines(links, (1, 2, -1, -2))[0, x, t], by_hand)
    several = wilson_lines(links, ["+x +t -x -t", "+x", "-t"])
    assert torch.allclose(several[0][0, x, t], by_hand)
    assert torch.equal(several[1], links[:, 0])
    assert torch.allclose(several[2][0, x, t], d[1, x, t - 1].mH)


def test_wilson_loops_agree_with_their_paths(generator):
    links = hot_start(get_group("su3"), (3, 4, 5), generator)
    loops = [(1, 1, 3, 3, 3, -1, -1, -3, -3, -3), (2, 2, 3, 3, 3, -2, -2, -3, -3, -3)]
    expected = loop_traces(links, loops).real.mean((0, 2, 3, 4))
    assert torch.allclose(wilson_loop(links, 2, 3), expected)


@pytest.mark.parametrize("size", [(2, 2), (2, 3), (3, 2)])
def test_every_entry_of_the_table_of_wilson_loops_is_its_path(size, generator):
    """R along x, T along t, which no square table of W(R, T) could tell from W(T, R)."""
    links = hot_start(get_group("su2"), (3, 4), generator, 2)
    table = wilson_loops(links, *size)
    for r in range(1, size[0] + 1):
        for t in range(1, size[1] + 1):
            path = " ".join(["+x"] * r + ["+t"] * t + ["-x"] * r + ["-t"] * t)
            assert torch.allclose(table[:, r - 1, t - 1], loop_traces(links, path).real.mean((1, 2)))


def test_a_polyakov_line_is_a_loop_that_winds(generator):
    links = hot_start(get_group("su3"), (3, 4), generator)
    assert torch.allclose(loop_traces(links, "+t +t +t +t").mean((1, 2)), polyakov(links))
    with pytest.raises(UserError, match="closed path"):
        loop_traces(links, "+t +t +t")


def test_uniform_u1_field_has_the_charge_of_its_flux():
    """Links with constant plaquette angle 2 pi Q / V carry the charge Q."""
    length, charge = 8, 3
    angle = 2 * math.pi * charge / length**2
    links = cold_start(U1(), (length, length))
    x = torch.arange(length, dtype=torch.float64)
    links[0, 1] = angle * x[:, None]
    links[0, 0, -1] = -angle * length * x
    assert torch.allclose(charge_geometric(links), torch.tensor([3.0], dtype=torch.float64))
    assert torch.allclose(plaquette(links), torch.tensor([math.cos(angle)], dtype=torch.float64))
    assert torch.allclose(energy_plaquette(links), torch.tensor([1 - math.cos(angle)], dtype=torch.float64))
    assert torch.allclose(energy_clover(links), torch.tensor([math.sin(angle) ** 2 / 2], dtype=torch.float64))


def test_constant_abelian_fluxes_of_su2_in_four_dimensions():
    """Fluxes n1 in the (x,y) and n2 in the (z,t) plane along sigma_3: Q = 2 n1 n2 up to lattice artefacts.

    With plaquette angle a in both planes the charge is V 8 tr(sigma_3^2) sin^2 a / (32 pi^2) for every definition made
    of plaquettes; rectangles enclose the angle 2a.
    """
    length = 6
    angle = 2 * math.pi / length**2
    theta = torch.zeros(1, 4, *[length] * 4, dtype=torch.float64)
    x = torch.arange(length, dtype=torch.float64)
    for first in (0, 2):
        grid = [1] * 4
        grid[first] = length
        theta[0, first + 1] = angle * x.view(grid)
        grid = [1] * 4
        grid[first + 1] = length
        last = theta[0, first].select(first, length - 1)
        last += (-angle * length * x).view(grid).select(first, 0)
    phases = torch.polar(torch.ones_like(theta), theta)
    links = torch.diag_embed(torch.stack((phases, phases.conj()), -1))
    volume = length**4
    exact = volume * 16 * math.sin(angle) ** 2 / (32 * math.pi**2)
    improved = volume * 16 * (5 / 3 * math.sin(angle) ** 2 - math.sin(2 * angle) ** 2 / 6) / (32 * math.pi**2)
    assert abs(exact - 2) < 0.03
    assert torch.allclose(charge_plaquette(links), torch.tensor([exact], dtype=torch.float64))
    assert torch.allclose(charge_clover(links), torch.tensor([exact], dtype=torch.float64))
    assert torch.allclose(charge_improved(links), torch.tensor([improved], dtype=torch.float64))
    # two planes with flux: E = 2 sum Re tr(1 - P) and (1/2) sum_{mu,nu} tr G^2 with G = sin(a) sigma_3
    assert float(energy_plaquette(links)) == pytest.approx(2 * 2 * 2 * (1 - math.cos(angle)))
    assert float(energy_clover(links)) == pytest.approx(2 * 2 * math.sin(angle) ** 2)


def test_planes_are_in_lexicographic_order():
    """A flux in the (x, t) plane of three dimensions shows in the second of (x,y), (x,t), (y,t)."""
    links = cold_start("u1", (4, 3, 4))
    x = torch.arange(4, dtype=torch.float64)
    links[0, 2] = math.pi / 2 * x[:, None, None]
    assert torch.allclose(plaquette_planes(links), torch.tensor([[1.0, 0.0, 1.0]], dtype=torch.float64), atol=1e-15)


def test_lazily_conjugated_links_are_served(generator):
    links = hot_start("su3", (3, 4), generator)
    assert torch.allclose(plaquette(links.conj()), plaquette(links))
    assert torch.allclose(polyakov(links.conj()), polyakov(links).conj())


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's own forward-mode rules use it
def test_observables_under_function_transforms(generator):
    """torch.func sees through the compiled kernels: gradient, forward derivative and vmap."""
    links = hot_start("su2", (3, 4), generator, 2)
    direction = torch.randn(links.shape, generator=generator, dtype=links.dtype)
    _, slope = torch.func.jvp(plaquette, (links,), (direction,))
    step = 1e-6
    difference = (plaquette(links + step * direction) - plaquette(links - step * direction)) / (2 * step)
    assert torch.allclose(slope, difference, atol=1e-8)
    gradient = torch.func.grad(lambda u: plaquette(u).sum())(links)
    assert torch.allclose((gradient.conj() * direction).sum().real, slope.sum())
    assert torch.allclose(torch.func.vmap(lambda u: plaquette(u[None])[0])(links), plaquette(links))


def test_creutz_ratios_and_potential_of_an_area_law():
    r, t = torch.meshgrid(torch.arange(1.0, 5), torch.arange(1.0, 5), indexing="ij")
    loops = torch.exp(-0.25 * r * t - 0.1 * (r + t) + 0.2).double()
    ratios = creutz_ratio(loops)
    assert torch.allclose(ratios[1:, 1:], torch.full((3, 3), 0.25, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(ratios[0, 0], -torch.log(loops[0, 0]))
    assert torch.allclose(static_potential(loops)[:, 0], 0.25 * torch.arange(1.0, 5).double() + 0.1, atol=1e-6)


def test_loops_are_differentiable(generator):
    group = get_group("su3")
    links = hot_start(group, (2, 3), generator)
    w = torch.zeros(1, 2, 2, 3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: wilson_loop(group.exp(x) @ links, 2, 2), w, fast_mode=True)
    plaquettes = lambda x: loop_traces(group.exp(x) @ links, "+x +t -x -t").real  # noqa: E731
    assert torch.autograd.gradcheck(plaquettes, w, fast_mode=True)


def test_unitarity_violation_sees_one_bad_link(generator):
    links = hot_start(get_group("su3"), (3, 3), generator, 2)
    links[1, 0, 1, 2] *= 1.001
    violation = unitarity_violation(links)
    assert violation[0] < 1e-13
    assert violation[1] == pytest.approx(0.0030, rel=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(1, 3, 4, 4),
        torch.zeros(1, 2, 4, 4, 3, 3),
        torch.zeros(4),
        torch.eye(3, dtype=torch.complex128),
        torch.zeros(0, 2, 4, 4),
    ],
    ids=["D", "real matrices", "vector", "matrix", "no configuration"],
)
def test_what_is_not_a_link_field_is_refused(wrong):
    with pytest.raises(UserError, match="links: expected"):
        plaquette(wrong)


def test_loops_that_do_not_fit_are_refused(generator):
    links = hot_start(get_group("su2"), (3, 5), generator)
    with pytest.raises(UserError, match="1 <= side <= 3"):
        wilson_loop(links, 4, 1)
    with pytest.raises(UserError, match="1 <= side <= 5"):
        wilson_loop(links, 1, 0)
    with pytest.raises(UserError, match="at least one"):
        loop_traces(links, [])
    with pytest.raises(UserError, match="gauge transformation"):
        gauge_transform(links, links[:, 0, :2])
    with pytest.raises(UserError, match="start"):
        cold_start("su3", (4,))
    with pytest.raises(UserError, match="4 dimensions"):
        charge_clover(links)
    with pytest.raises(UserError, match="U\\(1\\) in 2"):
        charge_geometric(links)


def test_one_site(generator):
    """On one site every plaquette is a commutator."""
    a, b = hot_start(get_group("su2"), (1, 1), generator)[0, :, 0, 0]
    links = torch.stack((a, b))[None, :, None, None]
    commutator = a @ b @ a.mH @ b.mH
    assert torch.allclose(plaquette(links), commutator.diagonal().sum().real[None] / 2)


@pytest.mark.parametrize(
    ("group", "shape"), [("su2", (3, 2, 4, 5)), ("su3", (2, 3, 3, 9)), ("su3", (3, 4)), ("su4", (2, 2, 2, 3))], ids=str
)
def test_field_strengths_are_the_same_compiled(group, shape, generator, dtype):
    links = hot_start(group, shape, generator, 2, dtype)
    tolerance = 2000 * torch.finfo(dtype).eps
    for measure in (energy_clover, *(CHARGES.values() if len(shape) == 4 else ())):
        compiled, plain = measure(links, "numba"), measure(links, "torch")
        assert compiled.dtype == plain.dtype
        assert torch.allclose(compiled, plain, rtol=tolerance, atol=tolerance)
