"""What comes with the package is listed, copied, run and reported by name, wherever one stands."""

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gaugeflow import runs, tasks
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from tests.places import CONFIGS, TRAINED

pytestmark = pytest.mark.slow

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line in an empty folder; gives the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        code = stop.value.code
        return (code if isinstance(code, int) else 0), *capsys.readouterr()

    return run


def test_everything_is_listed_once_by_a_name_of_its_own(call: Call) -> None:
    code, out, _ = call("list", "--json")
    found = json.loads(out)["shipped"]
    assert code == 0
    files = {path.stem for path in CONFIGS.glob("*/*.yaml") if path.parent.name != "trained"}
    trained = {path.name for path in TRAINED.iterdir()}
    assert {entry["name"] for entry in found if entry["kind"] == "configuration"} == files
    assert {entry["name"] for entry in found if entry["kind"] == "trained run"} == trained
    assert len({(entry["kind"], entry["name"]) for entry in found}) == len(found)
    for entry in found:
        assert entry["about"], entry["name"]
        assert entry["size"], entry["name"]
        assert (entry["minutes"] or 0) > 0, entry["name"]
        assert Path(entry["path"]).exists()


def test_the_list_has_a_line_for_each(call: Call) -> None:
    _, out, _ = call("list")
    assert re.search(r"^  dot2 +[\d.]+  2 electrons in 2D +Two electrons", out, re.MULTILINE)
    assert all(len(line) <= 145 for line in out.splitlines())


def test_a_copy_keeps_the_comments_and_overwrites_nothing(call: Call) -> None:
    assert call("new", "su3_2d", "my.yaml") == (0, "my.yaml\n", "")
    assert Path("my.yaml").read_text() == (CONFIGS / "chain" / "su3_2d.yaml").read_text()
    code, _, err = call("new", "su3_2d", "my.yaml")
    assert (code, err) == (2, "gaugeflow: my.yaml: expected a new file, found one\n")
    assert call("new", "dot2")[:2] == (0, "dot2.yaml\n")


@pytest.mark.parametrize("command", [["new"], ["run"], ["report"], ["sample", "-n", "1"], ["plot"]])
def test_a_name_that_is_not_shipped(call: Call, command: list[str]) -> None:
    code, _, err = call(*command, "dot22")
    assert code == 2
    assert "or a shipped name, found neither: unknown 'dot22', did you mean 'dot2'?" in err


def test_a_run_of_ones_own_is_pointed_to(call: Call) -> None:
    Path("runs/su3_2d").mkdir(parents=True)
    code, _, err = call("plot", "su3_2d")
    assert code == 2
    assert err.endswith("found neither; did you mean your own run runs/su3_2d?\n")


def test_a_file_of_ones_own_comes_before_a_shipped_name(call: Call) -> None:
    Path("su3_2d").write_text("task: chain\n")
    assert runs.configuration_at("su3_2d") == Path("su3_2d")


def test_a_shipped_configuration_runs_by_its_name(call: Call) -> None:
    few = ["--set", "shape=[2,2]", "--set", "warmup=2", "--set", "measurements=20", "--set", "observables=[plaquette]"]
    code, out, err = call("run", "u1_2d", *few)
    assert code == 0, err
    assert "| plaquette" in out
    assert (Path("runs") / "u1_2d" / "report.json").is_file()


def test_a_trained_run_serves_by_its_name(call: Call) -> None:
    code, out, _ = call("report", "dot2", "--json")
    assert (code, json.loads(out)) == (0, json.loads((TRAINED / "dot2" / "report.json").read_text()))
    assert call("sample", "su2_2d_8_coupling", "-n", "3")[:2] == (0, "su2_2d_8_coupling.h5\n")
    code, out, _ = call("plot", "u1_2d_16_beta2_refinement")
    assert code in (0, 2)  # rows are not shipped: nothing to draw but from a wavefunction
    code, out, _ = call("plot", "hooke")
    assert code == 0
    assert out.splitlines()[-1] == "runs/hooke/report.html"
    assert not list((TRAINED / "hooke").glob("*.png"))


def test_a_trained_run_is_checked_by_its_name(call: Call) -> None:
    code, out, _ = call("check", "phi4_2d_8", "--trials", "1", "--json")
    assert (code, json.loads(out)["holds"]) == (0, True)


@pytest.mark.parametrize("task", ["chain", "dmc", "flow", "regression", "vmc"])
def test_the_schema_of_a_task_takes_what_is_shipped(call: Call, task: str) -> None:
    code, out, _ = call("schema", task)
    schema = json.loads(out)
    assert code == 0
    assert schema["properties"]["task"]["const"] == task
    for path in sorted((CONFIGS / task).glob("*.yaml"))[:3]:
        given = yaml.safe_load(path.read_text())
        assert given.keys() <= schema["properties"].keys()
        assert set(schema["required"]) <= given.keys()


