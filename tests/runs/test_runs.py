"""The loop of every task: checkpoints, resumption, interruption, and files that are whole at any moment."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.runs import (
    Count,
    Interrupted,
    Metrics,
    Record,
    RunConfig,
    Source,
    Task,
    fresh_report,
    report,
    resume,
    start,
)
from gaugeflow.runs.atomic import write_whole
from gaugeflow.runs.checkpoint import load_checkpoint, save_checkpoint
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.plain import json_text


class WalkConfig(RunConfig):
    length: Count


class Walk(Task[WalkConfig]):
    """A random walk of a few walkers: the least a task can be."""

    name = "walk"
    schema = WalkConfig
    extendable = frozenset({"length", "checkpoint_every"})
    stop_at: int | None = None
    """Raises here, as a crash in the middle of a run would."""

    def begin(self) -> None:
        self.generator = torch.Generator().manual_seed(self.config.seed)
        self.place = torch.zeros(3, dtype=torch.float64)

    @property
    def steps(self) -> int:
        return self.config.length

    def step(self, index: int, record: Record) -> None:
        if index == self.stop_at:
            raise RuntimeError("crash")
        self.place += torch.randn(3, generator=self.generator, dtype=torch.float64)
        record.metrics.record("places", {"place": self.place, "index": index})
        if index % 4 == 0:
            record.metrics.record("rare", {"largest": float(self.place.max())})

    def state_dict(self) -> dict[str, Any]:
        return {"place": self.place, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.place = state["place"]
        self.generator = torch.Generator()
        self.generator.set_state(state["generator"])

    def restart_measurements(self, seed: int) -> int:
        self.generator.manual_seed(seed)
        return 10

    def report(self, metrics: Metrics) -> dict[str, Any]:
        return {"mean": metrics.column("places", "place").mean(), "undefined": float("nan")}

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return f"mean {report['mean']}\n"


def config(length: int = 30, every: int = 7) -> Source:
    return Source(f"task: walk\nseed: 5\nlength: {length}\ncheckpoint_every: {{steps: {every}}}\n", "walk.yaml")


def places(directory: Path) -> dict[str, dict[str, np.ndarray]]:
    metrics = Metrics.load(directory / "metrics.h5")
    return {table: metrics.columns(table) for table in metrics.counts()}


def assert_same(a: Path, b: Path) -> None:
    first, second = places(a), places(b)
    assert first.keys() == second.keys()
    for table in first:
        for name in first[table]:
            np.testing.assert_array_equal(first[table][name], second[table][name], strict=True)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    start(Walk, config(), tmp_path / "whole", quiet=True)
    return tmp_path / "whole"


def test_a_run_directory_holds_what_it_should(whole: Path) -> None:
    names = ["checkpoint.pt", "config.yaml", "environment.json", "metrics.h5", "report.json", "report.md"]
    assert sorted(path.name for path in whole.iterdir()) == names
    report = json.loads((whole / "report.json").read_text())
    assert report["task"] == "walk"
    assert report["mean"] == places(whole)["places"]["place"].mean()
    assert report["undefined"] is None
    environment = json.loads((whole / "environment.json").read_text())
    assert environment["seed"] == 5
    assert environment["packages"]["torch"] == torch.__version__
    assert environment["threads"] == torch.get_num_threads()
    rows = places(whole)
    assert rows["places"]["place"].shape == (30, 3)
    assert rows["places"]["index"].tolist() == list(range(30))
    assert rows["rare"]["largest"].shape == (8,)


@pytest.mark.parametrize("crash", [0, 3, 7, 8, 29])
def test_a_crashed_run_resumes_bit_for_bit(
    tmp_path: Path, whole: Path, crash: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Walk, "stop_at", crash)
    with pytest.raises(RuntimeError, match="crash"):
        start(Walk, config(), tmp_path / "crashed", quiet=True)
    monkeypatch.undo()
    assert len(places(tmp_path / "crashed").get("places", {}).get("place", ())) == crash // 7 * 7
    resume(Walk, tmp_path / "crashed", quiet=True)
    assert_same(tmp_path / "crashed", whole)


@pytest.mark.parametrize("broken", ["metrics.h5", "checkpoint.pt"])
def test_a_run_killed_between_two_files_of_a_checkpoint_resumes(
    tmp_path: Path, whole: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename of the second checkpoint's `broken` never happens; what comes before it does."""
    calls = {"left": 2}

    def failing(path: Path, content: bytes | str) -> None:
        calls["left"] -= path.name == broken
        if path.name == broken and calls["left"] < 0:
            raise RuntimeError("killed")
        write_whole(path, content)

    monkeypatch.setattr("gaugeflow.runs.metrics.write_whole", failing)
    monkeypatch.setattr("gaugeflow.runs.checkpoint.write_whole", failing)
    with pytest.raises(RuntimeError, match="killed"):
        start(Walk, config(), tmp_path / "killed", quiet=True)
    monkeypatch.undo()
    assert len(places(tmp_path / "killed")["places"]["place"]) == (14 if broken == "checkpoint.pt" else 7)
    resume(Walk, tmp_path / "killed", quiet=True)
    assert_same(tmp_path / "killed", whole)


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path, whole: Path) -> None:
    start(Walk, config(), tmp_path / "early", quiet=True)
    for name in ("checkpoint.pt", "metrics.h5", "report.json"):
        (tmp_path / "early" / name).unlink()
    resume(Walk, tmp_path / "early", quiet=True)
    assert_same(tmp_path / "early", whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, whole: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Walk.step

    def signalled(self: Walk, index: int, record: Record) -> None:
        step(self, index, record)
        if index == 9:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    monkeypatch.setattr(Walk, "step", signalled)
    with pytest.raises(Interrupted, match=r"step 10 of 30.*gaugeflow resume") as caught:
        start(Walk, config(), tmp_path / "stopped", quiet=True)
    monkeypatch.undo()
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(number) is before
    assert load_checkpoint(tmp_path / "stopped" / "checkpoint.pt", "walk")[0] == 10
    resume(Walk, tmp_path / "stopped", quiet=True)
    assert_same(tmp_path / "stopped", whole)


def test_a_finished_run_can_be_extended(tmp_path: Path, whole: Path) -> None:
    start(Walk, config(length=12), tmp_path / "short", quiet=True)
    resume(Walk, tmp_path / "short", ["length=30"], quiet=True)
    assert_same(tmp_path / "short", whole)
    assert len(json.loads((tmp_path / "short" / "environment.json").read_text())["resumed"]) == 1


def test_a_report_is_made_again_or_measured_anew(whole: Path) -> None:
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    stored = json.loads((whole / "report.json").read_text())
    assert json.loads(json_text(report(Walk, whole))) == stored
    once, again, other = (fresh_report(Walk, whole, seed, quiet=True)["mean"] for seed in (1, 1, 2))
    assert once == again
    assert len({once, other, stored["mean"]}) == 3
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before
    (whole / "metrics.h5").unlink()  # a shipped run is its configuration and its checkpoint
    assert fresh_report(Walk, whole, 1, quiet=True)["mean"] == once


def test_what_makes_another_run_cannot_change_on_resume(whole: Path) -> None:
    before = (whole / "config.yaml").read_text()
    with pytest.raises(UserError, match="seed cannot change on resume"):
        resume(Walk, whole, ["seed=6"], quiet=True)
    with pytest.raises(UserError, match="30 steps are done, the configuration asks for 29 only"):
        resume(Walk, whole, ["length=29"], quiet=True)
    assert (whole / "config.yaml").read_text() == before
    (whole / "config.yaml").write_text(before.replace("seed: 5", "seed: 6"))
    with pytest.raises(UserError, match="seed cannot change on resume"):
        resume(Walk, whole, quiet=True)


def test_a_checkpoint_from_before_a_key_was_there(whole: Path) -> None:
    """It was made with the default of the key."""
    done, state = load_checkpoint(whole / "checkpoint.pt", "walk")
    del state["config"]["device"]
    save_checkpoint(whole / "checkpoint.pt", "walk", done, state)
    assert resume(Walk, whole, quiet=True)["mean"] == json.loads((whole / "report.json").read_text())["mean"]
    state["config"]["long_gone"] = 1
    del state["config"]["seed"]
    save_checkpoint(whole / "checkpoint.pt", "walk", done, state)
    with pytest.raises(UserError, match=r"seed.* cannot change on resume"):
        resume(Walk, whole, quiet=True)


def test_a_directory_in_use_is_refused(tmp_path: Path, whole: Path) -> None:
    with pytest.raises(UserError, match="gaugeflow resume"):
        start(Walk, config(), whole, quiet=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="new or empty"):
        start(Walk, config(), tmp_path / "other", quiet=True)
    with pytest.raises(UserError, match="found a file"):
        start(Walk, config(), whole / "config.yaml", quiet=True)
    (tmp_path / "empty").mkdir()
    start(Walk, config(), tmp_path / "empty", quiet=True)


def test_a_second_process_on_the_same_run_is_refused(whole: Path) -> None:
    with RunDirectory(whole).held(), pytest.raises(UserError, match="another process"):
        resume(Walk, whole, quiet=True)


def test_a_wrong_configuration_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'length'"):
        start(Walk, Source("task: walk\nseed: 1\nlenght: 3\n", "w.yaml"), tmp_path / "none", quiet=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("what", ["nothing", "file", "bare"])
def test_resuming_what_is_no_run(tmp_path: Path, what: str) -> None:
    path = tmp_path / "run"
    if what == "file":
        path.write_text("")
    if what == "bare":
        path.mkdir()
    with pytest.raises(UserError, match="expected a run directory") as caught:
        resume(Walk, path, quiet=True)
    assert str(path) in str(caught.value)


def test_a_damaged_checkpoint_is_named(whole: Path) -> None:
    path = whole / "checkpoint.pt"
    good = path.read_bytes()
    generator = np.random.default_rng(20261120)
    state = load_checkpoint(path, "walk")[1]
    noticed = 0
    for position in generator.integers(0, len(good), 100):
        path.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        try:
            again = load_checkpoint(path, "walk")[1]
        except UserError as error:
            assert str(path) in str(error)  # noqa: PT017 - either outcome is right
            noticed += 1
        else:  # the bit lies in the padding between two parts
            assert torch.equal(again["task"]["place"], state["task"]["place"])
            assert torch.equal(again["task"]["generator"], state["task"]["generator"])
    assert noticed > 30
    for length in generator.integers(0, len(good), 20):
        path.write_bytes(good[:length])
        with pytest.raises(UserError, match="expected a checkpoint"):
            resume(Walk, whole, quiet=True)


def test_a_checkpoint_of_another_format_or_task_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, "walk", 3, {})
    with pytest.raises(UserError, match=r"expected a checkpoint of the task 'chain', came 'walk'"):
        load_checkpoint(path, "chain")
    monkeypatch.setattr("gaugeflow.runs.checkpoint.FORMAT", 2)
    with pytest.raises(UserError, match=r"expected a checkpoint of format 2 .*, came format 1 written by gaugeflow"):
        load_checkpoint(path, "walk")
    torch.save([1, 2], path)
    with pytest.raises(UserError, match="a stored list"):
        load_checkpoint(path, "walk")


def test_a_checkpoint_that_carries_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"format": 1, "task": "walk", "step": 0, "state": os.system}, path)
    with pytest.raises(UserError, match="damaged or foreign"):
        load_checkpoint(path, "walk")


