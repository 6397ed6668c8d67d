"""Walkers start in a way that no order of the nuclei changes, and come from one nucleus to another."""

import math
from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor

from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.jumps import Carry, Exchange
from gaugeflow.wavefunctions import (
    Determinants,
    Hamiltonian,
    HarmonicOrbitals,
    NuclearCusp,
    Particles,
    Product,
    initial_walkers,
    jumps_between,
    local_energy,
    molecule,
    quantum_dot,
    starting_counts,
)
from tests.wavefunctions.cases import seeded

WALKERS = 2000


def line(*symbols: str, apart: float = 20.0, **options: Any) -> Hamiltonian:
    """Nuclei on a line."""
    return molecule(symbols, [[0.0, 0.0, apart * k] for k in range(len(symbols))], "bohr", **options)


def kinds(hamiltonian: Hamiltonian, seed: int = 1, populations: Tensor | None = None) -> Counter[str]:
    """How often each distribution starts: up and down electrons at the nuclei, as `2/1 0/1`."""
    counts = starting_counts(hamiltonian, WALKERS, seeded(seed), populations)
    assert counts.shape == (WALKERS, 2, len(hamiltonian.centres))
    assert int(counts.min()) >= 0
    assert torch.equal(counts.sum(2), torch.tensor(hamiltonian.particles.counts).expand(WALKERS, 2))
    return Counter(" ".join(f"{up}/{down}" for up, down in one.T.tolist()) for one in counts)


def reversed_order(found: Counter[str]) -> Counter[str]:
    return Counter({" ".join(reversed(kind.split())): count for kind, count in found.items()})