def test_the_schema_of_no_task(call: Call) -> None:
    code, _, err = call("schema", "chian")
    assert code == 2
    assert "did you mean 'chain'?" in err


def test_help_groups_the_commands_by_job(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    headings = [line.rstrip(":") for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings[-4:] == ["Start", "Runs", "Files and exact numbers", "Symmetry"]
    listed = {line.split()[0] for line in out.split("Start:")[1].splitlines() if line.startswith("  ")}
    assert listed == {
        *("list", "new", "schema", "doctor", "run", "resume", "report", "sample", "plot"),
        *("measure", "convert", "exact", "check"),
    }


def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["gaugeflow", "--version"])
    with pytest.raises(SystemExit) as stop:
        importlib.import_module("gaugeflow.__main__").main()
    assert stop.value.code in (0, None)
    assert capsys.readouterr().out.startswith("gaugeflow 0.")


def test_the_doctor_finds_the_machine_healthy(call: Call) -> None:
    code, out, _ = call("doctor", "--json")
    found = json.loads(out)
    assert code == 0, out
    assert found["healthy"] is True
    assert found["devices"]["cpu"]["memory_bytes"] > 1e9
    assert found["kernels"]["cpu"] == "NumbaKernels"
    assert all(check["passed"] for check in found["checks"].values())


def test_the_doctor_sees_what_is_wrong(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaugeflow.tasks import doctor

    wrong = {
        "raises": lambda: 1 / 0,
        "shifted plaquette": doctor.CHECKS["a chain against the closed form"],
    }
    monkeypatch.setattr(doctor, "CHECKS", wrong)
    monkeypatch.setattr(doctor, "plaquette", lambda links: 1.01 * links.new_ones(32).real * 0.5)
    code, out, _ = call("doctor")
    assert code == 1
    assert "FAIL raises: ZeroDivisionError" in out
    assert "FAIL shifted plaquette" in out


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("u1_2d", ["shape=[4,4]"]),
        ("dot2", ["walkers.count=16"]),
        ("su2_2d_1x1", ["test_shapes=[[4,4]]", "shape=[4,4]", "fields.sweeps=1"]),
        ("u1_2d_8_coupling", ["shape=[4,4]", "training.batch=8", "report.samples=100", "report.samplers=[heatbath]"]),
    ],
)
def test_a_dry_run_says_what_it_would_take_and_writes_nothing(call: Call, name: str, changes: list[str]) -> None:
    arguments = [word for change in changes for word in ("--set", change)]
    code, out, err = call("run", name, *arguments, "--dry", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["steps"] > 100
    assert 0.01 < found["seconds"] < 1e5
    assert found["memory_bytes"] > 1e7
    assert found["disk_bytes"] >= 0
    assert list(Path().iterdir()) == []
    code, out, _ = call("run", name, *arguments, "--dry")
    assert re.search(r"valid, \d+ steps; expected to take [\d.e+]+ (s|min|h).* GB of memory; .* MB on the disk", out)


def test_a_dry_run_still_refuses_a_mistake(call: Call) -> None:
    code, _, err = call("run", "u1_2d", "--set", "sampler.name=hetbath", "--dry")
    assert code == 2
    assert "heatbath" in err


def test_a_fit_is_not_foretold(call: Call) -> None:
    source = runs.Source.read(CONFIGS / "flow" / "su2_2d_16_beta1p8.yaml")
    assert tasks.Flow.of(source).not_foretold == "the fit of the model"
    assert tasks.Chain.of(runs.Source.read(CONFIGS / "chain" / "u1_2d.yaml")).not_foretold == ""


@pytest.mark.parametrize("name", ["dot2", "lcnn_su2_2d_1x1", "u1_2d_16_beta2_refinement"])
def test_a_fresh_report_fits_into_the_minutes_that_it_is_given(call: Call, name: str) -> None:
    code, out, err = call("report", name, "--fresh", "--minutes", "0.01", "--seed", "3", "--json")
    assert code == 0, err
    found, whole = json.loads(out), json.loads((TRAINED / name / "report.json").read_text())
    assert found["fresh"] is True
    if name == "dot2":
        assert found["evaluation"] < whole["evaluation"]
        assert abs(found["energy"] - 3) < 5 * found["energy_error"]
    if name == "u1_2d_16_beta2_refinement":
        assert found["samples"] < whole["samples"]
        assert found["ess"] > 0.99


def test_a_fresh_report_says_beforehand_what_it_takes(call: Call) -> None:
    _, _, err = call("report", "dot2", "--fresh", "--minutes", "0.01")
    assert re.match(r"vmc: --fresh is expected to take [\d.e+]+ (s|min|h) for everything\n", err)


def test_a_configuration_that_is_nowhere() -> None:
    with pytest.raises(UserError, match="found neither"):
        runs.run_at("nothing")
