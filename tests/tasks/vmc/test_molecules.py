"""Molecules from files, and walkers for other programs."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.forecast import forecast
from tests.tasks.vmc.test_task import BASE, begun, source

SMALL: dict[str, Any] = {
    "walkers": {"count": 8, "steps": 1},
    "warmup": 0,
    "iterations": 1,
    "equilibration": 1,
    "evaluation": 2,
}


def of_file(path: Path, **options: Any) -> dict[str, Any]:
    return {"name": "molecule", "xyz": str(path), **options}


@pytest.fixture
def lih(tmp_path: Path) -> Path:
    path = tmp_path / "lih.xyz"
    path.write_text("2\n\nLi 0 0 0\nH 0 0 1.595466\n")
    return path


def test_a_molecule_of_a_file(tmp_path: Path, lih: Path) -> None:
    """That of the reference at 3.015 bohr; the run keeps the atoms and not the file."""
    report = runs.start(VMC, source(system=of_file(lih), **SMALL), tmp_path / "run", quiet=True)
    assert report["reference"] == -8.070548
    lih.unlink()
    config = runs.open_run(tmp_path / "run").task.config.system
    assert (config.xyz, config.unit) == (None, "angstrom")
    assert config.atoms == [["Li", 0.0, 0.0, 0.0], ["H", 0.0, 0.0, 1.595466]]


def test_a_file_lies_beside_the_configuration(lih: Path) -> None:
    (lih.parent / "own.yaml").write_text(json.dumps({**BASE, "system": of_file(Path(lih.name))}))
    found = runs.validate(VMC.schema, runs.Source.read(lih.parent / "own.yaml"))
    assert found.system.atoms[1] == ["H", 0.0, 0.0, 1.595466]


@pytest.mark.parametrize("other", [{"unit": "bohr"}, {"unit": "angstrom", "atoms": [["He", 0, 0, 0]]}])
def test_a_file_and_atoms_are_too_much(lih: Path, other: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="an xyz file, whose unit is angstrom, or unit and atoms, came both"):
        begun(system=of_file(lih, **other))


def test_a_file_that_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"system: .*none\.xyz: expected an XYZ file"):
        begun(system=of_file(tmp_path / "none.xyz"))


def test_walkers_for_other_programs(tmp_path: Path, lih: Path) -> None:
    """Coordinates in bohr with what they are of, as many as were asked for, drawn from the checkpoint's state."""
    runs.start(VMC, source(system=of_file(lih), **SMALL), tmp_path / "run", quiet=True)
    for seed, name in ((1, "one"), (1, "again"), (2, "two")):
        runs.sample(VMC, tmp_path / "run", 20, seed, tmp_path / f"{name}.h5", quiet=True)
    with h5py.File(tmp_path / "one.h5") as file:
        walkers = file["walkers"][:]
        assert walkers.shape == (20, 4, 3)
        assert {key: file.attrs[key] for key in ("unit", "n_up", "n_down")} == {"unit": "bohr", "n_up": 2, "n_down": 2}
        np.testing.assert_array_equal(file.attrs["charges"], [3.0, 1.0])
        np.testing.assert_allclose(file.attrs["centres"], [[0, 0, 0], [0, 0, 3.015]], atol=1e-5)
    task = runs.open_run(tmp_path / "run").task
    first = next(task.samples(1))
    np.testing.assert_array_equal(walkers[:8], first.numpy())
    assert bool(torch.isfinite(task.psi(torch.tensor(walkers)).log).all())
    with h5py.File(tmp_path / "again.h5") as again, h5py.File(tmp_path / "two.h5") as two:
        np.testing.assert_array_equal(again["walkers"][:], walkers)
        assert not np.array_equal(two["walkers"][:], walkers)


def test_walkers_in_a_trap_have_no_charges(tmp_path: Path) -> None:
    made = begun()
    with made.create_ensemble(tmp_path / "dot.h5", 4) as file:
        file.append(made.walkers[:4])
    with h5py.File(tmp_path / "dot.h5") as file:
        assert "charges" not in file.attrs
        assert file["walkers"].shape == (4, 2, 2)


def test_a_heavy_atom_says_what_it_will_take() -> None:
    """Zinc, thirty electrons."""
    zinc = {"name": "molecule", "unit": "bohr", "atoms": [["Zn", 0, 0, 0]]}
    made = begun(system=zinc, walkers={"count": 2, "steps": 1}, warmup=1, iterations=10, evaluation=10)
    expected = forecast(made)
    assert expected is not None
    assert expected.seconds > 0