ORDERS = {
    "He and H+": (("He", "H"), {"charge": 1}),
    "He and H-": (("He", "H"), {"charge": -1}),
    "LiH": (("Li", "H"), {}),
    "N2": (("N", "N"), {}),
    "NO": (("N", "O"), {}),
    "Li-, H and H": (("Li", "H", "H"), {"charge": -1}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_of_the_nuclei_changes_nothing(name: str) -> None:
    """As many walkers of each kind from both lists, but for what chance does; the random numbers are others."""
    symbols, options = ORDERS[name]
    first, second = kinds(line(*symbols, **options)), reversed_order(kinds(line(*symbols[::-1], **options), seed=2))
    assert first.keys() == second.keys()
    assert all(abs(first[kind] - second[kind]) < 4.5 * (first[kind] + second[kind]) ** 0.5 for kind in first)


@pytest.mark.parametrize("apart", [2.0, 5.0, 20.0])
def test_helium_and_a_proton(apart: float) -> None:
    """A third of the walkers have both electrons at helium, wherever it stands and however far."""
    for symbols, both in ((("He", "H"), "1/1 0/0"), (("H", "He"), "0/0 1/1")):
        found = kinds(line(*symbols, apart=apart, charge=1))
        assert len(found) == 3
        assert abs(found[both] / WALKERS - 1 / 3) < 4 * (2 / 9 / WALKERS) ** 0.5


STARTS = {
    "two quartets": (("N", "N"), {"spin": 6}, {"5/2 5/2"}),
    "a lower spin": (("N", "N"), {"spin": -6}, {"2/5 2/5"}),
    "no spin": (("N", "N"), {}, {"5/2 2/5", "2/5 5/2", "4/3 3/4", "3/4 4/3"}),
    "a broken pair": (("N", "N"), {"spin": 8}, {"6/1 5/2", "5/2 6/1"}),
    "all up": (("He", "H"), {"spin": 3}, {"2/0 1/0"}),
    "far H2": (("H", "H"), {}, {"1/0 0/1", "0/1 1/0"}),
    "Li-": (("Li",), {"charge": -1}, {"2/2"}),
    "H-": (("H",), {"charge": -1}, {"1/1"}),
    "Li- and H": (("Li", "H"), {"charge": -1, "spin": 1}, {"2/2 1/0", "2/1 1/1"}),
}


@pytest.mark.parametrize("name", STARTS)
def test_each_atom_is_in_its_ground_state(name: str) -> None:
    symbols, options, known = STARTS[name]
    found = kinds(line(*symbols, **options))
    assert set(found) == known
    assert min(found.values()) > 0.03 * WALKERS


def test_populations_of_a_mean_field_are_those_of_the_walkers() -> None:
    populations = torch.tensor([[1.3, 0.2, 0.5], [0.9, 0.6, 0.5]], dtype=torch.float64)
    counts = starting_counts(line("Li", "H", "H", charge=1), WALKERS, seeded(), populations).double()
    assert bool(((counts - populations).abs() < 1).all())
    assert float((counts.mean(0) - populations).abs().max()) < 4 * (0.25 / WALKERS) ** 0.5


def test_walkers_start_where_their_counts_say() -> None:
    hamiltonian = line("Li", "H", apart=100.0)
    counts = starting_counts(hamiltonian, 200, seeded())
    x = initial_walkers(hamiltonian, 200, torch.float64, "cpu", seeded(), counts)
    at_second = x[:, :, 2] > 50
    assert torch.equal(at_second[:, :2].sum(1), counts[:, 0, 1])
    assert torch.equal(at_second[:, 2:].sum(1), counts[:, 1, 1])


ZETA = 27 / 16


def helium_beside_a_proton(apart: float, first: str) -> tuple[Hamiltonian, Product, float]:
    """``exp(-zeta (r_1 + r_2))`` about helium alone, and its energy in closed form.

    ``zeta^2 - 27/8 zeta`` is that of helium; the cloud is screened from the proton up to
    ``(1 + zeta R) exp(-2 zeta R)/R`` for each electron.
    """
    symbols = ("He", "H") if first == "He" else ("H", "He")
    hamiltonian = line(*symbols, apart=apart, charge=1)
    held = torch.tensor([ZETA if symbol == "He" else 0.0 for symbol in symbols], dtype=torch.float64)
    particles = hamiltonian.particles
    cusp = NuclearCusp(particles, hamiltonian.centres, held)
    cusp.log_decay.data.fill_(-25.0)  # a cusp that never bends
    inside = (1 + ZETA * apart) * math.exp(-2 * ZETA * apart) / apart
    return hamiltonian, Product(Determinants(HarmonicOrbitals(particles, 1.0, (1, 1))), [cusp]), -(ZETA**2) + 2 * inside


@pytest.mark.parametrize("apart", [2.0, 5.0, 20.0])
@pytest.mark.parametrize("first", ["He", "H"])
def test_the_energy_is_that_of_the_closed_form_in_both_orders(apart: float, first: str) -> None:
    """Local moves from the proton to helium would take hundreds of updates: 20 bohr in steps of half a bohr."""
    hamiltonian, psi, known = helium_beside_a_proton(apart, first)
    generator = seeded(4)
    chain = Metropolis(lambda x: 2 * psi(x).log, width=0.5, steps=10, jumps=6 * jumps_between(hamiltonian))
    with torch.no_grad():
        x = initial_walkers(hamiltonian, 700, torch.float64, "cpu", generator)
        energies = []
        for update in range(11):
            x, _ = chain.update(x, generator)
            if update >= 7:
                energies.append(local_energy(psi, hamiltonian, x))
    means = torch.stack(energies).mean(0)  # of each walker, which are independent
    error = float(means.std()) / len(means) ** 0.5
    assert error < 0.03
    assert abs(float(means.mean()) - known) < 4 * error


def two_hydrogen_atoms(x: Tensor) -> Tensor:
    """log of ``(a(1) b(2) + b(1) a(2))^2``, atoms 20 bohr apart: each spin is as often here as there."""
    r = torch.stack([x.norm(dim=-1), (x - torch.tensor([0.0, 0.0, 20.0]).to(x)).norm(dim=-1)], -1)  # (batch, 2, 2)
    return 2 * torch.logaddexp(-r[:, 0, 0] - r[:, 1, 1], -r[:, 0, 1] - r[:, 1, 0])


@pytest.mark.parametrize("start", ["one spin", "one atom"])
def test_jumps_find_all_of_far_h2(start: str) -> None:
    """From all walkers with the up electron at one atom, and from all with both there."""
    hamiltonian = line("H", "H")
    counts = torch.tensor({"one spin": [[1, 0], [0, 1]], "one atom": [[1, 0], [1, 0]]}[start]).expand(WALKERS, 2, 2)
    generator = seeded()
    x = initial_walkers(hamiltonian, WALKERS, torch.float64, "cpu", generator, counts)
    x, _ = Metropolis(two_hydrogen_atoms, width=0.5, steps=4, jumps=8 * jumps_between(hamiltonian)).update(x, generator)
    there = x[:, :, 2] > 10
    assert bool((there.sum(1) == 1).double().mean() > 0.95)
    assert abs(float(there[:, 0].double().mean()) - 0.5) < 0.06


def test_jumps_change_what_they_say() -> None:
    x = torch.randn(500, 3, 3, generator=seeded(), dtype=torch.float64)
    centres = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 30.0], [0.0, 30.0, 0.0]], dtype=torch.float64)
    y, ratio = Carry(centres).propose(x, 1.0, two_hydrogen_atoms, seeded())
    moved = (y - x).norm(dim=-1)
    away = moved > 1e-9
    assert set(away.sum(1).tolist()) == {0, 1}  # to one of three centres, one of them its own
    assert 0.55 < float(away.any(1).double().mean()) < 0.78
    torch.testing.assert_close(moved[away], torch.full_like(moved[away], 30.0))  # x is around the first one
    assert not ratio.any()
    y, ratio = Exchange().propose(x, 1.0, two_hydrogen_atoms, seeded())
    changed = (y != x).all(-1).sum(1)
    assert set(changed.tolist()) == {0, 2}
    assert 0.55 < float((changed == 2).double().mean()) < 0.78
    assert torch.equal(y.sort(1).values, x.sort(1).values)
    assert not ratio.any()


def test_a_carry_that_could_not_come_back_is_refused() -> None:
    """Behind the other centre's back there is a third one, nearer to where the particle would land."""
    centres = torch.tensor([[0.0], [2.0], [2.9]], dtype=torch.float64)
    x = torch.full((200, 1, 1), 0.6, dtype=torch.float64)
    y, ratio = Carry(centres).propose(x, 1.0, two_hydrogen_atoms, seeded())
    landed = {round(float(place), 6): bool(way) for place, way in zip(y.flatten(), torch.isfinite(ratio), strict=True)}
    assert landed == {0.6: True, 2.6: False, 3.5: True}


def test_atoms_and_traps_have_no_jumps_and_one_spin_no_exchange() -> None:
    assert jumps_between(line("Be")) == []
    assert jumps_between(quantum_dot(Particles(2, 1, 2), 1.0)) == []
    assert [type(jump) for jump in jumps_between(line("H", "H", spin=2))] == [Carry]
    assert [type(jump) for jump in jumps_between(line("H", "H"))] == [Carry, Exchange]
