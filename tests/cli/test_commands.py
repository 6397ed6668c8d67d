"""The command line: what a user types wrong ends with one message and exit code 2, JSON stands alone on stdout."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

import gaugeflow
from gaugeflow.cli import main
from gaugeflow.groups import get_group
from gaugeflow.io import EnsembleWriter, write
from gaugeflow.lattice.fields import cold_start, hot_start
from tests.processes import Running

CONFIG = """\
task: chain
seed: 3
group: su2
shape: [4, 4]
action: {name: wilson, beta: 2.2}
sampler: {name: heatbath, overrelaxation: 1}
chains: 2
warmup: 5
measurements: 12
observables: [plaquette, {name: wilson_loops, r: 2, t: 3}]
"""


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line in this process."""

    def run(*arguments: object) -> Answer:
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "chain.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def finished(tmp_path: Path, config: Path, call: Call) -> Path:
    assert call("run", config, "--out", tmp_path / "run").code == 0
    return tmp_path / "run"


@pytest.fixture
def field_file(tmp_path: Path, generator: torch.Generator) -> Path:
    path = tmp_path / "field.nersc"
    write(path, hot_start(get_group("su3"), (2, 2, 2, 4), generator))
    return path


def refused(answer: Answer, *parts: object) -> None:
    """Exit code 2, nothing on stdout, one message with all parts, no traceback."""
    assert answer.code == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert [str(part) for part in parts if str(part) not in answer.err] == []


def test_help_and_version_are_all_that_is_printed() -> None:
    for option in ("--help", "--version"):
        command = [sys.executable, "-c", "from gaugeflow.cli import main; main()", option]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "gaugeflow" in answer.stdout
        assert answer.stderr == ""


def test_version(call: Call) -> None:
    assert call("--version") == (0, f"gaugeflow {gaugeflow.__version__}\n", "")


def test_a_run_prints_its_table_and_where_it_stands(tmp_path: Path, config: Path, call: Call) -> None:
    answer = call("run", config, "--out", tmp_path / "run")
    assert answer.code == 0
    assert "difference in errors" in answer.out
    assert (tmp_path / "run" / "report.md").read_text().strip() == answer.out.strip()


