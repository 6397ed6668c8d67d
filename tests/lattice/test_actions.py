"""Actions: one inherited assertion for every force, closed forms, and what is refused."""

import math
from collections import Counter

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    DBW2,
    IWASAKI,
    LINKS,
    SCALARS,
    SYMANZIK,
    Action,
    AnisotropicAction,
    LoopAction,
    Phi4Action,
    RectangleAction,
    WilsonAction,
    cold_start,
    gauge_transform,
    hot_start,
    plaquette,
    plaquette_spatial,
    plaquette_temporal,
    wilson_loop,
)
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HeatBath
from gaugeflow.montecarlo.errors import estimate

GAUGE_ACTIONS = {
    "wilson": lambda d: WilsonAction(d, 2.3),
    "symanzik": lambda d: RectangleAction(d, 1.7, SYMANZIK),
    "iwasaki": lambda d: RectangleAction(d, 1.7, IWASAKI),
    "dbw2": lambda d: RectangleAction(d, 0.7, DBW2),
    "loops": lambda d: LoopAction.of_orbits(d, {"+x +y -x -y": 1.5, "+x +x +y +y -x -x -y -y": -0.4}),
    "twice round": lambda d: LoopAction.of_orbits(d, {"+x +y -x -y +x +y -x -y": 0.8}),
    "anisotropic": lambda d: AnisotropicAction(d, 2.3, 2.5),
    "anisotropic iwasaki": lambda d: AnisotropicAction(d, 1.7, 0.6, IWASAKI, u_s=0.8, u_t=0.9),
    "morningstar-peardon": lambda d: AnisotropicAction(d, 1.7, 3.0, SYMANZIK, u_s=0.8, short=True),
    "one plane": lambda d: LoopAction(d, [("+x +t -x -t", 1.1)]),
}
LATTICES = [("u1", (4, 3)), ("su2", (3, 3)), ("su3", (4, 2)), ("su4", (2, 3)), ("u1", (2, 3, 2)), ("su3", (2, 3, 2, 2))]


@pytest.mark.parametrize("name", GAUGE_ACTIONS)
@pytest.mark.parametrize(("group", "shape"), LATTICES, ids=lambda v: v if isinstance(v, str) else "x".join(map(str, v)))
def test_force(name, group, shape, generator):
    GAUGE_ACTIONS[name](len(shape)).assert_force(hot_start(get_group(group), shape, generator, 2), generator)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4), (2, 2, 3, 2)])
def test_force_of_phi4(shape, generator):
    field = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    Phi4Action(m2=-4.0, lam=8.0).assert_force(field, generator)


def test_the_assertion_sees_a_wrong_force(generator):
    class Wrong(Phi4Action):
        def force(self, field):
            return super().force(field) * (1 + 1e-6)

    class WrongSign(WilsonAction):
        def force(self, field):
            return -super().force(field)

    class WrongBoth(Phi4Action):
        """A force and an automatic derivative that agree with each other and not with the action."""

        def force(self, field):
            return 0.9 * super().force(field)

        def force_by_autograd(self, field):
            return 0.9 * super().force_by_autograd(field)

    class WrongDetached(Action):
        """Differences see the whole formula, autograd a part of it: the force agrees with the differences."""

        space = SCALARS

        def __call__(self, field):
            return (field.flatten(1) ** 2).sum(1) + (field.detach().flatten(1) ** 2).sum(1)

        def force(self, field):
            return 4 * field

    field = torch.randn(1, 4, 4, generator=generator, dtype=torch.float64)
    for action in (WrongBoth(1.0, 1.0), WrongDetached()):
        with pytest.raises(AssertionError, match="force"):
            action.assert_force(field, generator)
    with pytest.raises(AssertionError, match="force"):
        Wrong(1.0, 1.0).assert_force(torch.randn(1, 4, 4, generator=generator, dtype=torch.float64), generator)
    with pytest.raises(AssertionError, match="force"):
        WrongSign(2, 1.0).assert_force(hot_start(get_group("su2"), (3, 3), generator), generator)


def test_an_own_action_needs_only_its_formula(generator):
    class SquaredPlaquette(Action):
        space = LINKS

        def __call__(self, field):
            return 3 * plaquette(field) ** 2

    SquaredPlaquette().assert_force(hot_start(get_group("su3"), (3, 2), generator), generator)


def test_wilson_and_rectangle_actions_are_their_formulas(generator):
    links = hot_start(get_group("su3"), (4, 5), generator, 3)
    p, r = plaquette(links), (wilson_loop(links, 1, 2) + wilson_loop(links, 2, 1)) / 2
    assert torch.allclose(WilsonAction(2, 6.0)(links), 6 * 20 * (1 - p))
    expected = 6 * 20 * ((1 - 8 * IWASAKI) * (1 - p) + 2 * IWASAKI * (1 - r))
    assert torch.allclose(RectangleAction(2, 6.0, IWASAKI)(links), expected)


def test_an_anisotropy_of_one_is_none():
    for c1 in (0.0, SYMANZIK):
        even, isotropic = AnisotropicAction(4, 2.3, 1.0, c1), RectangleAction(4, 2.3, c1)
        assert even.loops == isotropic.loops
        assert even.staples == isotropic.staples


def test_the_anisotropic_action_is_its_formula(generator):
    links = hot_start(get_group("su3"), (3, 4, 5), generator, 2)
    space, time = plaquette_spatial(links), plaquette_temporal(links)  # one plane, two planes
    expected = 6 * 60 * ((1 - space) / 2.5 + 2 * 2.5 * (1 - time))
    torch.testing.assert_close(AnisotropicAction(3, 6.0, 2.5)(links), expected)


