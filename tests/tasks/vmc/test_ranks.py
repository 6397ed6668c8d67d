"""Two processes that share the walkers do what one does with all of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from tests.processes import two_ranks

pytestmark = pytest.mark.slow

CONFIG: dict[str, Any] = {
    "task": "vmc",
    "seed": 5,
    "system": {"name": "quantum_dot", "n_up": 2, "n_down": 1, "dimension": 2, "omega": 1.0},
    "wavefunction": {
        "ansatz": {"name": "determinant", "terms": 2},
        "backbone": {"name": "ferminet", "layers": [[6, 3], [6, 3]]},
    },
    "walkers": {"count": 12, "move": "all", "steps": 2},
    "optimizer": {"name": "spring"},
    "warmup": 2,
    "iterations": 4,
    "equilibration": 3,
    "evaluation": 2,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "spring": {},
    "pretraining": {"pretraining": {"orbitals": "harmonic", "steps": 3}},
    "on sites, complex": {
        "system": {"name": "hubbard", "lattice": {"kind": "chain", "shape": [4]}, "n_up": 2, "n_down": 1, "u": 3.0},
        "wavefunction": {
            "ansatz": {"name": "determinant"},
            "backbone": {"name": "site_dense", "hidden": 3, "width": 2},
            "projection": {"momentum": [0.5]},
        },
        "walkers": {"count": 12, "steps": 2},
    },
    "adam, moves along the drift": {
        "optimizer": {"name": "adam"},
        "walkers": {"count": 12, "move": "langevin", "steps": 2},
    },
}


def start_all(names: list[str]) -> None:
    for name in names:
        runs.start(VMC, runs.Source.read(Path(f"{name}.yaml")), Path(f"{name} by two"), quiet=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every variant run by two processes."""
    path = tmp_path_factory.mktemp("vmc_ranks")
    for name, changes in VARIANTS.items():
        (path / f"{name}.yaml").write_text(json.dumps(CONFIG | changes))
    ended = two_ranks(start_all, [list(VARIANTS)], path)
    assert [process.returncode for process in ended] == [0, 0], ended[0].stderr + ended[1].stderr
    return path


def state(path: Path) -> dict[str, torch.Tensor]:
    found = torch.load(path / "checkpoint.pt", weights_only=True)["state"]["task"]
    return {**found["psi"], "walkers": found["walkers"]}


@pytest.mark.parametrize("name", VARIANTS)
def test_two_processes_do_what_one_does(name: str, folder: Path, tmp_path: Path) -> None:
    runs.start(VMC, runs.Source.read(folder / f"{name}.yaml"), tmp_path / "one", quiet=True)
    shared = state(folder / f"{name} by two")
    for key, wanted in state(tmp_path / "one").items():
        torch.testing.assert_close(shared[key], wanted, rtol=1e-8, atol=1e-10)
    for table in ("training", "evaluation"):
        rows = (runs.Metrics.load(path / "metrics.h5") for path in (tmp_path / "one", folder / f"{name} by two"))
        one, two = (metrics.columns(table) for metrics in rows)
        for column, values in one.items():
            np.testing.assert_allclose(two[column], values, rtol=1e-7, atol=1e-10)


def test_walkers_that_cannot_be_shared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaugeflow.tasks.vmc.ranks.ranks", lambda: runs.Ranks(0, 5))
    made = VMC(runs.validate(VMC.schema, runs.Source(json.dumps(CONFIG), "dot.yaml")))
    with pytest.raises(UserError, match="expected a count that 5 processes share equally, came 12"):
        made.begin()
