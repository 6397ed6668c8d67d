"""The task `dmc`: goes on from a trained run, resumes bit for bit, shares its walkers, and says what is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import plots, runs
from gaugeflow.errors import UserError
from gaugeflow.runs.checkpoint import load_checkpoint
from gaugeflow.tasks import DMC, VMC
from gaugeflow.tasks.dmc.report import dmc_markdown, dmc_report
from tests.places import TRAINED
from tests.processes import two_ranks
from tests.tasks.crashes import crash

DOT = {"name": "quantum_dot", "n_up": 2, "n_down": 1, "dimension": 2, "omega": 1.0}
TRIAL: dict[str, Any] = {
    "task": "vmc",
    "seed": 3,
    "system": DOT,
    "wavefunction": {
        "ansatz": {"name": "determinant", "terms": 2},
        "backbone": {"name": "deep_sets", "width": 4, "layers": 1},
    },
    "walkers": {"count": 24, "steps": 2},
    "optimizer": {"name": "spring", "rate": 0.2},
    "warmup": 2,
    "iterations": 6,
    "equilibration": 2,
    "evaluation": 6,
    "dtype": "float32",
}
BASE: dict[str, Any] = {
    "task": "dmc",
    "seed": 5,
    "init_from": "trial",
    "system": DOT,
    "walkers": 20,
    "populations": 4,
    "time_steps": [0.05, 0.1, 0.2],
    "warmup": 3,
    "equilibration": 0.2,
    "generations": 6,
    "checkpoint_every": {"steps": 4},
}


def source(folder: Path, **changes: Any) -> runs.Source:
    return runs.Source(json.dumps({**BASE, **changes}), "test.yaml", folder)


def task(folder: Path, **changes: Any) -> DMC:
    return DMC.of(source(folder, **changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a trained run `trial` and one of diffusion on its nodes, `whole`."""
    path = tmp_path_factory.mktemp("dmc")
    runs.start(VMC, runs.Source(json.dumps(TRIAL), "trial.yaml"), path / "trial", quiet=True)
    runs.start(DMC, source(path), path / "whole", quiet=True)
    return path


def test_what_a_run_leaves(folder: Path) -> None:
    report = json.loads((folder / "whole" / "report.json").read_text())
    assert report["estimator"] == "mixed"
    assert report["nodes"].startswith("an upper bound")
    assert [row["time_step"] for row in report["time_steps"]] == BASE["time_steps"]
    assert [row["generations"] for row in report["time_steps"]] == [6, 8, 9]
    found = runs.Metrics.load(folder / "whole" / "metrics.h5").columns("generations")
    assert found["energy"].shape == (10, 12)
    plain = [found["energy"][begins:, 4 * k : 4 * k + 4].mean() for k, begins in enumerate((4, 2, 1))]
    assert [row["energy_unweighted"] for row in report["time_steps"]] == pytest.approx(plain)
    variational = json.loads((folder / "trial" / "report.json").read_text())
    assert (report["variational"], report["variational_error"]) == (variational["energy"], variational["energy_error"])
    assert f"| {report['time_steps'][1]['energy_text']} |" in (folder / "whole" / "report.md").read_text()


@pytest.mark.parametrize("stop", [2, 5, 11])
def test_resumes_bit_for_bit(tmp_path: Path, folder: Path, stop: int) -> None:
    """Killed while walkers are made, in the equilibration and in the measurements."""
    with crash(DMC, stop):
        runs.start(DMC, source(folder), tmp_path / "run", quiet=True)
    runs.resume(DMC, tmp_path / "run", quiet=True)
    one, other = (runs.Metrics.load(path / "metrics.h5") for path in (folder / "whole", tmp_path / "run"))
    assert one.counts() == other.counts() == {"generations": 10}
    for name, values in one.columns("generations").items():
        np.testing.assert_array_equal(other.column("generations", name), values)