def test_the_default_directory_is_named_after_the_configuration(
    tmp_path: Path, config: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("run", config).code == 0
    assert (tmp_path / "runs" / "chain" / "report.json").exists()
    refused(call("run", config), "gaugeflow resume runs/chain")


def test_json_stands_alone(finished: Path, config: Path, tmp_path: Path, call: Call, field_file: Path) -> None:
    commands = [
        ["run", config, "--out", tmp_path / "other"],
        ["resume", finished],
        ["report", finished],
        ["report", finished, "--fresh", "--seed", 4],
        ["measure", field_file],
        ["exact", "--group", "u1", "--shape", 4, 4, "--beta", 2],
        ["exact", "--group", "su3", "--beta", 6],
    ]
    for command in commands:
        answer = call(*command, "--json")
        assert (answer.code, answer.err) == (0, "")
        assert isinstance(json.loads(answer.out), dict)
        assert "NaN" not in answer.out


def test_overrides_reach_the_resolved_configuration(tmp_path: Path, config: Path, call: Call) -> None:
    answer = call(
        "run", config, "--set", "action.beta=1e-1", "--set", "measurements=6", "--out", tmp_path / "r", "--json"
    )
    report = json.loads(answer.out)
    assert (report["action"]["beta"], report["measurements"]) == (0.1, 6)
    assert "beta: 0.1" in (tmp_path / "r" / "config.yaml").read_text()


def test_resume_extends(finished: Path, tmp_path: Path, config: Path, call: Call) -> None:
    longer = json.loads(call("resume", finished, "--set", "measurements=30", "--json").out)
    whole = json.loads(call("run", config, "--set", "measurements=30", "--out", tmp_path / "whole", "--json").out)
    assert longer["observables"] == whole["observables"]
    assert longer["measurements"] == 30


MISTAKES = {
    "misspelt key": ("sampler.overrelax=2", ["--set sampler.overrelax=2", "did you mean 'overrelaxation'?"]),
    "misspelt task": ("task=chian", ["'chian'", "did you mean 'chain'?"]),
    "wrong type": ("action.beta=strong", ["action.beta", "expected a number", "'strong'"]),
    "unknown group": ("group=sp4", ["group", "expected u1 or suN", "'sp4'"]),
    "no group": ("group=null", ["group", "wilson needs one"]),
    "unknown observable": ("observables=[plaqette]", ["observables.0", "did you mean 'plaquette'?"]),
    "observable without its numbers": ("observables=[wilson_loops]", ["observables.0", "r", "required"]),
    "twice the same": ("observables=[plaquette, plaquette]", ["observables", "once", "plaquette"]),
    "loop larger than the lattice": ("observables.1.r=5", ["expected 1 <= side <= 4", "5"]),
    "charge of SU(2) in 2D": (
        "observables=[{name: charge, definition: geometric}]",
        ["geometric charge", "U(1)"],
    ),
    "scalar observable of links": ("observables=[phi_squared]", ["phi_squared", "scalar"]),
    "one axis": ("shape=[8]", ["2", "dimensions"]),
    "open loop": ("action={name: loops, loops: {'+x +y': 1.0}}", ["closed"]),
    "unknown direction": ("action={name: loops, loops: {'+x +q -x -q': 1.0}}", ["q"]),
    "start from no file": ("start=nowhere.nersc", ["expected cold, hot or a configuration file", "nowhere.nersc"]),
    "device": ("device=gpu", ["device", "'gpu'"]),
    "heat bath of scalars": ("action={name: phi4, m2: 1, lam: 1}", ["group"]),
    "broken assignment": ("measurements", ["expected key=value"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_configuration(tmp_path: Path, config: Path, call: Call, case: str) -> None:
    assignment, parts = MISTAKES[case]
    refused(call("run", config, "--out", tmp_path / "run", "--set", assignment), *parts)
    assert not (tmp_path / "run").exists()


def test_missing_and_unreadable_files(tmp_path: Path, call: Call) -> None:
    nowhere = tmp_path / "nowhere"
    refused(call("run", nowhere), nowhere)
    refused(call("run", tmp_path), tmp_path, "directory")
    for command in ("resume", "report", "plot"):
        refused(call(command, nowhere), "run directory", nowhere)
        refused(call(command, tmp_path), "run directory", tmp_path)
    refused(call("measure", nowhere), nowhere)
    refused(call("measure", tmp_path), tmp_path, "directory")
    EnsembleWriter.create(tmp_path / "empty.h5", "su2", (4, 4)).close()
    refused(call("measure", tmp_path / "empty.h5"), "empty.h5", "none yet")
    refused(call("convert", nowhere, tmp_path / "out.lime"), nowhere)


def test_a_damaged_run(finished: Path, call: Call) -> None:
    checkpoint = finished / "checkpoint.pt"
    good = checkpoint.read_bytes()
    checkpoint.write_bytes(good[: len(good) // 2])
    refused(call("resume", finished), checkpoint, "damaged")
    refused(call("report", finished, "--fresh"), checkpoint, "damaged")
    checkpoint.write_bytes(good)
    (finished / "metrics.h5").write_bytes(b"")
    refused(call("report", finished), finished / "metrics.h5")


def test_a_report_of_a_run_that_measured_nothing_yet(tmp_path: Path, finished: Path, call: Call) -> None:
    from gaugeflow.runs import Metrics

    Metrics().save(finished / "metrics.h5")
    refused(call("plot", finished), "none yet")


CHAIN = ["exact", "--system", "hubbard", "--set", "lattice={kind: chain, shape: [8]}", "--set", "u=4"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["rum"], ["rum"]),
        (["run"], ["CONFIG"]),
        (["run", "a.yaml", "--ot", "x"], ["--ot"]),
        (["exact", "--group", "su3", "--shape", "4", "--beta", "6"], ["--shape"]),
        (["exact", "--group", "su1", "--beta", "6"], ["u1 or suN", "'su1'"]),
        (["exact", "--group", "su3", "--beta", "inf"], ["beta", "finite"]),
        (["exact", "--group", "su3", "--beta", "six"], ["beta", "'six'"]),
        (["exact", "--group", "su3"], ["--beta", "--system"]),
        (["exact", "--system", "hubard"], ["system", "'hubbard'"]),
        (["exact", "--system", "t_v", "--set", "n=2", "--set", "v=1"], ["system.lattice"]),
        ([*CHAIN, "--set", "n_up=9", "--set", "n_down=4"], ["at most 8", "9 up"]),
        ([*CHAIN, "--set", "n_up=4", "--set", "n_down=4", "--dtype", "float32"], ["float64", "float32"]),
        (["report", "x", "--seed", "-1"], ["--seed"]),
    ],
)
def test_usage_errors(call: Call, arguments: list[str], parts: list[str]) -> None:
    refused(call(*arguments), *parts)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_no_permission(tmp_path: Path, config: Path, call: Call) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    refused(call("run", config, "--out", tmp_path / "locked" / "run"), "locked")


def test_a_directory_that_cannot_be_made(config: Path, call: Call) -> None:
    refused(call("run", config, "--out", config / "run"), config)


def test_a_full_disk(finished: Path, call: Call) -> None:
    """A limit on the size of files stands for a full disk; given room, the run goes on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12000, hard))
    try:
        answer = call("resume", finished, "--set", "measurements=100")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    refused(answer, "File too large", finished)
    assert call("report", finished).code == 0
    assert call("resume", finished, "--set", "measurements=100").code == 0


def test_sigterm_ends_with_a_checkpoint_and_its_own_exit_code(tmp_path: Path, config: Path) -> None:
    command = ["run", str(config), "--json", "--out", str(tmp_path / "r"), "--set", "measurements=1000000"]
    running = Running(main, [command], tmp_path)
    while not (tmp_path / "r" / "checkpoint.pt").exists() and running.process.is_alive():
        time.sleep(0.01)
    running.process.terminate()
    code, out, err = running.ended()
    assert (code, out) == (143, "")
    assert f"gaugeflow resume {tmp_path / 'r'}" in err
    assert "Traceback" not in err


def test_a_bug_shows_its_traceback(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("gaugeflow.runs.Source.read", broken)
    with pytest.raises(ZeroDivisionError):
        main(["run", str(config)])


MEASURED = ["file", "format", "group", "shape", "plaquette", "plaquette_spatial", "plaquette_temporal", "link_trace"]
MEASURED += ["polyakov", "charge_plaquette", "charge_clover", "charge_improved", "unitarity_violation"]


def test_measure_prints_numbers_beside_their_conventions(field_file: Path, call: Call) -> None:
    found = json.loads(call("measure", field_file, "--json").out)
    assert list(found)[: len(MEASURED)] == MEASURED
    assert (found["group"], found["shape"], found["format"]) == ("su3", [2, 2, 2, 4], "nersc")
    assert found["unitarity_violation"] < 1e-13
    text = call("measure", field_file).out
    assert "(1/N) Re tr P, mean over sites and planes" in text
    assert f"{found['plaquette']:.12g}"[:10] in text
    assert "checksum" in text


def test_measure_several_files(field_file: Path, tmp_path: Path, call: Call) -> None:
    other = tmp_path / "cold.nersc"
    write(other, cold_start(get_group("su3"), (2, 2, 2, 2)))
    found = json.loads(call("measure", field_file, other, "--json").out)
    assert [entry["file"] for entry in found["files"]] == [str(field_file), str(other)]
    assert found["files"][1]["plaquette"] == pytest.approx(1, abs=1e-14)


def test_measure_an_ensemble_gives_means_with_errors(tmp_path: Path, config: Path, call: Call) -> None:
    run = tmp_path / "run"
    report = json.loads(call("run", config, "--set", "save_fields=true", "--out", run, "--json").out)
    found = json.loads(call("measure", run / "chain.h5", "--json").out)
    assert found["configurations"] == 24
    assert found["plaquette"] == pytest.approx(report["observables"]["plaquette"]["value"], abs=1e-12)
    assert found["plaquette_spatial"] is None
    assert found["charge_clover"] is None
    assert found["errors"]["plaquette"] == pytest.approx(report["observables"]["plaquette"]["error"], rel=1e-9)
    assert found["header"]["attributes"]["action_beta"] == 2.2


def test_measure_the_documented_files(gauge_data: Path, call: Call) -> None:
    path = gauge_data / "su3_8x8x8x4.nersc"
    found = json.loads(call("measure", path, "--json").out)
    assert found["plaquette"] == pytest.approx(0.5038664469, abs=1e-9)
    assert found["link_trace"] == pytest.approx(0.005406083858, abs=1e-9)


def test_convert_there_and_back(field_file: Path, tmp_path: Path, call: Call) -> None:
    there, back = tmp_path / "field.h5", tmp_path / "back.nersc"
    assert call("convert", field_file, there).code == 0
    assert call("convert", there, back, "--index", 0).code == 0
    assert back.read_bytes()[-1000:] == field_file.read_bytes()[-1000:]
    refused(call("convert", field_file, tmp_path / "field.xyz"), "field.xyz", "format")
    refused(call("convert", field_file, back, "--option", "precision=48"), "precision", "48")


def test_exact_is_the_closed_form(call: Call) -> None:
    found = json.loads(call("exact", "--group", "su3", "--shape", 16, 16, "--beta", 6, "--json").out)
    assert found["plaquette"] == pytest.approx(0.422531739650, abs=5e-7)
    assert "0.4225" in call("exact", "--group", "su3", "--beta", 6).out
    charged = json.loads(call("exact", "--group", "u1", "--shape", 8, 8, "--beta", 2, "--json").out)
    assert charged["susceptibility"] == pytest.approx(1.23929891 / 64, rel=1e-8)
    assert np.isfinite(charged["log_z"])


def test_exact_diagonalises_fermions_on_sites(call: Call) -> None:
    found = json.loads(call(*CHAIN, "--set", "n_up=4", "--set", "n_down=4", "--json").out)
    assert found["energy"] == pytest.approx(-4.60352630, abs=5e-9)
    assert found["states"] == 4900
    two = [*CHAIN[:4], "lattice={kind: chain, shape: [2]}", *CHAIN[5:], "--set", "n_up=1", "--set", "n_down=1"]
    assert "two bonds" in call(*two).out


def test_sample_draws_on(finished: Path, call: Call) -> None:
    assert call("sample", finished, "-n", 5).code == 0
    found = json.loads(call("measure", finished / "samples.h5", "--json").out)
    assert found["configurations"] == 5
    refused(call("sample", finished, "-n", 5), "samples.h5", "new file")
    refused(call("sample", finished, "-n", 0), "-n")


def test_check_a_configuration_a_run_and_its_checkpoint(
    finished: Path, config: Path, tmp_path: Path, call: Call
) -> None:
    for target in (config, finished, finished / "checkpoint.pt"):
        answer = call("check", target, "--trials", 4)
        assert answer.code == 0
        assert "wilson action: holds" in answer.out
    assert isinstance(json.loads(call("check", config, "--trials", 4, "--json").out), dict)
    assert call("check", config, "--trials", 4, "--junit", tmp_path / "junit.xml").code == 0
    assert "<testsuite" in (tmp_path / "junit.xml").read_text()
    refused(call("check", tmp_path / "nowhere.yaml"), "nowhere.yaml")
    refused(call("check", tmp_path), "run directory")


def test_check_sees_a_broken_symmetry(config: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaugeflow.lattice.loop_action import LoopAction

    monkeypatch.setattr(LoopAction, "__call__", lambda self, field: field.real.flatten(1).sum(1))
    answer = call("check", config, "--trials", 4)
    assert answer.code == 1
    assert "wilson action: broken" in answer.out.lower()
