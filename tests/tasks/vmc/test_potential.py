"""A potential of the user's own in the task `vmc`, and the references that systems find for themselves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import Particles, confined, molecule

MODULE = """
import torch

def anisotropic(x):
    return 0.5 * (x * torch.tensor([1.0, 1.25]).to(x)).square().sum((1, 2))

class Trap:
    def __init__(self, omega):
        self.omega = omega
    def __call__(self, x):
        return 0.5 * self.omega**2 * x.square().sum((1, 2))

def total(x):
    return x.square().sum()

def first_only(x):
    return x[:, 0].square().sum(-1)

number = 3.0
"""
SYSTEM = {"name": "python", "object": "own_trap:anisotropic", "n_up": 2, "n_down": 0, "dimension": 2}
BASE: dict[str, Any] = {
    "task": "vmc",
    "seed": 5,
    "wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "deep_sets", "width": 8, "layers": 1}},
    "walkers": {"count": 96, "steps": 3},
    "optimizer": {"name": "spring", "rate": 0.3, "decay": 20},
    "warmup": 20,
    "iterations": 30,
    "evaluation": 20,
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_trap.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0


def built(**changes: Any) -> VMC:
    return VMC(
        runs.validate(VMC.schema, runs.Source(json.dumps({**BASE, "system": {**SYSTEM, **changes}}), "own.yaml"))
    )


def test_two_fermions_in_an_anisotropic_trap(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``E = (1/2 + 3/2) 1 + (1/2 + 1/2) 1.25 = 3.25``: the second particle has the quantum along the softer axis."""
    (module / "own.yaml").write_text(json.dumps({**BASE, "system": {**SYSTEM, "energy": 3.25}}))
    command("run", "own.yaml", "--out", "run")
    report = json.loads(Path("run/report.json").read_text())
    assert abs(report["energy"] - 3.25) < 3e-3 + 4 * report["energy_error"]
    assert (report["reference"], report["reference_exact"]) == (3.25, False)
    capsys.readouterr()
    command("check", "run")
    assert "permutations within species: holds" in capsys.readouterr().out


def test_a_class_with_options_is_the_trap_of_the_package(module: Path) -> None:
    own = built(object="own_trap:Trap", options={"omega": 1.3}, repulsion=True, n_down=1).hamiltonian
    named = {"name": "quantum_dot", "n_up": 2, "n_down": 1, "omega": 1.3}
    known = VMC(runs.validate(VMC.schema, runs.Source(json.dumps({**BASE, "system": named}), "dot.yaml"))).hamiltonian
    x = torch.randn(5, 3, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(own.potential(x), known.potential(x), rtol=1e-14, atol=0)


WRONG = {
    "one number": ({"object": "own_trap:total"}, r"energies \(batch,\) of coordinates \(batch, n, d\), came \(\)"),
    "not symmetric": ({"object": "own_trap:first_only"}, "same energy if particles of equal spin change places"),
    "no function": ({"object": "own_trap:number"}, "own_trap:number: expected a function, came float"),
    "not there": ({"object": "own_trap:nothing"}, "system.object: own_trap:nothing"),
    "no colon": ({"object": "own_trap"}, "expected 'package.module:object', got 'own_trap'"),
    "repulsion on a line": ({"object": "own_trap:total", "dimension": 1, "repulsion": True}, "not integrable in one"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_potential_is_said(module: Path, name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(UserError, match=message):
        built(**changes)


def test_a_size_of_the_trap_is_asked_for() -> None:
    with pytest.raises(UserError, match="omega > 0, came 0"):
        confined(Particles(1, 0, 2), lambda x: x.square().sum((1, 2)), 0.0)


LIH = (["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.015]])


@pytest.mark.parametrize(
    ("elements", "positions", "unit", "options", "energy"),
    [
        (*LIH, "bohr", {}, -8.070548),
        (["H", "Li"], [[1.0, 1.595, 0.0], [1.0, 0.0, 0.0]], "angstrom", {}, -8.070548),
        (["H", "H"], [[0.0, 0.0, 0.7], [0.0, 0.0, -0.7]], "bohr", {}, -1.1744757142200755),
        (["N", "N"], [[0.0, 0.0, 0.0], [1.2, 0.0, 1.6843]], "bohr", {}, -109.5423),
        (["H"] * 10, [[0.0, 1.8 * k, 0.0] for k in (3, 1, 2, 0, 4, 6, 5, 8, 7, 9)], "bohr", {}, -5.6655),
        (["Be"], [[1.0, 0.0, 0.0]], "bohr", {}, -14.667356498),
        (["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.1]], "bohr", {}, None),
        (*LIH, "bohr", {"charge": 1}, None),
        (*LIH, "bohr", {"spin": 2}, None),
        (["Be", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.015]], "bohr", {}, None),
    ],
)
def test_molecules_find_their_reference(
    elements: list[str], positions: list[list[float]], unit: str, options: dict[str, int], energy: float | None
) -> None:
    found = molecule(elements, positions, unit, **options).reference
    assert (None if found is None else found.energy) == energy
