"""What the README tells a user to type works as it stands, and the guard on the number of tests guards."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from gaugeflow.cli import app, main
from gaugeflow.groups import get_group
from gaugeflow.io import write
from gaugeflow.lattice.fields import hot_start
from tests.places import ROOT

README = (ROOT / "README.md").read_text()


def blocks(*languages: str) -> list[str]:
    """The contents of all fenced blocks of the languages."""
    return re.findall(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def typed(program: str) -> list[str]:
    """The lines of the shell blocks that call a program, without comments; a backslash continues a line."""
    lines = [line for block in blocks("sh", "bash") for line in block.replace("\\\n", " ").splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line.split(" ")[0] == program]


def shortened(text: str) -> str:
    """Runs of the README take minutes; here they are as they stand, but for the number of updates and samples."""
    fewer = {"warmup": 5, "measurements": 20, "evaluation": 20, "iterations": 5, "training.steps": 2}
    fewer |= {"samples": 200, "-n": 20}
    keys = "|".join(map(re.escape, fewer))
    return re.sub(rf"(?<![\w.])({keys})(: |=| )\d+", lambda found: f"{found[1]}{found[2]}{fewer[found[1]]}", text)


@pytest.fixture
def checkout(tmp_path: Path, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped configurations, two files of a user's own, and a module of theirs."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for path in (tmp_path / "configs").rglob("*.yaml"):
        if "trained" not in path.parts:  # a checkpoint belongs to its configuration
            path.write_text(shortened(path.read_text()))
    for name in ("conf.lime", "other.nersc"):
        write(tmp_path / name, hot_start(get_group("su3"), (4, 4, 4, 4), generator))
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


MODULE = """
import torch
from gaugeflow.lattice import hot_start, plaquette
from gaugeflow.groups import get_group

network = plaquette

def example_links():
    return hot_start(get_group("su2"), (4, 4), torch.Generator().manual_seed(1))

def object():
    return network, example_links(), "gauge: links -> scalars"
"""


def test_every_command_of_the_readme_runs(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = []
    for line in typed("gaugeflow"):
        try:
            main(shlex.split(shortened(line))[1:])
        except SystemExit as stop:
            if stop.code not in (0, None):
                failed.append((line, capsys.readouterr().err))
    assert failed == []


def test_every_script_of_the_readme_is_there() -> None:
    scripts = {word for block in blocks("sh", "bash") for word in block.split() if word.startswith("./")}
    assert {"./scripts/demo", "./scripts/test"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_the_python_of_the_readme_runs(checkout: Path) -> None:
    namespace: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert {"torch", "action"} <= namespace.keys()
    assert torch.get_default_dtype() == torch.float32


def test_the_readme_names_every_command() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    written = {line.split()[1] for line in typed("gaugeflow")}
    assert commands - written == set()


@pytest.mark.parametrize("script", ["scripts/demo", "scripts/test", "scripts/venv", ".ci/run"])
def test_scripts_can_be_called(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_every_configuration_is_valid(checkout: Path) -> None:
    from gaugeflow import runs, tasks

    found = sorted((checkout / "configs").rglob("*.yaml"))
    assert len(found) >= 6
    for path in found:
        source = runs.Source.read(path)
        task = tasks.task_of(source)
        task(runs.validate(task.schema, source))


def test_the_pins_are_exact_and_name_no_build() -> None:
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert "torch==2.13.0" in pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", pin)] == []


@pytest.mark.parametrize(
    ("output", "code"),
    [("collected 12 items", 0), ("collected 13 items / 1 skipped", 0), ("collected 11 items", 1), ("no tests", 1)],
)
def test_fewer_tests_than_before_fail(tmp_path: Path, output: str, code: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / ".ci" / "minimum_tests").write_text("12\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "test").write_text(f"#!/usr/bin/env bash\necho '{output}'\n")
    (tmp_path / "scripts" / "test").chmod(0o755)
    assert subprocess.run([tmp_path / ".ci" / "run"], capture_output=True).returncode == code


def test_a_failing_suite_fails(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / ".ci" / "minimum_tests").write_text("1\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "test").write_text("#!/usr/bin/env bash\necho collected 5 items\nexit 3\n")
    (tmp_path / "scripts" / "test").chmod(0o755)
    assert subprocess.run([tmp_path / ".ci" / "run"], capture_output=True).returncode != 0


def test_git_ignores_no_source() -> None:
    """What git ignores is left out of the wheel too: a pattern like `runs/` would take the room of that name."""
    sources = [str(path.relative_to(ROOT)) for path in (ROOT / "gaugeflow").rglob("*.py")]
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *sources]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.stdout.split() == []
