"""What a report says of how its walkers started, of the spin that was assumed, and of too few steps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.report import vmc_report
from tests.tasks.vmc.test_pretraining import needs_pyscf
from tests.tasks.vmc.test_task import BASE, begun, source, task


def atoms(*symbols: str, apart: float = 20.0, **options: Any) -> dict[str, Any]:
    places = [[symbol, 0, 0, apart * k] for k, symbol in enumerate(symbols)]
    return {"name": "molecule", "unit": "bohr", "atoms": places, **options}


FAR = atoms("He", "H", charge=1)
KINDS = torch.tensor([[[1, 0], [1, 0]], [[1, 0], [0, 1]]])
"""Both electrons at helium, and one at each nucleus."""


def reported(energies: np.ndarray, starts: torch.Tensor | None, system: dict[str, Any] = FAR) -> dict[str, Any]:
    """Of energies ``(steps, walkers)``."""
    made, metrics = task(system=system), runs.Metrics()
    for row in energies:
        metrics.record("evaluation", {"step": 0, "energy": row, "acceptance": np.ones(len(row))})
    return vmc_report(made.config, made.hamiltonian, metrics, 1, 1.0, 50, starts)


@pytest.mark.parametrize("shift", [0.0, 0.02])
def test_starts_that_disagree_head_the_report(shift: float) -> None:
    """By a fifth of the scatter of one walker, which no walker alone shows: its R-hat stays at 1."""
    energies = -2.9 + 0.1 * np.random.default_rng(3).normal(size=(100, 400))
    energies[:, 200:] += shift
    report = reported(energies, KINDS.repeat_interleave(200, 0))
    text = VMC.markdown(report)
    assert report["r_hat"] < 1.03
    assert (report["r_hat_starts"] > 1.5) is bool(shift)
    assert list(report["warnings"]) == (["starts"] if shift else [])
    head = text.split("\n")[2]
    assert head.startswith("**Warnings**" if shift else "|")
    assert ("- starts: walkers that started with other electrons at the nuclei disagree: R-hat" in text) is bool(shift)


def test_the_first_walkers_of_a_list_need_not_be_of_one_kind() -> None:
    """Kinds alternate, and the odd ones are off."""
    energies = -2.9 + 0.1 * np.random.default_rng(3).normal(size=(100, 400))
    energies[:, 1::2] += 0.05
    assert reported(energies, KINDS.repeat(200, 1, 1))["r_hat_starts"] > 1.5
    assert reported(energies, KINDS.repeat_interleave(200, 0))["r_hat_starts"] < 1.05


def test_one_kind_of_start_has_nothing_to_compare() -> None:
    energies = np.random.default_rng(3).normal(size=(100, 40))
    assert reported(energies, KINDS[:1].expand(40, 2, 2))["r_hat_starts"] is None
    assert reported(energies, None)["r_hat_starts"] is None


def test_few_steps_lead_the_report() -> None:
    """Energies that have not settled: R-hat 1.6, and the report begins with it."""
    drift = np.linspace(0, 1.5, 8)[:, None]
    report = reported(drift + 0.2 * np.random.default_rng(1).normal(size=(8, 50)), None)
    assert report["r_hat"] > 1.5
    text = VMC.markdown(report)
    assert text.index("R-hat") < text.index("| energy (Hartree)")
    assert "- energy: chains or their halves disagree: R-hat" in text


@pytest.mark.parametrize("symbols", [("He", "H"), ("H", "He")])
def test_a_run_knows_how_its_walkers_started(symbols: tuple[str, str]) -> None:
    made = begun(system=atoms(*symbols, charge=1), walkers={"count": 300, "steps": 1})
    assert made.starts is not None
    where = symbols.index("He")
    assert 0.2 < float((made.starts[:, :, where].sum(1) == 2).double().mean()) < 0.47
    at_helium = (made.walkers[:, :, 2] > 10) == bool(where)
    assert torch.equal(at_helium.sum(1), made.starts[:, :, where].sum(1))
    again = task(system=atoms(*symbols, charge=1), walkers={"count": 300, "steps": 1})
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.starts, made.starts)
    assert len(made.sampler.jumps) == 2 * 2
    assert begun(system=atoms("Be")).starts is None


def test_a_checkpoint_without_starts_loads() -> None:
    made = begun(system=FAR)
    state = made.state_dict()
    del state["starts"], state["populations"]
    old = task(system=FAR)
    old.load_state_dict(state)
    assert old.starts is None
    old.step(old.restart_measurements(1), runs.Record())
    assert old.starts is not None
    assert not torch.equal(old.starts, made.starts)


@pytest.mark.slow
@needs_pyscf
def test_walkers_start_from_the_populations_of_hartree_fock(tmp_path: Path) -> None:
    """Both electrons of far He and H+ are at helium, from the start and after the pretraining, which is over then."""
    pretraining = {"orbitals": "hartree_fock", "steps": 1, "basis": "sto-3g"}
    made = begun(system=FAR, pretraining=pretraining)
    torch.testing.assert_close(made.populations, torch.tensor([[1.0, 0.0]] * 2).double(), rtol=0, atol=1e-6)
    assert bool((made.starts[:, :, 0] == 1).double().mean() > 0.99)
    made.step(0, runs.Record())
    assert made.pretraining is None
    again = task(system=FAR, pretraining=pretraining)
    again.load_state_dict(made.state_dict())
    again.step(again.restart_measurements(1), runs.Record())
    assert bool((again.starts[:, :, 0] == 1).double().mean() > 0.99)


SPINS = {
    "nitrogen": (atoms("N"), 3, "spin 3 by Hund's rule"),
    "oxygen": (atoms("O"), 2, "spin 2 by Hund's rule"),
    "chromium": (atoms("Cr"), 6, "spin 6 by Hund's rule"),
    "an ion": (atoms("C", charge=1), 1, "spin 1 by Hund's rule"),
    "as it was": (atoms("N", spin=None), 1, "spin 1 assumed, the lowest"),
    "oxygen molecule": (atoms("O", "O"), 0, "spin 0 assumed, the lowest"),
    "given": (atoms("N", spin=1), 1, "spin 1)"),
    "by name": (atoms("N", spin="hund"), 3, "spin 3 by Hund's rule"),
}


@pytest.mark.parametrize("name", SPINS)
def test_the_first_line_names_the_spin(name: str) -> None:
    system, spin, text = SPINS[name]
    report = reported(np.random.default_rng(3).normal(size=(20, 10)), None, system)
    assert report["spin"] == spin
    assert text in VMC.markdown(report).split("\n")[0]


def test_a_run_of_the_time_of_the_lowest_spin_goes_on_as_it_was(tmp_path: Path) -> None:
    """Its configuration has `spin: null`, which was what none meant."""
    small = {"walkers": {"count": 8, "steps": 1}, "warmup": 0, "iterations": 1, "equilibration": 1, "evaluation": 2}
    runs.start(VMC, source(system=atoms("C", spin=None), **small), tmp_path / "run", quiet=True)
    opened = runs.open_run(tmp_path / "run").task
    assert opened.hamiltonian.particles.counts == (3, 3)
    assert "spin: null" in (tmp_path / "run" / "config.yaml").read_text()


def test_a_spin_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="'hund'"):
        runs.validate(VMC.schema, runs.Source(json.dumps({**BASE, "system": atoms("N", spin="high")}), "test.yaml"))