def test_more_generations_and_new_ones(tmp_path: Path, folder: Path) -> None:
    short = runs.start(DMC, source(folder, generations=5), tmp_path / "run", quiet=True)
    known = json.loads((folder / "whole" / "report.json").read_text())
    assert runs.resume(DMC, tmp_path / "run", ["generations=6"], quiet=True)["energy"] == known["energy"]
    assert runs.resume(DMC, tmp_path / "run", ["memory=0"], quiet=True)["energy"] != known["energy"] != short["energy"]
    fresh = runs.fresh_report(DMC, folder / "whole", 7, quiet=True)
    assert fresh["energy"] != known["energy"]
    assert abs(fresh["energy"] - known["energy"]) < 5 * np.hypot(fresh["energy_error"], known["energy_error"])
    with pytest.raises(UserError, match="time_steps cannot change on resume"):
        runs.resume(DMC, tmp_path / "run", ["time_steps.0=0.01"], quiet=True)


def test_a_run_does_without_the_trial_once_it_has_begun(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "trial").symlink_to(folder / "trial")
    with crash(DMC, 5):
        runs.start(DMC, source(tmp_path), tmp_path / "run", quiet=True)
    (tmp_path / "trial").unlink()
    found = runs.resume(DMC, tmp_path / "run", quiet=True)
    assert found["energy"] == json.loads((folder / "whole" / "report.json").read_text())["energy"]


def test_a_checkpoint_of_other_populations_is_refused(tmp_path: Path, folder: Path) -> None:
    """As those were which had one for each time step."""
    with crash(DMC, 8):
        runs.start(DMC, source(folder), tmp_path / "run", quiet=True)
    _, state = load_checkpoint(tmp_path / "run" / "checkpoint.pt", "dmc")
    made = task(folder, populations=2)
    with pytest.raises(UserError, match="expected a checkpoint with 6 populations, came one with 12"):
        made.load_state_dict(state["task"])


def start(folder: Path) -> None:
    runs.start(DMC, source(folder), Path("two"), quiet=True)


@pytest.mark.slow
def test_two_processes_do_what_one_does(tmp_path: Path, folder: Path) -> None:
    ended = two_ranks(start, [folder], tmp_path)
    assert [process.returncode for process in ended] == [0, 0], ended[0].stderr + ended[1].stderr
    one, two = (runs.Metrics.load(path / "metrics.h5") for path in (folder / "whole", tmp_path / "two"))
    for name, values in one.columns("generations").items():
        np.testing.assert_allclose(two.column("generations", name), values, rtol=1e-7)


def test_the_network_runs_in_the_precision_that_is_asked_for(folder: Path) -> None:
    for dtype in (torch.float32, torch.float64):
        made = task(folder, dtype=str(dtype).removeprefix("torch."), warmup=0)
        made.begin()
        assert {parameter.dtype for parameter in made.psi.parameters()} == {dtype}
        made.step(0, runs.Record())
        assert made.diffusion is not None
        assert {part.dtype for part in made.diffusion.walkers} == {torch.float64}


def test_a_forecast_changes_nothing(folder: Path) -> None:
    found = runs.dry(DMC, source(folder))
    assert found["steps"] == 13
    assert found["seconds"] > 0


