"""What Windows and macOS lack is not needed: a run works without `fcntl`, `resource`, `pread` and `pwrite`."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.runs.directory import RunDirectory
from tests.runs.test_runs import Walk, config

WITHOUT = """
import os, sys
import filelock, h5py, numba, numpy, torch, pyerrors, matplotlib, tqdm, scipy.optimize
sys.modules["fcntl"] = sys.modules["resource"] = None
del os.pread, os.pwrite
from gaugeflow.cli import main
from gaugeflow.io import EnsembleWriter
from gaugeflow.errors import UserError
from pathlib import Path
main(["run", "chain.yaml", "--out", "run", "--json"])
with EnsembleWriter.open("run/chain.h5"):
    assert Path("run/chain.h5.lock").exists()
    try:
        EnsembleWriter.open("run/chain.h5")
    except UserError as error:
        assert "another process is appending" in str(error)
    else:
        raise AssertionError("two writers")
    main(["measure", "run/chain.h5", "--json"])
assert not Path("run/chain.h5.lock").exists() and not Path("run/.lock").exists()
main(["resume", "run", "--set", "measurements=8", "--json"])
main(["run", "chain.yaml", "--dry", "--json"])
"""
CHAIN = """
task: chain
seed: 3
group: u1
shape: [2, 2]
action: {name: wilson, beta: 1.0}
sampler: {name: heatbath}
warmup: 0
measurements: 6
observables: [plaquette]
save_fields: true
"""


@pytest.mark.slow
def test_a_run_needs_nothing_that_other_systems_lack(tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(CHAIN)
    made = subprocess.run([sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr


def test_the_lock_of_a_run_is_gone_after_it(tmp_path: Path) -> None:
    runs.start(Walk, config(), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run" / ".lock").exists()
    with RunDirectory(tmp_path / "run").held():
        assert (tmp_path / "run" / ".lock").exists()
    (tmp_path / "run" / ".lock").touch()  # as a killed process leaves it
    runs.resume(Walk, tmp_path / "run", quiet=True)
    with FileLock(tmp_path / "run" / ".lock"), pytest.raises(UserError, match="another process is working"):
        runs.resume(Walk, tmp_path / "run", quiet=True)


def test_a_run_starts_in_a_thread_and_leaves_nothing_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook's server; a directory is complete or absent, so that a second try is not blocked."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(runs.start(Walk, config(), tmp_path / "run", quiet=True))
        except RuntimeError as error:
            found.append(error)

    def in_a_thread() -> Any:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return found.pop()

    def fail(*_: Any) -> None:
        raise RuntimeError("no checkpoint")

    monkeypatch.setattr("gaugeflow.runs.run.save_checkpoint", fail)
    assert isinstance(in_a_thread(), RuntimeError)
    assert not (tmp_path / "run").exists()
    monkeypatch.undo()
    assert in_a_thread()["task"] == "walk"
