"""Figures are made from what was measured, show what they should, and leave matplotlib as it was."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.plots import plot_run
from gaugeflow.tasks import Chain

BASE: dict[str, Any] = {
    "task": "chain",
    "seed": 5,
    "group": "u1",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 2.0},
    "sampler": {"name": "heatbath"},
    "chains": 2,
    "warmup": 10,
    "measurements": 40,
    "observables": [
        "plaquette",
        {"name": "charge", "definition": "geometric"},
        {"name": "wilson_loops", "r": 3, "t": 3},
    ],
}
FLOW = {
    "group": "su2",
    "shape": [4, 4, 4, 4],
    "measurements": 6,
    "observables": [{"name": "gradient_flow", "time": 0.5, "epsilon": 0.1}, "plaquette"],
}
SCALARS = {
    "group": None,
    "action": {"name": "phi4", "m2": 1.0, "lam": 1.0},
    "sampler": {"name": "hmc"},
    "observables": ["phi_squared"],
}
CASES = {
    "links in 2D": ({}, {"plaquette", "autocorrelation", "charge", "potential"}),
    "flow in 4D": (FLOW, {"plaquette", "autocorrelation", "flow"}),
    "scalars": (SCALARS, {"phi_squared", "autocorrelation"}),
    "too short for a correlation": ({"measurements": 2}, {"plaquette", "charge", "potential"}),
}


def run(path: Path, **changes: Any) -> Path:
    runs.start(Chain, runs.Source(json.dumps({**BASE, **changes}), "test.yaml"), path, quiet=True)
    return path


@pytest.mark.parametrize("case", CASES)
def test_every_observable_has_its_figure(tmp_path: Path, case: str) -> None:
    changes, names = CASES[case]
    figures = plot_run(run(tmp_path / "run", **changes))
    assert {path.stem for path in figures} == names
    for path in figures:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert matplotlib.image.imread(path).std() > 0.02, "an empty picture"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Figure]:
    """Every figure by the stem of its file."""
    figures: dict[str, Figure] = {}
    save = Figure.savefig

    def remember(self: Figure, path: Path, **options: Any) -> None:
        figures[Path(path).stem] = self
        save(self, path, **options)

    monkeypatch.setattr(Figure, "savefig", remember)
    return figures


def test_figures_show_the_data_and_the_exact_values(tmp_path: Path, drawn: dict[str, Figure]) -> None:
    plot_run(run(tmp_path / "run"))
    columns = runs.Metrics.load(tmp_path / "run" / "metrics.h5").columns("measurements")
    left, right = drawn["plaquette"].axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), columns["plaquette"][:, 0])
    assert any(np.allclose(line.get_ydata(), 0.699251926818) for line in left.lines), "the exact 4 x 4 plaquette"
    assert sum(bar.get_width() for bar in right.patches) == columns["plaquette"].size
    bars = drawn["charge"].axes[1].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
    (potential,) = drawn["potential"].axes
    first = potential.lines[0].get_ydata()[0]
    loops = columns["wilson_loops"].mean((0, 1))
    assert first == pytest.approx(np.log(loops[0, 0] / loops[0, 1]))


def test_every_axis_has_a_name(tmp_path: Path, drawn: dict[str, Figure]) -> None:
    plot_run(run(tmp_path / "run"))
    plot_run(run(tmp_path / "flow", **FLOW))
    assert len(drawn) == 5
    for figure in drawn.values():
        assert all(axes.get_xlabel() for axes in figure.axes)
        assert figure.axes[0].get_ylabel()


def test_matplotlib_is_left_as_it_was(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    plot_run(run(tmp_path / "run"))
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or matplotlib.pyplot.get_fignums() == []


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a run directory"):
        plot_run(tmp_path)
