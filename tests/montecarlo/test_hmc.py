"""Hybrid Monte Carlo: reversibility, order of the integrators, detailed balance, and closed-form ensembles."""

import math
from functools import cache

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    SYMANZIK,
    LoopAction,
    Phi4Action,
    RectangleAction,
    WilsonAction,
    hot_start,
    unitarity_violation,
)
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo import HMC, INTEGRATORS, HeatBath

UNIT = {"phi4": 0.2}  # of time: lambda = 8 makes fast oscillations
CASES = {
    "u1": ("u1", (4, 6), lambda: WilsonAction(2, 2.0)),
    "su2": ("su2", (4, 4), lambda: WilsonAction(2, 2.0)),
    "su3": ("su3", (3, 4), lambda: RectangleAction(2, 3.0, SYMANZIK)),
    "su3 4D": ("su3", (2, 2, 2, 3), lambda: WilsonAction(4, 5.0)),
    "phi4": (None, (4, 5), lambda: Phi4Action(-4.0, 8.0)),
}


@cache
def start(name, chains=2):
    """A field near equilibrium: forces far from it would need smaller steps than those the tests take."""
    group, shape, make = CASES[name]
    action, generator = make(), torch.Generator().manual_seed(20261120)
    if group is None:
        field = torch.randn(chains, *shape, generator=generator, dtype=torch.float64)
    else:
        field = hot_start(get_group(group), shape, generator, chains)
    unit = UNIT.get(name, 1.0)
    hmc = HMC(action, step_size=0.05 * unit, length=0.5 * unit)
    for _ in range(10):
        field, _ = hmc.update(field, generator)
    return action, field, unit


def difference(a, b):
    """Angles modulo 2 pi; a scalar field has no period, but its differences are small."""
    delta = a - b
    distance = delta if a.is_complex() else torch.remainder(delta + math.pi, 2 * math.pi) - math.pi
    return float(distance.abs().max())


@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("case", CASES)
def test_reversibility(case, integrator, generator):
    action, field, unit = start(case)
    hmc = HMC(action, integrator, length=unit, step_size=0.1 * unit)
    momenta = tangent_noise(action.space, field, generator)
    there, turned = hmc.trajectory(field, momenta)
    back, final = hmc.trajectory(there, -turned)
    assert difference(there, field) > 0.1
    assert difference(back, field) < 1e-12
    assert (final + momenta).abs().max() < 1e-11


@pytest.mark.parametrize("integrator", INTEGRATORS.values(), ids=INTEGRATORS)
@pytest.mark.parametrize("case", CASES)
def test_energy_violation_scales_with_the_order(case, integrator, generator):
    """Halving the step divides dH of one trajectory by 2^order."""
    action, field, unit = start(case, 4)
    momenta = tangent_noise(action.space, field, generator)
    violations = []
    for steps in (16, 32):
        hmc = HMC(action, integrator.name, length=0.5 * unit, step_size=0.5 * unit / steps)
        final = hmc.trajectory(field, momenta)
        violations.append((hmc.hamiltonian(*final) - hmc.hamiltonian(field, momenta)).abs().mean())
    assert math.log2(violations[0] / violations[1]) == pytest.approx(integrator.order, abs=0.25)


@pytest.mark.parametrize("case", CASES)
def test_the_mean_of_exp_minus_dh_is_one(case, generator):
    """Creutz's equality, Phys. Rev. D 38 (1988) 1228, with steps so large that dH is of order one."""
    action, field, unit = start(case, 50)
    hmc = HMC(action, "leapfrog", length=0.8 * unit, step_size=(0.2 if case == "su3 4D" else 0.4) * unit)
    hmc.warmup = False
    for _ in range(10):
        field, _ = hmc.update(field, generator)
    weights = []
    for _ in range(40):
        field, info = hmc.update(field, generator)
        weights.append(torch.exp(-info["energy_violation"]))
    samples = torch.stack(weights).mean(0)  # one value for each independent chain
    error = float(samples.std()) / math.sqrt(len(samples))
    assert float(torch.stack(weights).std()) > 0.1
    assert abs(float(samples.mean()) - 1) < 3.5 * error


def test_energy_violation_is_large_for_a_wrong_force(generator):
    class Wrong(Phi4Action):
        def force(self, field):
            return 0.9 * super().force(field)

    hmc = HMC(Wrong(-4.0, 8.0), length=0.5, step_size=0.01)
    field = torch.randn(4, 4, 4, generator=generator, dtype=torch.float64)
    _, info = hmc.update(field, generator)
    assert info["energy_violation"].abs().min() > 0.01


