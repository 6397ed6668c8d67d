"""The task `vmc`: trains to exact energies, resumes bit for bit, and says when something is wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import plots, runs, tasks
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc import task as vmc
from gaugeflow.tasks.vmc.ranks import shared_local_energy
from gaugeflow.tasks.vmc.report import vmc_report
from gaugeflow.wavefunctions.backbones.dense import Dense
from tests.places import CONFIGS, TRAINED
from tests.tasks.crashes import crash

DOT = {"name": "quantum_dot", "n_up": 1, "n_down": 1, "dimension": 2, "omega": 1.0}
SMALL = {"ansatz": {"name": "determinant"}, "backbone": {"name": "deep_sets", "width": 6, "layers": 1}}
BOSONS = {
    "name": "harmonic_trap",
    "n_up": 3,
    "n_down": 0,
    "dimension": 1,
    "g": 0.5,
    "contact": 0.7,
    "statistics": "boson",
}
BASE: dict[str, Any] = {
    "task": "vmc",
    "seed": 20261120,
    "system": DOT,
    "wavefunction": SMALL,
    "walkers": {"count": 64, "steps": 3},
    "optimizer": {"name": "spring", "rate": 0.3, "decay": 30},
    "warmup": 5,
    "iterations": 8,
    "equilibration": 6,
    "evaluation": 8,
    "checkpoint_every": {"steps": 5},
}


def source(**changes: Any) -> runs.Source:
    return runs.Source(json.dumps({**BASE, **changes}), "test.yaml")


def task(**changes: Any) -> VMC:
    return VMC(runs.validate(VMC.schema, source(**changes)))


def begun(**changes: Any) -> VMC:
    made = task(**changes)
    made.begin()
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vmc") / "whole"
    runs.start(VMC, source(), path, quiet=True)
    return path


def test_two_electrons_in_a_dot_from_scratch(tmp_path: Path) -> None:
    optimizer = {"name": "spring", "rate": 0.3, "decay": 20}
    changes = {"walkers": {"count": 256, "steps": 5}, "warmup": 20, "iterations": 40, "evaluation": 20}
    report = runs.start(VMC, source(**changes, optimizer=optimizer), tmp_path / "run", quiet=True)
    assert abs(report["energy"] - 3.0) < 1e-3 + 4 * report["energy_error"]
    assert report["energy_error"] < 1e-3
    assert report["variance"] < 2e-3
    assert report["reference"] == 3.0
    assert report["reference_exact"]
    assert not report["below_exact"]
    assert 0.45 < report["acceptance"] < 0.6


def test_what_a_run_leaves(whole: Path) -> None:
    report = json.loads((whole / "report.json").read_text())
    wanted = {"energy", "energy_error", "variance", "reference", "acceptance", "tau_int", "parameters"}
    assert wanted | {"seconds_per_iteration", "seconds"} <= report.keys()
    metrics = runs.Metrics.load(whole / "metrics.h5")
    assert metrics.counts() == {"training": 8, "evaluation": 8}
    energies = metrics.column("evaluation", "energy")
    assert energies.shape == (8, 64)
    assert report["energy"] == pytest.approx(energies.mean(), rel=1e-12)
    assert "energy (Hartree)" in (whole / "report.md").read_text()
    assert report["parameters"] == 4 * 6 + 6 + 2 * 4 * 6 + 2 * (6 + 1) + 1 + 2


@pytest.mark.parametrize("stop", [3, 9, 16, 22])
def test_resumes_bit_for_bit(tmp_path: Path, whole: Path, stop: int) -> None:
    """Killed in the warm-up, training, equilibration and evaluation, it makes the same numbers as without."""
    with crash(VMC, stop):
        runs.start(VMC, source(), tmp_path / "run", quiet=True)
    runs.resume(VMC, tmp_path / "run", quiet=True)
    one, other = (runs.Metrics.load(path / "metrics.h5") for path in (whole, tmp_path / "run"))
    for table in ("training", "evaluation"):
        for name, values in one.columns(table).items():
            np.testing.assert_array_equal(other.column(table, name), values)


def test_figures_of_a_run_finished_or_not(tmp_path: Path, whole: Path) -> None:
    config, metrics = runs.validate(VMC.schema, source()), runs.Metrics.load(whole / "metrics.h5")
    names = ["energy.png", "local_energy.png"]
    assert [path.name for path in plots.plot_vmc(tmp_path, config, metrics)] == names
    assert all((tmp_path / name).read_bytes()[:4] == b"\x89PNG" for name in names)
    training = runs.Metrics.load(whole / "metrics.h5", {"training": 1})
    assert [path.name for path in plots.plot_vmc(tmp_path, config, training)] == names[:1]


def test_an_evaluation_is_extended_and_made_anew(tmp_path: Path, whole: Path) -> None:
    short = runs.start(VMC, source(evaluation=6), tmp_path / "run", quiet=True)
    extended = runs.resume(VMC, tmp_path / "run", ["evaluation=8"], quiet=True)
    known = json.loads((whole / "report.json").read_text())
    assert extended["energy"] == known["energy"] != short["energy"]
    fresh = runs.fresh_report(VMC, whole, 7, quiet=True)
    assert fresh["energy"] != known["energy"]
    assert abs(fresh["energy"] - known["energy"]) < 5 * (fresh["energy_error"] + known["energy_error"])
    assert fresh["seconds_per_iteration"] == known["seconds_per_iteration"] > 0


def test_a_training_is_extended_while_it_lasts(tmp_path: Path, whole: Path) -> None:
    """To the same numbers as one that was as long from the start; not once walkers of the evaluation have moved."""
    with crash(VMC, 9):
        runs.start(VMC, source(iterations=5), tmp_path / "run", quiet=True)
    extended = runs.resume(VMC, tmp_path / "run", ["iterations=8"], quiet=True)
    assert extended["energy"] == json.loads((whole / "report.json").read_text())["energy"]
    for other in (6, 9, 40):
        with pytest.raises(UserError, match="iterations cannot change on resume"):
            runs.resume(VMC, whole, [f"iterations={other}"], quiet=True)


def test_a_training_is_not_made_shorter_than_it_is(tmp_path: Path) -> None:
    with crash(VMC, 12):  # the checkpoint has five iterations
        runs.start(VMC, source(), tmp_path / "run", quiet=True)
    with pytest.raises(UserError, match="iterations cannot change on resume"):
        runs.resume(VMC, tmp_path / "run", ["iterations=4"], quiet=True)
    assert runs.resume(VMC, tmp_path / "run", ["iterations=5"], quiet=True)["evaluation"] == 8


def test_another_system_is_another_run(whole: Path) -> None:
    changed = "system.omega: 1.0 in the checkpoint, 0.5 in the configuration"
    with pytest.raises(UserError, match=rf"system cannot change on resume, .* \({changed}\)"):
        runs.resume(VMC, whole, ["system.omega=0.5"], quiet=True)


def test_a_checkpoint_of_another_system_is_refused(tmp_path: Path, whole: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(whole, copy)
    shutil.copy(TRAINED / "he" / "checkpoint.pt", copy)
    with pytest.raises(UserError, match=r"system: \{'name': 'molecule'.* in the checkpoint, \{'name': 'quantum_dot'"):
        runs.fresh_report(VMC, copy, 7, quiet=True)


BE = {"name": "molecule", "unit": "bohr", "atoms": [["Be", 0, 0, 0]]}
VARIANTS: dict[str, dict[str, Any]] = {
    "ferminet": {"wavefunction": {**SMALL, "backbone": {"name": "ferminet", "layers": [[6, 3], [6, 3]]}}},
    "psiformer": {"wavefunction": {**SMALL, "backbone": {"name": "psiformer", "width": 4}}, "system": BE},
    "messages": {"wavefunction": {**SMALL, "backbone": {"name": "message_passing", "width": 4}}},
    "full": {"wavefunction": {**SMALL, "ansatz": {"name": "determinant", "terms": 2, "full": True}}, "system": BE},
    "pfaffian": {"wavefunction": {**SMALL, "ansatz": {"name": "pfaffian", "triplets": True}}, "system": BE},
    "pairs": {"wavefunction": {**SMALL, "ansatz": {"name": "pair_product", "pairing": 2}}, "system": BE},
    "Adam, moves along the drift": {"optimizer": {"name": "adam"}, "walkers": {"count": 16, "move": "langevin"}},
    "single precision": {"dtype": "float32", "walkers": {"count": 16, "move": "one"}, "system": BE},
    "autograd in chunks": {"laplacian": "autograd", "chunk_size": 20},
    "derivatives of each walker": {"optimizer": {"name": "spring", "jacobian": "explicit", "chunk_size": 20}},
    "Calogero": {"system": {"name": "calogero", "n": 3}},
    "pair forces": {"system": {"name": "harmonic_trap", "n_up": 3, "n_down": 0, "g": 0.5}},
    "bosons": {"system": BOSONS, "wavefunction": {**SMALL, "ansatz": {"name": "symmetric"}}},
    "vector cloud": {"wavefunction": {**SMALL, "vector_cloud": {"channels": 2, "width": 3}}, "system": BE},
    "tensors": {
        "wavefunction": {**SMALL, "backbone": {"name": "tensors", "width": 4, "channels": 2, "layers": 1}},
        "system": BE,
    },
    "coordinates that move": {"wavefunction": {**SMALL, "backbone": {"name": "egnn", "width": 4}}},
    "backflow": {"wavefunction": {**SMALL, "backflow": 2}},
    "a ring": {"system": {"name": "ring", "n_up": 1, "n_down": 2, "length": 3.0, "contact": 2.0}},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_parts_are_swapped_by_one_line(name: str) -> None:
    made, record = begun(**VARIANTS[name], warmup=1, iterations=2, equilibration=1), runs.Record()
    before = [parameter.detach().clone() for parameter in made.psi.parameters()]
    for index in range(5):
        made.step(index, record)
    assert record.metrics.counts() == {"training": 2, "evaluation": 1}
    assert np.isfinite(record.metrics.column("training", "energy")).all()
    assert any(not torch.equal(old, new) for old, new in zip(before, made.psi.parameters(), strict=True))


@pytest.mark.parametrize("path", sorted((CONFIGS / "vmc").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configurations_begin(path: Path) -> None:
    shipped = VMC(runs.validate(VMC.schema, runs.Source.read(path)))
    shipped.begin()
    assert shipped.hamiltonian.reference is not None or path.stem.startswith("h2o")  # nobody has that bent molecule
    found = shipped.psi(shipped.walkers)
    assert bool((torch.isfinite(found.log) | (found.sign == 0)).all())  # what a sector forbids may be drawn
    assert float(torch.isfinite(found.log).double().mean()) > 0.9


@pytest.mark.parametrize("name", ["dot2", "hooke", "he"])
def test_shipped_runs_are_near_the_exact_energies(name: str) -> None:
    """That they have the energies that they report is in `tests/scripts/test_guard.py`."""
    report = json.loads((TRAINED / name / "report.json").read_text())
    assert abs(report["energy"] - report["reference"]) < 1e-4
    assert not report["below_exact"]
    assert (TRAINED / name / "checkpoint.pt").stat().st_size < 2e6


def test_the_claims_of_a_run_hold(whole: Path) -> None:
    assert [claim.name for claim in tasks.claims_of(str(whole))] == ["potential", "Gaussian", "PairJastrow"]
    atom = begun(system=BE)
    names = [claim.name for claim in atom.claims()]
    assert names == ["potential", "wavefunction", "NuclearCusp", "PairJastrow"]
    for claim in atom.claims():
        assert claim.verify(trials=8).exit_code == 0


def failing_at(steps: dict[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The local energy of a walker becomes NaN in the given calls."""
    calls = iter(range(1000))

    def energies(*arguments: Any, **options: Any) -> torch.Tensor:
        found = shared_local_energy(*arguments, **options)
        call = next(calls)
        if call in steps:
            found[steps[call]] = torch.nan
        return found

    monkeypatch.setattr(vmc, "shared_local_energy", energies)


