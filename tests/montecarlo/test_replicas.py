"""Replicas along a path of actions, and jumps between topological sectors: balance, exact charges, resuming."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.lattice import (
    Defect,
    Difference,
    LoopAction,
    WilsonAction,
    charge_geometric,
    cold_start,
    hot_start,
    plaquette,
)
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath, Replicas, Sampler, Winding, swap_
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.montecarlo.winding import flux_links
from gaugeflow.symmetry import Links, Verdict
from gaugeflow.symmetry.checks.markov import check_detailed_balance

SHAPE = (4, 4)


def heatbath(action: LoopAction) -> Sampler:
    return HeatBath(action, overrelaxation=1)


def ptbc(beta: float, replicas: int = 3, make=heatbath) -> Replicas:
    action = WilsonAction(2, beta)
    regions = [Defect(2, 0.0).around(k) for k in (1, 0)]
    return Replicas(lambda t: action.weighted(Defect(2, 1 - t) if t else None), make, replicas, regions, translate=True)


def in_beta(beta: float, weakest: float) -> Replicas:
    return Replicas(lambda t: WilsonAction(2, beta + t * (weakest - beta)), heatbath, 3)


def test_a_swap_is_in_detailed_balance():
    a, b = WilsonAction(2, 1.0).weighted(Defect(1, 0.1)), WilsonAction(2, 0.5)
    pair = tuple(Links(hot_start("u1", (2, 2), torch.Generator().manual_seed(k), 4)) for k in (1, 2))

    def log_prob(x, y):
        return -a(x) - b(y)

    def move(difference):
        return lambda x, y, generator: swap_(difference, x.clone(), y.clone(), generator)[:2]

    options = {"samples": 2_000, "chunk_size": 2_000}
    assert check_detailed_balance(move(Difference(a, b)), log_prob, pair, **options).holds
    wrong = check_detailed_balance(move(Difference(b, a)), log_prob, pair, **options)
    assert wrong.verdict is Verdict.BROKEN


@pytest.mark.parametrize("colder", [0, 1, 3, 4])
def test_whoever_changes_places_the_fields_are_those_that_came(colder, generator):
    """From the colder action to the hotter one go all fields that are rougher there: none, few, most, all of four."""
    hot, cold = hot_start("u1", SHAPE, generator, 4), cold_start("u1", SHAPE, 4)
    b = torch.where((torch.arange(4) < colder).view(-1, 1, 1, 1), cold, hot)
    a = torch.where((torch.arange(4) < colder).view(-1, 1, 1, 1), hot, cold)
    both = a.clone(), b.clone()
    new_a, new_b, found = swap_(Difference(WilsonAction(2, 9.0), WilsonAction(2, 1.0)), a, b, generator)
    assert torch.equal(found > 0, torch.arange(4) < colder)
    assert torch.equal(new_a, cold)
    assert torch.equal(new_b, hot)
    assert all(torch.equal(one, other) for one, other in zip(both[0] + both[1], new_a + new_b, strict=True))
    assert {new_a.data_ptr(), new_b.data_ptr()} == {a.data_ptr(), b.data_ptr()}


CASES = {
    "defect": lambda: ptbc(3.0),
    "defect, hmc": lambda: ptbc(3.0, make=lambda action: HMC(action, step_size=0.25)),
    "coupling": lambda: in_beta(3.0, 1.0),
    "winding": lambda: Winding(heatbath(WilsonAction(2, 3.0)), WilsonAction(2, 3.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_charge_and_plaquette_are_exact(name, generator):
    sampler, field, rows = CASES[name](), cold_start("u1", SHAPE, 100), []
    for update in range(90):
        sampler.warmup = update < 30
        field, _ = sampler.update(field, generator)
        if update >= 30:
            rows.append(torch.stack([charge_geometric(field) ** 2, plaquette(field)]))
    exact = Exact2D("u1", SHAPE, 3.0)
    for samples, value in zip(torch.stack(rows, -1), (exact.charge_squared, exact.plaquette), strict=True):
        found = estimate(samples.numpy())
        assert abs(found.value - float(value)) < 4 * found.error
        assert found.error < 0.08 * found.value


def test_a_frozen_charge_moves_with_replicas_and_with_jumps(generator):
    """At beta = 12 a heat bath tunnels in no update of these; the replicas and the jumps do."""
    action, rates = WilsonAction(2, 12.0), {}
    for name, sampler in (
        ("heat bath", heatbath(action)),
        ("replicas", ptbc(12.0, 5)),
        ("winding", Winding(heatbath(action), action)),
    ):
        field, charges = cold_start("u1", (8, 8), 16), []
        for update in range(80):
            sampler.warmup = update < 40
            field, _ = sampler.update(field, generator)
            charges.append(charge_geometric(field))
        rates[name] = float((torch.stack(charges[40:]).diff(dim=0) != 0).double().mean())
    assert rates["heat bath"] < 0.005
    assert rates["replicas"] > 0.02
    assert rates["winding"] > 0.02


def test_replicas_go_on_bit_for_bit(generator):
    first, field = ptbc(3.0), hot_start("u1", SHAPE, generator, 2)
    for _ in range(15):
        field, _ = first.update(field, generator)
    second, other = ptbc(3.0), torch.Generator()
    second.load_state_dict(first.state_dict())
    other.set_state(generator.get_state())
    one = two = field
    for update in range(12):
        first.warmup = second.warmup = update < 6
        one, mine = first.update(one, generator)
        two, its = second.update(two, other)
        assert torch.equal(one, two)
        assert all(torch.equal(mine[name], its[name]) for name in mine)
    assert first.times == second.times


def test_the_warm_up_makes_neighbours_swap_as_often(generator):
    """On a path that is steep at its end, equal steps swap unequally; tuned ones do not."""
    sampler = Replicas(lambda t: WilsonAction(2, 4.0 - 3.5 * t**4), heatbath, 4)
    field = hot_start("u1", (6, 6), generator, 64)
    for _ in range(100):
        field, _ = sampler.update(field, generator)
    sampler.warmup, times, rates = False, sampler.times, []
    for _ in range(40):
        field, found = sampler.update(field, generator)
        rates.append(found["swap_acceptance"].mean(0))
    assert sampler.times == times, "nothing is tuned after the warm-up"
    assert sampler.times[1] > 0.45
    rate = torch.stack(rates).mean(0)
    assert rate.max() - rate.min() < 0.12


def test_replicas_of_one_action_always_swap_and_make_round_trips(generator):
    sampler = Replicas(lambda t: WilsonAction(2, 1.0), heatbath, 2)
    field, trips = hot_start("u1", (3, 3), generator, 2), []
    for _ in range(6):
        field, found = sampler.update(field, generator)
        assert (found["swap_acceptance"] == 1).all()
        trips.append(int(found["round_trips"][0]))
    assert trips == [0, 1, 1, 1, 1, 1], "one replica comes home in each update, having been away in the one before"


def test_a_field_of_charge_one_is_smooth():
    links = flux_links((3, 5))[None]
    assert charge_geometric(links).tolist() == [1.0]
    assert torch.allclose(plaquette(links), torch.tensor(2 * torch.pi / 15, dtype=torch.float64).cos())


def test_what_does_not_fit_is_refused(generator):
    with pytest.raises(UserError, match="at least two"):
        ptbc(1.0, 1)
    with pytest.raises(UserError, match="at least one jump"):
        Winding(heatbath(WilsonAction(2, 1.0)), WilsonAction(2, 1.0), 0)
    with pytest.raises(UserError, match="U\\(1\\) in 2 dimensions"):
        Winding(heatbath(WilsonAction(2, 1.0)), WilsonAction(2, 1.0)).update(
            hot_start("su2", (3, 3), generator), generator
        )
