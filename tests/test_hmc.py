"""Hybrid Monte Carlo: reversibility, order of the integrators, detailed balance, and closed-form ensembles."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import SYMANZIK, LoopAction, Phi4Action, RectangleAction, WilsonAction, hot_start
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo import HMC, INTEGRATORS

UNIT = {"phi4": 0.2}  # of time: lambda = 8 makes fast oscillations
CASES = {
    "u1": ("u1", (4, 6), lambda: WilsonAction(2, 2.0)),
    "su2": ("su2", (4, 4), lambda: WilsonAction(2, 2.0)),
    "su3": ("su3", (3, 4), lambda: RectangleAction(2, 3.0, SYMANZIK)),
    "su3 4D": ("su3", (2, 2, 3, 4), lambda: WilsonAction(4, 5.0)),
    "phi4": (None, (4, 5), lambda: Phi4Action(-4.0, 8.0)),
}


def start(name, generator, chains=2):
    """A field near equilibrium: forces far from it would need smaller steps than those the tests take."""
    group, shape, make = CASES[name]
    action = make()
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
    action, field, unit = start(case, generator)
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
    action, field, unit = start(case, generator, 4)
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
    action, field, unit = start(case, generator, 50)
    hmc = HMC(action, "leapfrog", length=0.8 * unit, step_size=(0.2 if case == "su3 4D" else 0.4) * unit)
    hmc.warmup = False
    for _ in range(20):
        field, _ = hmc.update(field, generator)
    weights = []
    for _ in range(80):
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
    field = torch.zeros(200, *shape, dtype=torch.float64)
    for sweep in range(150):
        hmc.warmup = sweep < 50
        field, _ = hmc.update(field, generator)
    k = 2 * math.pi * torch.arange(4, dtype=torch.float64) / 4
    k_hat = 4 * torch.sin(k / 2) ** 2
    exact = float((1 / (2 * (m2 + k_hat[:, None] + k_hat[None]))).mean())
    samples = (field**2).flatten(1).mean(1)
    assert abs(float(samples.mean()) - exact) < 3.5 * float(samples.std()) / math.sqrt(200)


def test_the_step_is_tuned_to_the_target_and_then_frozen(generator):
    hmc = HMC(Phi4Action(-4.0, 8.0), "leapfrog", length=1.0, step_size=1e-3, target_acceptance=0.7)
    field = torch.zeros(100, 6, 6, dtype=torch.float64)
    for _ in range(150):
        field, _ = hmc.update(field, generator)
    hmc.warmup = False
    frozen, rates = hmc.step_size, []
    for _ in range(100):
        field, info = hmc.update(field, generator)
        rates.append(float(info["acceptance"].mean()))
    assert hmc.step_size == frozen
    assert sum(rates) / len(rates) == pytest.approx(0.7, abs=0.07)


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
