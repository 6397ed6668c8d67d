"""A chain whose process is killed by SIGKILL again and again is, bit for bit, the chain that nobody disturbed."""

import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from gaugeflow.cli import main
from gaugeflow.io import read
from gaugeflow.runs import Metrics
from gaugeflow.runs.checkpoint import load_checkpoint
from tests.processes import Running

pytestmark = pytest.mark.slow

SAMPLERS = {
    "heatbath": "{name: heatbath, overrelaxation: 1}",
    "hmc": "{name: hmc, integrator: omelyan4, length: 0.5}",
    "tempering": "{name: tempering, within: {name: heatbath}, replicas: 3, defect: {length: 2}, nested: [0]}",
}
KILLS = 4

CONFIG = """\
task: chain
seed: 77
group: su2
shape: [4, 6]
action: {{name: wilson, beta: 2.2}}
sampler: {sampler}
chains: 3
warmup: 20
measurements: 30
interval: 2
observables: [plaquette, {{name: wilson_loops, r: 2, t: 2}}]
start: hot
save_fields: true
checkpoint_every: {{steps: 1}}
"""


def launch(config: Path, directory: Path) -> Running:
    started = (directory / "config.yaml").exists()
    command = ["resume", str(directory)] if started else ["run", str(config), "--out", str(directory)]
    return Running(main, [[*command, "--json"]], config.parent)


def finish(config: Path, directory: Path) -> None:
    ended = launch(config, directory).ended()
    assert ended.returncode == 0, ended.stderr


def assert_readable(directory: Path) -> None:
    """Whatever stands in the directory is whole."""
    if (directory / "checkpoint.pt").exists():
        load_checkpoint(directory / "checkpoint.pt", "chain")
        Metrics.load(directory / "metrics.h5")
    if (directory / "chain.h5").exists():
        with h5py.File(directory / "chain.h5") as file:
            count = int(file["count"][0])
        if count:
            assert len(read(directory / "chain.h5").links) == count


def assert_equal(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_equal(one, other)
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
    elif isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, strict=True)
    else:
        assert a == b


def contents(directory: Path) -> dict[str, Any]:
    step, state = load_checkpoint(directory / "checkpoint.pt", "chain")
    metrics = Metrics.load(directory / "metrics.h5")
    with h5py.File(directory / "chain.h5") as file:
        count = int(file["count"][0])
        chain = {name: file[name][:count] for name in ("links", "chain", "step")}
    return {
        "step": step,
        "task": state["task"],
        "metrics": {table: metrics.columns(table) for table in metrics.counts()},
        "chain": {**chain, "count": count},
    }


def kill_after(process: BaseProcess, checkpoint: Path, checkpoints: int, delay: float) -> None:
    """SIGKILL, a random moment after so many more checkpoints have been written."""
    seen, number = 0, inode(checkpoint)
    while seen < checkpoints and process.is_alive():
        time.sleep(0.0005)
        seen, number = seen + (inode(checkpoint) != number), inode(checkpoint)
    time.sleep(delay)
    process.kill()
    process.join()


def inode(path: Path) -> int:
    """Changes with every rename onto `path`; 0 where there is no file."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_killed_again_and_again(tmp_path: Path, sampler: str) -> None:
    config = tmp_path / "chain.yaml"
    config.write_text(CONFIG.format(sampler=SAMPLERS[sampler]))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(config, whole)
    moments = np.random.default_rng(20261120)
    for checkpoints in (0, *moments.integers(1, 12, KILLS)):
        process = launch(config, killed).process
        kill_after(process, killed / "checkpoint.pt", checkpoints, moments.uniform(0, 0.03))
        assert process.exitcode == -signal.SIGKILL
        assert_readable(killed)
    finish(config, killed)
    first, second = contents(whole), contents(killed)
    assert first["metrics"]["measurements"]["plaquette"].shape == (30, 3)
    assert first["chain"]["links"].shape == (90, 2, 4, 6, 2, 2)
    assert_equal(first, second)


def test_another_seed_gives_another_chain(tmp_path: Path) -> None:
    """The comparison above can fail."""
    config = tmp_path / "chain.yaml"
    text = CONFIG.format(sampler=SAMPLERS["heatbath"]).replace("measurements: 30", "measurements: 5")
    config.write_text(text)
    finish(config, tmp_path / "a")
    config.write_text(text.replace("seed: 77", "seed: 78"))
    finish(config, tmp_path / "b")
    with pytest.raises(AssertionError):
        assert_equal(contents(tmp_path / "a")["metrics"], contents(tmp_path / "b")["metrics"])
