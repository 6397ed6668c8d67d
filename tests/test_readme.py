"""What the README tells a user to type works as it stands, and the guard on the number of tests guards."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from gaugeflow.cli import app
from tests import documents
from tests.documents import Document
from tests.places import ROOT

README = Document.read(ROOT / "README.md")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    documents.checkout(tmp_path, monkeypatch)
    documents.few(monkeypatch)
    return tmp_path


def test_every_command_of_the_readme_runs(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert README.run_commands(capsys) == []


def test_every_script_of_the_readme_is_there() -> None:
    scripts = {word for block in README.blocks("sh", "bash") for word in block.split() if word.startswith("./")}
    assert {"./scripts/demo", "./scripts/test"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_the_python_of_the_readme_runs(checkout: Path) -> None:
    namespace = README.run_python()
    assert {"torch", "action"} <= namespace.keys()
    assert torch.get_default_dtype() == torch.float32


def test_the_readme_names_every_command() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    written = {line.split()[1] for line in README.typed("gaugeflow")}
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
    [
        ("collected 12 items", 0),
        ("collected 13 items / 1 skipped", 0),
        ("2 workers [12 items]", 0),
        ("1 worker [13 items]", 0),
        ("collected 11 items", 1),
        ("2 workers [11 items]", 1),
        ("no tests", 1),
    ],
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
