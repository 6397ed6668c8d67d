"""Actions that differ from place to place: against autograd, both backends, closed forms of open lattices, and HMC."""

import mpmath
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.kernels import Profile, get_kernels
from gaugeflow.lattice import (
    SYMANZIK,
    AnisotropicAction,
    Defect,
    Difference,
    LoopAction,
    OpenTime,
    PlaquetteWeights,
    RectangleAction,
    WilsonAction,
    hot_start,
    loop_traces,
)
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Sampler
from gaugeflow.symmetry import Links, Scalars, Verdict, check


def random_weights(shape: tuple[int, ...]) -> PlaquetteWeights:
    planes = len(shape) * (len(shape) - 1) // 2
    return PlaquetteWeights(torch.rand(planes, *shape, generator=torch.Generator().manual_seed(3)) + 0.5)


def cases(shape: tuple[int, ...]) -> dict[str, LoopAction]:
    ndim = len(shape)
    return {
        "weights": WilsonAction(ndim, 2.0).weighted(random_weights(shape)),
        "anisotropic weights": AnisotropicAction(ndim, 2.0, 1.5).weighted(random_weights(shape)),
        "open": WilsonAction(ndim, 2.0).weighted(OpenTime()),
        "improved, open": RectangleAction(ndim, 2.0, SYMANZIK).weighted(OpenTime()),
        "defect": WilsonAction(ndim, 2.0).weighted(Defect(2, 0.3)),
        "improved, defect": RectangleAction(ndim, 2.0, SYMANZIK).weighted(Defect(2, 0.3, axis=1)).scaled(1.5),
    }


NAMES = list(cases((3, 3)))
SMALL = [("u1", (3, 4)), ("su2", (3, 3, 4)), ("su3", (3, 3))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("group", "shape"), SMALL, ids=str)
def test_the_force_is_the_derivative_of_the_action(name, group, shape, generator):
    cases(shape)[name].assert_force(hot_start(group, shape, generator, 2), generator)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("group", "shape"), [("u1", (5, 9)), ("su2", (5, 3, 4)), ("su3", (3, 9))], ids=str)
def test_both_backends_agree_link_by_link(name, group, shape, generator):
    action, links = cases(shape)[name], hot_start(group, shape, generator, 2)
    links = get_group(group).mul(links, links) if group == "u1" else links
    region = Defect(1, 0.0).around(1)
    found = []
    for backend in ("torch", "numba"):
        kernels = action.kernels(links, backend)
        state = kernels.pack(links)
        means = kernels.loop_traces(state, [path for path, _ in action.loops], action.profile)
        staples = kernels.unpack_staples(kernels.staples(state))
        kernels.heatbath_(state, 5)
        whole = kernels.unpack(state)
        kernels.overrelax_(kernels.heatbath_(state, 6, region), region)
        found.append((means, staples, whole, kernels.unpack(state)))
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() < 1e-9
    moved = (found[0][2] - found[0][3]).abs()
    moved = moved.amax(tuple(range(2 + len(shape), moved.ndim))) if moved.ndim > 2 + len(shape) else moved
    assert torch.equal((moved > 1e-9).all(0), region(shape)), "the region, and nothing else, is updated"


def test_a_uniform_profile_is_none(generator):
    links = hot_start("su3", (3, 4), generator, 2)
    plain, same = WilsonAction(2, 5.0), WilsonAction(2, 5.0).weighted(PlaquetteWeights(torch.ones(1, 3, 4)))
    assert torch.allclose(plain(links), same(links), rtol=1e-13)
    assert torch.allclose(plain.force(links), same.force(links), atol=1e-13)
    assert torch.equal(same.weighted(None)(links), plain(links))


def plaquettes(links: Tensor) -> Tensor:
    return loop_traces(links, "1x1").real


def cylinder() -> Profile:
    """Weights of their own, and none from the last time slice to the first: every plaquette is independent."""
    values = random_weights((2, 3)).values
    values[..., -1] = 0
    return PlaquetteWeights(values)