def test_a_number_that_is_none_is_said_kept_and_survived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made, record = begun(warmup=0), runs.Record()
    failing_at({1: 5}, monkeypatch)
    made.step(0, record)
    record.path = tmp_path
    before = [parameter.detach().clone() for parameter in made.psi.parameters()]
    with pytest.warns(RuntimeWarning, match="the local energy is not finite at step 1, walker 5"):
        made.step(1, record)
    assert all(torch.equal(old, new) for old, new in zip(before, made.psi.parameters(), strict=True))
    made.step(2, record)
    failures = record.metrics.columns("failures")
    assert (failures["step"].tolist(), failures["walker"].tolist()) == ([1], [5])
    assert failures["coordinates"].shape == (1, 2, 2)
    assert record.metrics.column("training", "step").tolist() == [0, 2]
    saved = torch.load(tmp_path / "failure_step_1.pt", weights_only=True)
    assert (saved["step"], saved["tensor"], saved["walkers_to_blame"]) == (1, "the local energy", [5])
    assert torch.isfinite(saved["values"]).logical_not().nonzero().flatten().tolist() == [5]
    np.testing.assert_array_equal(saved["walkers"][5], failures["coordinates"][0])
    assert all(torch.equal(old, saved["parameters"][name]) for (name, _), old in zip(named(made), before, strict=True))


