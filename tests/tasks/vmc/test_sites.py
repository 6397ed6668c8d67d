"""The task `vmc` for fermions on sites: one step with every ansatz and backbone, a report, and messages."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import occupation
from gaugeflow.wavefunctions.occupation import Enumerated, local_value

RING = {"name": "hubbard", "lattice": {"kind": "chain", "shape": [4]}, "n_up": 2, "n_down": 1, "u": 3.0}
BASE: dict[str, Any] = {
    "task": "vmc",
    "seed": 1,
    "system": RING,
    "wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "mean_field"}},
    "walkers": {"count": 32, "steps": 2},
    "optimizer": {"name": "spring", "rate": 0.1},
    "warmup": 1,
    "iterations": 2,
    "equilibration": 1,
    "evaluation": 8,
    "examination": 5,
}
DETERMINANT = {"ansatz": {"name": "determinant"}, "backbone": {"name": "mean_field"}}
ATTENTION = {"name": "site_attention", "width": 4, "layers": 1}
WAYS = {
    "full": ({"name": "determinant", "full": True}, {"name": "site_dense", "hidden": 4, "width": 2}),
    "pfaffian": ({"name": "pfaffian", "triplets": True}, {"name": "site_convolution", "width": 4}),
    "pairs": ({"name": "pair_product"}, ATTENTION),
    "hidden pairs": ({"name": "hidden_pfaffian", "hidden": 1}, {"name": "site_dense", "hidden": 4, "width": 2}),
    "hidden": ({"name": "hidden_determinant", "hidden": 1}, ATTENTION),
}


def task(**changes: Any) -> VMC:
    return VMC(runs.validate(VMC.schema, runs.Source(json.dumps({**BASE, **changes}), "test.yaml")))


@pytest.mark.parametrize("way", WAYS)
def test_every_part_is_trained(way: str) -> None:
    ansatz, backbone = WAYS[way]
    made, record = task(wavefunction={"ansatz": ansatz, "backbone": backbone}), runs.Record()
    made.begin()
    for index in range(2):
        made.step(index, record)
    assert record.metrics.counts() == {"training": 1}
    assert made.failures == 0


STARTS = {
    "determinant": ({"name": "determinant"}, "hartree_fock"),
    "one determinant": ({"name": "determinant", "full": True}, "hartree_fock"),
    "pfaffian": ({"name": "pfaffian"}, "hartree_fock"),
    "triplets": ({"name": "pfaffian", "triplets": True}, "hartree_fock"),
    "hidden determinant": ({"name": "hidden_determinant", "hidden": 1}, "hartree_fock"),
    "hidden pairs": ({"name": "hidden_pfaffian", "hidden": 1}, "hartree_fock"),
    "pairs": ({"name": "pfaffian", "pairing": 4}, "pairing"),
    "hidden pairs of pairs": ({"name": "hidden_pfaffian", "hidden": 1}, "pairing"),
}


def starting(way: str) -> VMC:
    """A run that has begun."""
    ansatz, name = STARTS[way]
    system = RING | {"u": -6.0 if name == "pairing" else 6.0}
    network = {"name": "site_convolution", "width": 4}
    backbone = network if ansatz["name"].startswith("hidden") else {"name": "mean_field"}
    start = {"name": name, "tries": 1}
    made = task(system=system, wavefunction={"ansatz": ansatz, "backbone": backbone, "start": start, "jastrow": False})
    made.begin()
    return made


@pytest.mark.parametrize("way", STARTS)
def test_orbitals_begin_in_the_mean_field(way: str) -> None:
    """Within the noise of the orbitals and of what networks add."""
    made = starting(way)
    hamiltonian, seed = made.hamiltonian, torch.Generator().manual_seed(4)
    with torch.no_grad():
        every = made.psi.particles.every()
        share = (2 * made.psi(every).log).softmax(0)
        energy = float(share @ local_value(made.psi, hamiltonian.operators, made.psi.particles, every))
    if STARTS[way][1] == "hartree_fock":
        assert energy == pytest.approx(occupation.hartree_fock(hamiltonian, seed, 2).energy, abs=0.15)
    else:  # the part with so many particles is lower than the mean over their numbers
        assert hamiltonian.reference.energy < energy < occupation.paired(hamiltonian, seed, 1).energy + 0.1


def test_the_start_is_that_of_the_seed() -> None:
    one, other = (starting("determinant").psi.parameters() for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_walkers_of_another_density_have_weights(power: float) -> None:
    """The energy that is recorded in the training is that of psi^2, within four of its errors."""
    walkers = {"count": 4000, "power": power}
    made, record = task(walkers=walkers, sampler={"name": "enumerate"}, warmup=0), runs.Record()
    made.begin()
    for parameter in made.psi.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        every = made.psi.particles.every()
        share = Enumerated(lambda x: 2 * made.psi(x).log, made.psi.particles).shares(every)
    energies = local_value(made.psi, made.hamiltonian.operators, made.psi.particles, every)
    torch.testing.assert_close(made.whole.local_energies(made.psi, every), energies)
    made.step(0, record)
    (found,) = record.metrics.columns("training")["energy"]
    drawn, energy = share ** (power / 2), float(share @ energies)
    spread = (share * (energies - energy)).square() / (drawn / drawn.sum())
    assert float(found) == pytest.approx(energy, abs=4 * float(spread.sum() / 4000) ** 0.5)


def test_a_run_and_its_report(tmp_path: Path) -> None:
    report = runs.start(VMC, runs.Source(json.dumps(BASE), "test.yaml"), tmp_path / "run", quiet=True)
    assert report["reference_exact"]
    assert task().hamiltonian.reference.kind == "exact diagonalisation"
    given = task(system={**RING, "energy": -3.5}).hamiltonian.reference
    assert (given.energy, given.exact, given.source) == (-3.5, True, "system.energy")
    assert report["energy"] > report["reference"] - 4 * report["energy_error"]
    factors = report["observables"]["structure_factors"]
    assert len(factors) == 4
    doubles = report["observables"]["double_occupancy"][0]
    spin = sum(entry["spin"][0] for entry in factors) / 4
    assert spin == pytest.approx(3 / 4 - 2 * doubles)  # sum_i (n_up - n_down)^2 / sites
    assert "energy (t)" in (tmp_path / "run" / "report.md").read_text()


ALL: dict[str, Any] = {
    "system": RING | {"n_down": 2},
    "wavefunction": {
        "ansatz": {"name": "determinant"},
        "backbone": {"name": "site_dense", "hidden": 4, "width": 2},
        "projection": {"momentum": [1], "point_group": "A2", "spin_flip": 1},
    },
    "sampler": {"name": "enumerate", "train": "all"},
    "iterations": 40,
}


def test_a_state_that_is_trained_on_all_configurations_is_evaluated_over_them(tmp_path: Path) -> None:
    """It comes to the exact energy with no noise at all, and anew to the same number."""
    report = runs.start(VMC, runs.Source(json.dumps(BASE | ALL), "test.yaml"), tmp_path / "run", quiet=True)
    assert report["reference"] - 1e-9 < report["energy"] < report["reference"] + 1e-5
    assert (report["energy_error"], report["deviation"], report["tau_int"]) == (0.0, None, None)
    assert report["configurations"] == 36
    assert report["evaluated_on"].startswith("over all 36 configurations, in ")
    spins = sum(entry["spin"][0] for entry in report["observables"]["structure_factors"]) / 4
    assert spins == pytest.approx(1 - 2 * report["observables"]["double_occupancy"][0])
    assert "the energy is the sum over all 36 configurations" in (tmp_path / "run" / "report.md").read_text()
    again = runs.fresh_report(VMC, tmp_path / "run", 5, quiet=True)
    assert (again["energy"], again["observables"]) == (report["energy"], report["observables"])


DENSE = {"ansatz": {"name": "determinant"}, "backbone": {"name": "site_dense", "hidden": 4, "width": 2}}
COMPLEX: dict[str, dict[str, Any]] = {
    "a momentum": {"wavefunction": {**DENSE, "projection": {"momentum": [0.5]}}},
    "a twist": {"system": RING | {"lattice": {"kind": "chain", "shape": [4], "boundary": 0.9}}, "wavefunction": DENSE},
}


@pytest.mark.parametrize("way", COMPLEX)
def test_complex_wavefunctions_come_to_the_lowest_energy_of_their_sector(way: str) -> None:
    """On all configurations, by the real inner product of complex derivatives; nothing lies below."""
    made, record = task(**(ALL | {"system": RING} | COMPLEX[way])), runs.Record()
    made.begin()
    for index in range(made.steps):
        made.step(index, record)
    report = made.report(record.metrics)
    assert report["reference_source"].endswith("in the sector") == (way == "a momentum")
    assert report["reference"] - 1e-9 < report["energy"] < report["reference"] + 1e-4
    assert not report["warnings"]


@pytest.mark.parametrize("way", ["real", *COMPLEX])
def test_the_rows_of_an_evaluation_take_what_is_foretold(way: str) -> None:
    made, record = task(**({"iterations": 0, "examination": 0} | COMPLEX.get(way, {}))), runs.Record()
    made.begin()
    for index in range(made.steps):
        made.step(index, record)
    columns = record.metrics.columns("evaluation")
    numbers = sum(values.size for name, values in columns.items() if name != "step")
    assert made.recorded_bytes == 8 * numbers


@pytest.mark.parametrize("way", ["real", *COMPLEX])
def test_a_chain_and_the_sum_over_all_configurations_agree(way: str) -> None:
    """The same parameters, evaluated by both: the sum is within four errors of the chain."""
    chain = {"walkers": {"count": 200, "steps": 8}, "iterations": 0, "evaluation": 40, "examination": 0}
    chain |= COMPLEX.get(way, {})
    reports = []
    for changes in (chain, chain | {"evaluation": "all"}):
        made, record = task(**changes), runs.Record()
        made.begin()
        for index in range(made.steps):
            made.step(index, record)
        reports.append(made.report(record.metrics))
    drawn, summed = reports
    assert drawn["energy_error"] > 0
    assert summed["energy_error"] == 0
    assert drawn["energy"] == pytest.approx(summed["energy"], abs=4 * drawn["energy_error"])
    assert drawn["variance"] == pytest.approx(summed["variance"], rel=0.2)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"walkers": {"power": 1.0}, "equilibration": 0}, "another density with walkers.power = 1"),
        ({"density": {}}, "density: expected none for fermions on sites"),
        (
            {"system": RING | {"lattice": {"kind": "chain", "shape": [24]}, "n_up": 7}, "evaluation": "all"},
            "at most 1,000,000 configurations, 7 up and 1 down on 24 sites have",
        ),
        (
            {"system": {"name": "quantum_dot", "n_up": 1, "n_down": 1}, "evaluation": "all"},
            "evaluation: expected a number for particles in space",
        ),
        (
            {
                "wavefunction": {
                    "ansatz": {"name": "pair_product"},
                    "backbone": {"name": "mean_field"},
                    "start": {"name": "pairing"},
                }
            },
            "expected pfaffian or hidden_pfaffian for pairing, came pair_product",
        ),
        (
            {
                "wavefunction": {
                    "ansatz": {"name": "hidden_pfaffian", "hidden": 2},
                    "backbone": {"name": "site_dense", "hidden": 2},
                }
            },
            "an even number of particles with the hidden ones and at least 2 pairing orbitals, came 3 with 2, and 4",
        ),
        (
            {
                "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1},
                "wavefunction": {
                    "ansatz": {"name": "determinant"},
                    "backbone": {"name": "deep_sets", "width": 4},
                    "start": {"name": "hartree_fock"},
                },
            },
            "wavefunction.start: expected fermions on sites; for particles in space see `pretraining`",
        ),
        (
            {
                "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1},
                "wavefunction": {
                    "ansatz": {"name": "determinant"},
                    "backbone": {"name": "deep_sets", "width": 4},
                    "orbitals": "fixed",
                },
            },
            "wavefunction.orbitals: expected learned ones for particles in space, came fixed",
        ),
        (
            {
                "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1},
                "wavefunction": {
                    "ansatz": {"name": "hidden_pfaffian"},
                    "backbone": {"name": "deep_sets", "width": 4},
                },
            },
            "hidden_pfaffian is for fermions on sites",
        ),
        ({"nodal_exchanges": 3}, "nodal_exchanges: expected none for fermions on sites"),
        ({"sampler": {"name": "enumerate", "most": 3}}, "at most 3 configurations"),
        (
            {"wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "deep_sets", "width": 4}}},
            "mean_field",
        ),
        ({"wavefunction": {"ansatz": {"name": "hidden_determinant"}, "backbone": {"name": "mean_field"}}}, "a network"),
        ({"system": {**RING, "n_up": 5}}, "at most 4 particles"),
        (
            {"wavefunction": {"ansatz": {"name": "symmetric"}, "backbone": {"name": "mean_field"}}},
            "wavefunction.ansatz: expected particles in space",
        ),
        (
            {"wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "mean_field"}, "backflow": 1}},
            "wavefunction.backflow: expected a network and a lattice on sites, came mean_field",
        ),
        (
            {"wavefunction": {**DETERMINANT, "projection": {"momentum": [0.3]}}},
            r"among \(0\), \(0.5\), \(1\), \(1.5\), came \(0.3,\)",
        ),
        (
            {"wavefunction": {**DETERMINANT, "projection": {"momentum": [0.5], "point_group": "A2"}}},
            "expected one of A of C1",
        ),
        ({"wavefunction": {**DETERMINANT, "projection": {"spin_flip": 1}}}, "as many up as down"),
        (
            {
                "system": {**RING, "n_up": 1, "n_down": 0},
                "wavefunction": {**DETERMINANT, "projection": {"momentum": [0], "point_group": "A2"}},
                "sampler": {"name": "enumerate", "train": "all"},
                "warmup": 0,
            },
            "one with states of 1 up and 0 down on 4 sites",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        begun(**changes)


def begun(**changes: Any) -> None:
    """The first step, too."""
    made = task(**changes)
    made.begin()
    made.step(0, runs.Record())