def test_morningstar_and_peardon_have_their_published_weights():
    """5/3, 4/3 and -1/12 with the powers of the mean links, and no rectangle of two steps in time."""
    xi, u_s, u_t = 3.0, 0.8, 0.9
    action = AnisotropicAction(4, 2.0, xi, SYMANZIK, u_s=u_s, u_t=u_t, short=True)
    weights = {}
    for path, weight in action.loops:
        steps = Counter(abs(step) == 4 for step in path)
        weights.setdefault((steps[False], steps[True]), []).append(weight / 2.0)
    expected = {
        (4, 0): (3, 5 / (3 * xi * u_s**4)),
        (2, 2): (3, 4 * xi / (3 * u_s**2 * u_t**2)),
        (6, 0): (6, -1 / (12 * xi * u_s**6)),
        (4, 2): (3, -xi / (12 * u_s**4 * u_t**2)),
    }
    assert {kind: len(found) for kind, found in weights.items()} == {
        kind: count for kind, (count, _) in expected.items()
    }
    for kind, (_, weight) in expected.items():
        assert weights[kind] == pytest.approx([weight] * len(weights[kind]))


@pytest.mark.parametrize("xi", [2.0, 3.0])
def test_strong_coupling_of_an_anisotropic_lattice(xi, generator):
    """Up to cubes, of order beta^5, each plaquette has the law of a lone one with its own coefficient."""
    sampler = HeatBath(AnisotropicAction(4, 1.0, xi), overrelaxation=1)
    links, rows = hot_start(get_group("su3"), (4, 4, 4, 4), generator, 4), []
    for sweep in range(120):
        links, _ = sampler.update(links, generator)
        if sweep >= 20:
            rows.append(torch.stack((plaquette_spatial(links), plaquette_temporal(links))))
    for samples, coefficient in zip(torch.stack(rows, 2), (1 / xi, xi), strict=True):
        found, lone = estimate(samples), float(Exact2D("su3", None, coefficient).plaquette)
        assert abs(found.value - lone) < 4 * found.error + 4 * (xi / 18) ** 5


def test_improved_actions_share_the_continuum_limit():
    """c0 + 8 c1 = 1: a weak constant U(1) field has S = beta V F^2 / 2 whatever c1, rectangles counting area^2."""
    angle, length = 2 * math.pi / 32**2, 32
    links = cold_start(get_group("u1"), (length, length))
    x = torch.arange(length, dtype=torch.float64)
    links[0, 1] = angle * x[:, None]
    links[0, 0, -1] = -angle * length * x
    for c1 in (0.0, SYMANZIK, IWASAKI, DBW2):
        value = float(RectangleAction(2, 1.0, c1)(links))
        assert value == pytest.approx(length**2 * angle**2 / 2, rel=20 * angle**2)


@pytest.mark.parametrize("name", GAUGE_ACTIONS)
def test_gauge_invariance(name, generator, dtype):
    group = get_group("su3")
    links = hot_start(group, (3, 4), generator, 2, dtype)
    action = GAUGE_ACTIONS[name](2)
    turned = gauge_transform(links, group.haar((2, 3, 4), generator, dtype))
    assert torch.allclose(action(turned), action(links), rtol=100 * torch.finfo(dtype).eps)


def test_the_differentiable_and_the_compiled_value_agree(generator):
    links = hot_start(get_group("su3"), (3, 4, 2), generator, 2)
    action = GAUGE_ACTIONS["iwasaki"](3)
    assert torch.allclose(action(links), action(links.clone().requires_grad_()).detach(), rtol=1e-13)


def test_free_scalar_field_on_two_sites():
    action = Phi4Action(m2=0.5, lam=0.25)
    field = torch.tensor([[1.0, 3.0]], dtype=torch.float64)
    assert float(action(field)) == 2 * 4 + 0.5 * (1 + 9) + 0.25 * (1 + 81)


def test_the_force_can_be_differentiated(generator):
    """Second derivatives of the action through its staples."""
    links = hot_start("su3", (2, 3), generator)
    group, action = get_group("su3"), WilsonAction(2, 2.0)
    w = torch.zeros(1, 2, 2, 3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: action.force(group.exp(x) @ links), w, fast_mode=True)


def test_wrong_actions_are_refused(generator):
    for wrong in ({"xi": 0.0}, {"xi": math.inf}, {"xi": 2.0, "u_s": -1.0}, {"xi": 2.0, "u_t": math.nan}):
        with pytest.raises(UserError, match=f"expected {list(wrong)[-1]} > 0"):
            AnisotropicAction(4, 6.0, **wrong)
    with pytest.raises(UserError, match="finite"):
        WilsonAction(2, math.nan)
    with pytest.raises(UserError, match="phi4"):
        Phi4Action(math.inf, 1.0)
    with pytest.raises(UserError, match="pairs"):
        LoopAction(2, ["+x +y -x -y"])
    with pytest.raises(UserError, match="scalars"):
        Phi4Action(1.0, 1.0)(torch.zeros(1, 2, 3, 3, dtype=torch.complex128))
    with pytest.raises(UserError, match="closed"):
        LoopAction(2, [("+x +t", 1.0)])
    with pytest.raises(UserError, match="at least"):
        LoopAction(2, [])
    with pytest.raises(UserError, match="2 dimensions"):
        WilsonAction(1, 1.0)
    with pytest.raises(UserError, match="phi4"):
        Phi4Action(-1.0, 0.0)
    with pytest.raises(UserError, match="expected links in 4 dimensions"):
        WilsonAction(4, 1.0)(hot_start(get_group("su2"), (3, 3), generator))