def test_a_gaussian_field_has_its_exact_variance(generator):
    """phi4 with lam = 0: <phi^2> = (1/V) sum_k 1 / (2 (m2 + k_hat^2)), since S = phi (m2 + k_hat^2) phi."""
    shape, m2 = (4, 4), 0.5
    hmc = HMC(Phi4Action(m2, 0.0), length=1.5, step_size=0.3)
    field, total = torch.zeros(200, *shape, dtype=torch.float64), torch.zeros(200, dtype=torch.float64)
    for sweep in range(250):
        hmc.warmup = sweep < 50
        field, _ = hmc.update(field, generator)
        if sweep >= 50:
            total += (field**2).flatten(1).mean(1)
    k = 2 * math.pi * torch.arange(4, dtype=torch.float64) / 4
    k_hat = 4 * torch.sin(k / 2) ** 2
    exact = float((1 / (2 * (m2 + k_hat[:, None] + k_hat[None]))).mean())
    samples = total / 200
    assert abs(float(samples.mean()) - exact) < 3.5 * float(samples.std()) / math.sqrt(200)


def test_accept_and_reject_make_coarse_trajectories_exact(generator):
    """One oscillator, S = phi^2: leapfrog alone keeps 1 / (1 - (omega epsilon)^2 / 4) = 2.3 times its variance."""
    hmc = HMC(Phi4Action(1.0, 0.0), "leapfrog", length=2.12, step_size=1.06)
    hmc.warmup = False
    field, squares = torch.zeros(2000, 1, 1, dtype=torch.float64), []
    for sweep in range(60):
        field, _ = hmc.update(field, generator)
        if sweep >= 20:
            squares.append(field.square().flatten())
    samples = torch.stack(squares).mean(0)
    assert hmc.steps == 2
    assert abs(float(samples.mean()) - 0.5) < 4 * float(samples.std()) / math.sqrt(2000)


@pytest.mark.parametrize("target", [0.5, 0.9])
def test_the_step_is_tuned_to_the_target_and_then_frozen(target, generator):
    hmc = HMC(Phi4Action(-4.0, 8.0), "leapfrog", length=3.0, step_size=0.02, target_acceptance=target)
    field = torch.zeros(100, 4, 4, dtype=torch.float64)
    for _ in range(100):
        field, _ = hmc.update(field, generator)
    hmc.warmup = False
    frozen, rates = hmc.step_size, []
    for _ in range(50):
        field, info = hmc.update(field, generator)
        rates.append(float(info["acceptance"].mean()))
    assert hmc.step_size == frozen
    assert sum(rates) / len(rates) == pytest.approx(target, abs=0.06)


@pytest.mark.parametrize("seed", [2, 10])
def test_a_chain_that_starts_where_forces_are_steep_is_not_left_behind(seed):
    """phi^4 with lambda = 8 turns over at phi = 4 in 0.05; a step that suits the other chains is never accepted."""
    generator = torch.Generator().manual_seed(seed)
    field = torch.randn((32, 8, 8), generator=generator, dtype=torch.float64)
    hmc = HMC(Phi4Action(m2=-4.0, lam=8.0))
    for _ in range(100):
        field, _ = hmc.update(field, generator)
    hmc.warmup = False
    assert hmc.step_size > 0.1  # nor does it slow down the others for good
    accepted = sum(hmc.update(field, generator)[1]["acceptance"] for _ in range(10))
    assert float(accepted.min()) > 0
    assert float(field.square().mean((1, 2)).max()) < 0.3


def test_the_minimum_norm_scheme_beats_leapfrog(generator):
    """At equal cost (two forces a step against one) its energy violation is several times smaller."""
    action, field, _ = start("su3", 8)
    momenta = tangent_noise(action.space, field, generator)
    violation = {}
    for name, steps in (("leapfrog", 20), ("omelyan2", 10)):
        hmc = HMC(action, name, length=1.0, step_size=1.0 / steps)
        final = hmc.trajectory(field, momenta)
        violation[name] = float((hmc.hamiltonian(*final) - hmc.hamiltonian(field, momenta)).abs().mean())
    assert violation["omelyan2"] < violation["leapfrog"] / 3


