"""Chains with replicas and with jumps of the charge: what their reports say, resuming, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.runs import Metrics
from gaugeflow.tasks import Chain
from tests.processes import two_ranks
from tests.tasks.crashes import crash

WITHIN = {"name": "heatbath", "overrelaxation": 1}
TEMPERING: dict[str, Any] = {"name": "tempering", "within": WITHIN, "replicas": 3}
BASE: dict[str, Any] = {
    "task": "chain",
    "seed": 4,
    "group": "u1",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 3.0},
    "sampler": {**TEMPERING, "defect": {"length": 2}, "nested": [0]},
    "chains": 20,
    "start": "hot",
    "warmup": 20,
    "measurements": 40,
    "observables": ["plaquette", {"name": "charge", "definition": "geometric"}],
}


def run(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Chain, runs.Source(json.dumps({**BASE, **changes}), "t.yaml"), path, quiet=True)


def test_the_report_of_replicas_goes_on_bit_for_bit(tmp_path: Path) -> None:
    keep = {"checkpoint_every": {"steps": 4}}
    report = run(tmp_path / "whole", **keep)
    assert abs(report["observables"]["charge_squared"]["deviation"]) < 4
    assert list(report["sampling"]) == ["round_trips", "swap_acceptance_0", "swap_acceptance_1"]
    rows = Metrics.load(tmp_path / "whole" / "metrics.h5").columns("updates")
    late = rows["step"] >= 20
    assert report["sampling"]["round_trips"]["value"] == pytest.approx(rows["round_trips"][late].mean())
    for k in (0, 1):
        found = report["sampling"][f"swap_acceptance_{k}"]["value"]
        assert found == pytest.approx(rows["swap_acceptance"][late][:, :, k].mean())
    for step in (10, 33):  # in the warm-up and after it
        with crash(Chain, step):
            run(tmp_path / str(step), **keep)
        runs.resume(Chain, tmp_path / str(step), quiet=True)
        again = Metrics.load(tmp_path / str(step) / "metrics.h5").columns("updates")
        assert all(np.array_equal(again[name], rows[name]) for name in rows)


@pytest.mark.slow
def test_two_processes_share_the_replicas_bit_for_bit(tmp_path: Path) -> None:
    """Five replicas with tuned step sizes, three here and two there, then one process alone goes on with the run."""
    sampler = {**TEMPERING, "within": {"name": "hmc", "step_size": 0.2}, "replicas": 5, "scale": 0.5}
    config = {**BASE, "group": "su2", "sampler": sampler, "chains": 4, "observables": ["plaquette"]}
    (tmp_path / "t.yaml").write_text(json.dumps(config))
    ended = two_ranks(main, [["run", "t.yaml", "--out", "two"]], tmp_path)
    assert [process.returncode for process in ended] == [0, 0], ended[0].stderr + ended[1].stderr
    runs.resume(Chain, tmp_path / "two", ["measurements=50"], quiet=True)
    run(tmp_path / "one", **{**config, "measurements": 50})
    one, two = (Metrics.load(tmp_path / name / "metrics.h5") for name in ("one", "two"))
    for table in ("updates", "measurements"):
        found = two.columns(table)
        assert all(np.array_equal(found[name], rows) for name, rows in one.columns(table).items())


def test_processes_that_have_nothing_to_share_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaugeflow.tasks.chain.task.ranks", lambda: runs.Ranks(1, 4))
    with pytest.raises(UserError, match="expected one at least for each of 4 processes, got 3"):
        run(tmp_path / "few")
    with pytest.raises(UserError, match="a chain by heatbath runs in one process, torchrun has started 4"):
        run(tmp_path / "alone", sampler=WITHIN)


def test_jumps_report_their_acceptance(tmp_path: Path) -> None:
    report = run(tmp_path / "run", sampler={"name": "winding", "within": {"name": "hmc", "step_size": 0.3}}, warmup=30)
    assert {"acceptance", "jump_acceptance", "exp_minus_dh"} == report["sampling"].keys()
    assert 0.02 < report["sampling"]["jump_acceptance"]["value"] < 0.9


def test_replicas_that_never_swap_lead_the_report(tmp_path: Path) -> None:
    sampler = {**TEMPERING, "scale": 1e-9, "replicas": 2}
    report = run(tmp_path / "run", sampler=sampler, action={"name": "wilson", "beta": 200.0}, warmup=0, start="cold")
    assert report["warnings"]["swap_acceptance_0"].startswith("replicas 0 and 1 never swapped")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": TEMPERING}, "either `defect` or `scale`"),
        ({"sampler": {**TEMPERING, "scale": 0.5, "defect": {"length": 1}}}, "either `defect` or `scale`"),
        ({"sampler": {**TEMPERING, "scale": 0.5, "nested": [1]}}, "a defect to be near to"),
        ({"sampler": {**TEMPERING, "defect": {"length": 5}}}, "length up to 4"),
        ({"sampler": {**TEMPERING, "defect": {"length": 1, "axis": 2}}}, "an axis below 2"),
        ({"sampler": {**TEMPERING, "defect": {"length": 1, "strength": 1.0}}}, "strength"),
        (
            {
                "sampler": {**TEMPERING, "defect": {"length": 1}},
                "action": {"name": "wilson", "beta": 1.0, "boundary": "open"},
                "observables": ["plaquette"],
            },
            "boundary: periodic beside a defect",
        ),
        (
            {"action": {"name": "phi4", "m2": 1.0, "lam": 1.0}, "group": None, "sampler": {**TEMPERING, "scale": 0.5}},
            "Wilson loops",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(tmp_path / "run", **changes)