def test_figures(tmp_path: Path, folder: Path) -> None:
    config, metrics = task(folder).config, runs.Metrics.load(folder / "whole" / "metrics.h5")
    paths = plots.plot_dmc(tmp_path, config, metrics)
    assert [path.name for path in paths] == ["time_steps.png", "generations.png"]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in paths)
    early = runs.Metrics.load(folder / "whole" / "metrics.h5", {"generations": 2})
    assert [path.name for path in plots.plot_dmc(tmp_path, config, early)] == ["generations.png"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init_from": "nothing"}, "expected a run directory, found nothing at .*nothing"),
        ({"init_from": "whole"}, "expected a checkpoint of the task 'vmc', came 'dmc'"),
        ({"system": {**DOT, "omega": 0.5}}, r"init_from: .*trial: expected a wavefunction of .* \"omega\": 1.0"),
        ({"system": {**DOT, "n_down": 2}}, 'expected a wavefunction of the `system` here, came .* "n_down": 1'),
        ({"time_steps": [0.1, 0.2]}, "time_steps: "),
        ({"time_steps": [0.1, 0.2, 0.1]}, "time_steps: expected each once"),
        ({"degree": 2}, "time_steps: expected 4 or more for degree 2"),
        ({"populations": 3}, "walkers: expected a multiple of populations, at least 5 for each of the 3, came 20"),
        ({"populations": 5}, "walkers: expected a multiple of populations, at least 5 for each of the 5, came 20"),
        ({"populations": 1}, "populations: "),
        (
            {"time_steps": [50.0, 60.0, 70.0], "warmup": 20},
            "time step 50: the population dies out, .* smaller time_ste",
        ),
    ],
)
def test_mistakes(tmp_path: Path, folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        runs.start(DMC, source(folder, **changes), tmp_path / "run", quiet=True)


def test_a_moved_nucleus_is_another_system() -> None:
    changes = {"system": {"name": "molecule", "unit": "bohr", "atoms": [["Li", 0, 0, 0], ["H", 0, 0, 3.02]]}}
    made = task(TRAINED, init_from="lih", **changes)
    with pytest.raises(UserError, match="lih: expected a wavefunction of the `system` here"):
        made.begin()


def generations(count: int, energies: list[float], **changes: float) -> runs.Metrics:
    """Populations with energies around these that nothing is wrong with but for the changes."""
    metrics, noise = runs.Metrics(), np.random.default_rng(2).normal(0, 2e-3, (count, 12))
    for row in np.repeat(energies, 4) + noise:
        columns = {"energy": row, "growth": row, "duration": np.repeat(BASE["time_steps"], 4)}
        columns |= {"acceptance": np.ones(12), "crossed": np.full(12, 0.01), "lost": np.zeros(12), "share": np.ones(12)}
        metrics.record("generations", columns | {name: np.full(12, value) for name, value in changes.items()})
    return metrics


def reported(folder: Path, energies: list[float], system: dict[str, Any] = DOT, **changes: float) -> dict[str, Any]:
    made = task(folder)
    made.begin()
    config = made.config.model_copy(update={"memory": 0.0, "system": task(folder, system=system).config.system})
    return dmc_report(config, config.system.build(), made.trial, generations(400, energies, **changes))


def test_a_report_without_faults(folder: Path) -> None:
    report = reported(folder, [3.01, 3.02, 3.04])
    assert report["warnings"] == {} or set(report["warnings"]) == {"variational energy"}
    assert report["energy"] == pytest.approx(3.0, abs=3e-4)
    assert report["coefficients"][1] == pytest.approx(0.2, abs=3e-3)
    assert report["energy_text"] in dmc_markdown(report)


SINGLET = {"name": "quantum_dot", "n_up": 1, "n_down": 1, "dimension": 2, "omega": 1.0}


def test_without_equal_spins_it_says_that_it_is_exact(folder: Path) -> None:
    report = reported(folder, [3.0, 3.0, 3.0], SINGLET, crossed=0.0)
    assert report["nodes"].startswith("exact, but for its error: no two particles are fermions of equal spin")
    assert "The energy is exact, but for its error" in dmc_markdown(report)
    assert report["reference"] == 3.0
    assert abs(report["deviation"]) < 4
    wrong = reported(folder, [3.0, 3.0, 3.0], SINGLET)["warnings"]
    assert "the trial changes its sign although the ground state does not" in wrong["time step 0.05"]


def test_what_is_amiss_heads_the_report(folder: Path) -> None:
    large = reported(folder, [3.0, 3.0, 3.0], acceptance=0.85, lost=1e-3)
    text = "acceptance 0.850 < 0.9: too large, take smaller time_steps; 0.1 % of the moves led to where"
    assert large["warnings"]["time step 0.1"].startswith(text)
    assert text in dmc_markdown(large)
    curved = reported(folder, [3.0, 3.1, 3.0])["warnings"]["extrapolation"]
    assert curved.startswith("the energies do not lie on the polynomial: chi^2")
    below = reported(folder, [2.9, 2.9, 2.9], SINGLET)["warnings"]["reference"]
    assert below.endswith("errors below the exact energy: something is wrong")
    above = reported(folder, [99.0, 99.0, 99.0])["warnings"]["variational energy"]
    assert above.endswith("errors above that of the trial: something is wrong")


def test_nothing_is_reported_of_an_equilibration(folder: Path) -> None:
    made = task(folder)
    made.begin()
    with pytest.raises(UserError, match="expected generations behind the equilibration to report"):
        made.report(generations(4, [3.0, 3.0, 3.0]))
    made.report(generations(5, [3.0, 3.0, 3.0]))