def named(made: VMC) -> list[tuple[str, torch.nn.Parameter]]:
    return list(made.psi.named_parameters())


def test_a_walker_whose_derivatives_are_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The energy is finite, its derivative with respect to a parameter is not."""
    made, record = begun(warmup=0), runs.Record(path=tmp_path)
    layer = next(module for module in made.psi.modules() if isinstance(module, Dense))

    def spoiled(slope: torch.Tensor) -> torch.Tensor:
        slope = slope.clone()
        slope[7] = torch.nan
        return slope

    def hook(module: torch.nn.Module, arguments: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.requires_grad:
            output.register_hook(spoiled)

    made.step(0, record)
    layer.register_forward_hook(hook)
    with pytest.warns(RuntimeWarning, match=r"derivative of log.* not finite at step 1, walker 7; it is saved in"):
        made.step(1, record)
    saved = torch.load(tmp_path / "failure_step_1.pt", weights_only=True)
    assert saved["walkers_to_blame"] == [7]


def test_equations_without_a_solution_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    made, record = begun(warmup=0), runs.Record()
    monkeypatch.setattr(made.optimizer, "damping", -1e9)
    with pytest.warns(RuntimeWarning, match="the solution of the natural gradient's equations is not finite at step 0"):
        made.step(0, record)
    assert made.failures == 1


def test_too_many_failures_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun(warmup=0, max_failures=0)
    failing_at({0: 3}, monkeypatch)
    with pytest.raises(UserError, match="walker 3; 1 failures in all: try a lower rate"):
        made.step(0, runs.Record())


def test_a_parameter_that_is_no_number_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun(warmup=0)
    before = [parameter.detach().clone() for parameter in made.psi.parameters()]
    step = type(made.optimizer).step

    def broken(self: Any, psi: Any, *rest: Any) -> float:
        norm = step(self, psi, *rest)
        next(iter(psi.parameters())).data.view(-1)[0] = torch.nan
        return norm

    monkeypatch.setattr(type(made.optimizer), "step", broken)
    with pytest.warns(RuntimeWarning, match=r"the parameter ansatz\.\S+ is not finite at step 0"):
        made.step(0, runs.Record())
    assert all(torch.equal(old, new) for old, new in zip(before, made.psi.parameters(), strict=True))


LIH = {**BE, "atoms": [["Li", 0, 0, 0], ["H", 0, 0, 3.015]]}
BORON = {**BE, "atoms": [["B", 0, 0, 0]]}


@pytest.mark.parametrize(
    ("system", "energy", "flagged"),
    [
        (DOT, 2.99, True),
        (DOT, 3.01, False),
        (LIH, -8.09, True),
        (LIH, -8.06, False),
        (BE, -14.68, True),
        (BORON, -24.67, False),
    ],
)
def test_an_energy_below_the_exact_one_is_flagged(system: dict[str, Any], energy: float, flagged: bool) -> None:
    """That of boron is an estimate: something lower may be right."""
    made, metrics = task(system=system), runs.Metrics()
    noise = np.random.default_rng(1).normal(size=(20, 64)) * 0.01
    for row in noise:
        metrics.record("evaluation", {"step": 0, "energy": energy + row, "acceptance": np.ones(64)})
    report = vmc_report(made.config, made.hamiltonian, metrics, 1, 1.0, 50)
    assert report["below_exact"] is flagged
    assert ("something is wrong" in VMC.markdown(report)) is flagged
    assert abs(report["deviation"]) > 3


@pytest.mark.parametrize(
    ("system", "dtype", "cells"),
    [
        ({"name": "harmonic_trap", "n_up": 3, "n_down": 0}, "float32", 2),
        ({"name": "harmonic_trap", "n_up": 3, "n_down": 0, "dimension": 1}, "float64", 6),
        (BE, "float64", 4),
    ],
)
def test_a_report_counts_nodal_cells(tmp_path: Path, system: dict[str, Any], dtype: str, cells: int) -> None:
    """Without backflow that of beryllium is a product of two determinants, whatever their orbitals."""
    changes = {"system": system, "dtype": dtype, "nodal_exchanges": 30, "iterations": 2, "evaluation": 6}
    changes["wavefunction"] = {**SMALL, "backbone": {"name": "deep_sets", "width": 4, "layers": 0}}
    report = runs.start(VMC, source(**changes), tmp_path / "run", quiet=True)
    assert report["nodal_cells"]["cells"] == cells
    text = (tmp_path / "run" / "report.md").read_text()
    assert f"Nodes: {cells} nodal cells, in which 100 % of the walkers agree; exchanges that succeed in more" in text


def test_without_an_evaluation_there_is_nothing_to_report() -> None:
    with pytest.raises(UserError, match="expected an evaluation to report"):
        begun().report(runs.Metrics())


H2 = [["H", 0, 0, 0], ["H", 0, 0, "1e-4"]]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no unit": ({"system": {"name": "molecule", "atoms": [["He", 0, 0, 0]]}}, "system.unit: a value is required"),
    "unit": ({"system": {**BE, "unit": "feet"}}, "expected 'bohr' or 'angstrom'"),
    "element": ({"system": {**BE, "atoms": [["Xy", 0, 0, 0]]}}, "an element from H to Rn as `Li`, came 'Xy'"),
    "small letter": ({"system": {**BE, "atoms": [["be", 0, 0, 0]]}}, "came 'be', did you mean 'Be'"),
    "coordinates": ({"system": {**BE, "atoms": [["Be", 0, 0]]}}, r"system.atoms.0: expected a symbol and three finite"),
    "no number": (
        {"system": {**BE, "atoms": [["Be", 0, 0, "o"]]}},
        r"three finite numbers .*, came \['Be', 0, 0, 'o'\]",
    ),
    "spin": (
        {"system": {**BE, "spin": 1}},
        "4 electrons .*n_up - n_down = 1; expected one of 0, 2, 4, or its negative",
    ),
    "more up than electrons": ({"system": {**BE, "spin": 6}}, "4 electrons .*n_up - n_down = 6; expected one of 0, 2"),
    "charge and spin": (
        {"system": {**BE, "charge": 1, "spin": 0}},
        r"3 electrons \(4 of the neutral atoms, charge 1\)",
    ),
    "no electron": ({"system": {**BE, "charge": 4}}, "an electron at least, the charge 4 leaves 0 of 4"),
    "overlap": ({"system": {**BE, "atoms": H2}}, r"at least 0.001 bohr apart, number 1 and 2 of 2 are 1.0e-04"),
    "no particle": ({"system": {**DOT, "n_up": 0, "n_down": 0}}, r"at least one of 1, came \(0, 0\)"),
    "bosons with a determinant": ({"system": BOSONS}, "determinants: expected fermions, came 3 bosons in 1D"),
    "fermions with pooling": (
        {"wavefunction": {**SMALL, "ansatz": {"name": "symmetric"}}},
        "symmetric: expected bosons, came 1 up and 1 down in 2D, whose ansatz is determinant",
    ),
    "contact in a plane": (
        {"system": {**BOSONS, "dimension": 2}},
        "contact: expected particles in one dimension, came 3 bosons in 2D",
    ),
    "vector cloud on a ring": (
        {
            "system": {"name": "ring", "n_up": 1, "n_down": 1, "length": 3.0, "contact": 2.0},
            "wavefunction": {**SMALL, "vector_cloud": {}},
        },
        "vector cloud: expected particles in open space, came a ring",
    ),
    "backflow of bosons": (
        {"system": BOSONS, "wavefunction": {**SMALL, "ansatz": {"name": "symmetric"}, "backflow": 1}},
        "wavefunction.backflow: expected an ansatz with orbitals, came symmetric",
    ),
    "backflow of one": (
        {"system": {**DOT, "n_down": 0}, "wavefunction": {**SMALL, "backflow": 1}},
        "backflow: expected two particles or more",
    ),
    "contact without its cusp": (
        {"system": BOSONS, "wavefunction": {**SMALL, "ansatz": {"name": "symmetric"}, "jastrow": False}},
        "wavefunction.jastrow: expected true with a contact",
    ),
    "pretraining on a ring": (
        {
            "system": {"name": "ring", "n_up": 1, "n_down": 1, "length": 3.0, "contact": 2.0},
            "pretraining": {"orbitals": "harmonic"},
        },
        "pretraining.orbitals: expected a trap or a molecule, came a ring",
    ),
    "density on a line": (
        {"system": BOSONS, "wavefunction": {**SMALL, "ansatz": {"name": "symmetric"}}, "density": {}},
        "density: expected particles in two or three dimensions, came 1",
    ),
    "degree of a density": ({"density": {"degree": -1}}, "density.degree: .*greater than or equal to 0, came -1"),
    "permutations": ({"system": {**DOT, "n_up": 8}, "nodal_exchanges": 9}, "at most 5040 permutations .*, came 40320"),
    "ansatz": ({"wavefunction": {**SMALL, "ansatz": {"name": "determinants"}}}, "did you mean 'determinant'"),
    "pairing": ({"wavefunction": {**SMALL, "ansatz": {"name": "pfaffian", "pairing": 1}}, "system": BE}, "at least 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_said(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(UserError, match=message):
        begun(**changes)