MOVES = {
    "heat bath": lambda action: HeatBath(action, overrelaxation=1),
    "hmc": lambda action: HMC(action, length=1.0, step_size=0.25),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize(("group", "beta", "high"), [("u1", 2.0, 1), ("su2", 4.0, 2)])
def test_every_plaquette_of_an_open_lattice_has_its_closed_form(move, group, beta, high, generator):
    """``<P> = I_n(beta w) / I_{n-1}(beta w)`` with the weight w of that plaquette, n = 1 for U(1) and 2 for SU(2)."""
    profile = cylinder()
    action = WilsonAction(2, beta).weighted(profile)
    sampler: Sampler = MOVES[move](action)
    sampler.warmup = False
    links, rows = hot_start(group, (2, 3), generator, 1000), []
    for update in range(30):
        links, _ = sampler.update(links, generator)
        if update >= 10:
            rows.append(plaquettes(links))
    chains = torch.stack(rows).mean(0)
    mean, error = chains.mean(0), chains.std(0) / len(chains) ** 0.5
    weights = beta * profile((2, 3), (1, 2, -1, -2))
    exact = weights.clone().apply_(lambda x: float(mpmath.besseli(high, x) / mpmath.besseli(high - 1, x)) if x else 0.0)
    assert ((mean - exact).abs() < 4.5 * error).all()
    assert error.max() < 0.02


def test_open_time_leaves_out_the_seam_and_halves_its_slices():
    plain, seam = OpenTime()((2, 2, 3), (1, 2, -1, -2)), OpenTime()((2, 2, 3), (3, 1, -3, -1))
    assert plain[0, 0].tolist() == [0.5, 1.0, 0.5]
    assert seam[0, 0].tolist() == [1.0, 1.0, 0.0]


def test_a_plaquette_that_passes_two_links_of_a_defect_has_the_square():
    factor = Defect(2, 0.5)((3, 4), (1, 2, -1, -2))
    assert factor[2].tolist() == [0.25, 0.5, 1.0, 0.5]
    assert (factor[:2] == 1).all()


@pytest.mark.parametrize(("group", "shape"), SMALL, ids=str)
def test_a_difference_is_that_of_both_actions(group, shape, generator):
    links, actions = hot_start(group, shape, generator, 3), list(cases(shape).values())
    for a, b in zip(actions, actions[1:] + actions[:1], strict=True):
        assert torch.allclose(Difference(a, b)(links), b(links) - a(links), atol=1e-11)


def test_a_difference_of_defects_looks_at_their_loops_alone(generator):
    weak, strong = (WilsonAction(2, 2.0).weighted(Defect(2, s)) for s in (0.1, 0.7))
    ((_, sites, _),) = Difference(weak, strong)._differing((5, 6))
    assert sites.tolist() == [[4, 0], [4, 1], [4, 5]]


def test_gauge_invariance_holds_and_broken_translations_are_seen(generator):
    x = Links(hot_start("su2", (3, 3), generator, 4))
    for action in (cases((3, 3))[name] for name in ("weights", "open", "defect")):
        assert check(action, x, "gauge * charge", out=Scalars).holds
        report = check(action, x, "translations", out=Scalars)
        assert [finding.verdict for finding in report.findings] == [Verdict.BROKEN]


def test_what_does_not_fit_is_refused(generator):
    links = hot_start("u1", (3, 4), generator)
    with pytest.raises(UserError, match="length of at least 1"):
        Defect(0, 0.5)
    with pytest.raises(UserError, match="length up to 4"):
        WilsonAction(2, 1.0).weighted(Defect(5, 0.5))(links)
    with pytest.raises(UserError, match="axis below 2"):
        HeatBath(WilsonAction(2, 1.0), region=Defect(2, 0.5, axis=2).around(1)).update(links, generator)
    with pytest.raises(UserError, match="finite"):
        PlaquetteWeights(torch.tensor([float("nan")]))
    with pytest.raises(UserError, match="lattice"):
        WilsonAction(2, 1.0).weighted(random_weights((4, 4)))(links)
    with pytest.raises(UserError, match="action of plaquettes"):
        RectangleAction(2, 1.0, SYMANZIK).weighted(random_weights((3, 4)))(links)
    with pytest.raises(UserError, match="Wilson's action"):
        ExactSampler(WilsonAction(2, 1.0).weighted(OpenTime()))
    with pytest.raises(UserError, match="one dimension"):
        Difference(WilsonAction(2, 1.0), WilsonAction(3, 1.0))
    with pytest.raises(UserError, match="does not serve"):
        get_kernels(links, ((), ()), backend="fortran", profile=OpenTime())