def test_chains_accept_for_themselves(generator):
    """Chains that start from one field with one energy differ in momenta and in their accept steps."""
    field = torch.ones(400, 3, 3, dtype=torch.float64) / 2
    hmc = HMC(Phi4Action(-4.0, 8.0), "leapfrog", length=0.5, step_size=0.25)
    hmc.warmup = False
    accepted, expected = torch.zeros(400), torch.zeros(400)
    for _ in range(30):
        field, info = hmc.update(field, generator)
        accepted += info["acceptance"]
        expected += torch.exp(-info["energy_violation"].clamp(min=0))
    error = float((accepted - expected).std()) / 20
    assert float(expected.mean()) < 25  # of 30: enough are rejected for the test to see
    assert abs(float((accepted - expected).mean())) < 4 * error  # one number for all chains would give 20 times more


@pytest.mark.parametrize("case", ["u1", "su3"])
def test_a_long_chain_stays_on_its_manifold(case, generator):
    action, field, _ = start(case)
    hmc = HMC(action, length=0.2, step_size=0.1)
    for _ in range(100):
        field, _ = hmc.update(field, generator)
    if field.is_complex():
        assert unitarity_violation(field).max() < 1e-14 * 20
    else:
        assert bool((field.abs() <= math.pi).all())


def test_a_subclass_with_its_own_formula_is_not_taken_for_its_parent(generator):
    class Free(WilsonAction):
        def __call__(self, field):
            return 0 * super().__call__(field)

        def force(self, field):
            return 0 * super().force(field)

    field = hot_start("su2", (4, 4), generator, 4)
    _, info = HMC(Free(2, 6.0), length=1.0, step_size=0.5).update(field, generator)
    assert info["energy_violation"].abs().max() < 1e-12
    with pytest.raises(UserError, match="Wilson loops"):
        HeatBath(Free(2, 6.0))


def test_what_no_chain_can_start_from_is_refused(generator):
    links = hot_start("su2", (3, 3), generator)
    hmc = HMC(WilsonAction(2, 1.0))
    with pytest.raises(UserError, match="off by"):
        hmc.update(2 * links, generator)
    with pytest.raises(UserError, match="off by"):
        hmc.update(links * torch.nan, generator)
    with pytest.raises(UserError, match="Generator"):
        hmc.update(links, None)
    with pytest.raises(UserError, match="finite"):
        HMC(Phi4Action(1.0, 1.0)).update(torch.full((1, 3, 3), 1e200, dtype=torch.float64), generator)


def test_a_wrong_force_ends_the_warm_up(generator):
    class Wrong(Phi4Action):
        def force(self, field):
            return -super().force(field)

    hmc = HMC(Wrong(-4.0, 8.0), length=1.0, step_size=0.1)
    field = torch.randn(4, 4, 4, generator=generator, dtype=torch.float64)

    def warm_up() -> None:
        state = field
        for _ in range(50):
            state, _ = hmc.update(state, generator)

    with pytest.raises(UserError, match="derivative"):
        warm_up()


def test_state_dict_continues_the_same_chain(generator):
    action = LoopAction.of_orbits(2, {"+x +y -x -y": 2.0})
    field = hot_start(get_group("su2"), (4, 4), generator)
    first = HMC(action)
    for _ in range(5):
        field, _ = first.update(field, generator)
    second = HMC(action)
    second.load_state_dict(first.state_dict())
    state = generator.get_state()
    a, _ = first.update(field, generator)
    generator.set_state(state)
    b, _ = second.update(field, generator)
    assert torch.equal(a, b)
    assert first.state_dict() == second.state_dict()


def test_overflow_is_rejected(generator):
    hmc = HMC(Phi4Action(1.0, 1.0), "leapfrog", length=1000.0, step_size=500.0)
    field = torch.randn(3, 4, 4, generator=generator, dtype=torch.float64)
    after, info = hmc.update(field, generator)
    assert torch.equal(after, field)
    assert not info["acceptance"].any()
    assert not info["energy_violation"].isnan().any()


@pytest.mark.parametrize(
    "wrong",
    [{"length": 0.0}, {"step_size": -0.1}, {"length": math.inf}, {"target_acceptance": 1.0}, {"integrator": "euler"}],
    ids=str,
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(UserError, match="expected"):
        HMC(Phi4Action(1.0, 1.0), **wrong)