def test_metrics_missing_or_shorter_than_the_checkpoint_says(whole: Path) -> None:
    metrics = Metrics.load(whole / "metrics.h5", {"places": 4, "rare": 1})
    metrics.save(whole / "metrics.h5")
    with pytest.raises(UserError, match="expects 30 rows in the table 'places', found 4"):
        resume(Walk, whole, quiet=True)
    (whole / "metrics.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(UserError, match="cannot be read"):
        resume(Walk, whole, quiet=True)
    (whole / "metrics.h5").unlink()
    with pytest.raises(UserError, match="found no such file"):
        resume(Walk, whole, quiet=True)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space"):
        write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_json_has_no_nan_and_no_tensors() -> None:
    value = {"a": torch.tensor([1.0, float("inf")]), "b": np.float64(0.5), 3: (True, None), "c": 1 + 2j}
    assert json.loads(json_text(value)) == {"a": [1.0, None], "b": 0.5, "3": [True, None], "c": [1.0, 2.0]}
    with pytest.raises(TypeError, match="came set"):
        json_text({1})


def test_columns_of_a_table_do_not_change() -> None:
    metrics = Metrics()
    metrics.record("a", {"x": 1.0})
    with pytest.raises(ValueError, match="'a' has the columns"):
        metrics.record("a", {"y": 1.0})
