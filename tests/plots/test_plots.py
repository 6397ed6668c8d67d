"""Figures are made from what was measured, show what they should, and leave matplotlib as it was."""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

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
    "warmup": 2,
    "observables": [{"name": "gradient_flow", "time": 0.3, "epsilon": 0.1}, "plaquette"],
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


class Drawn(NamedTuple):
    """The directory of a run, the files of its figures, and the figures by the stems of these."""

    path: Path
    files: list[Path]
    figures: dict[str, Figure]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Drawn]:
    """The run of a case and its figures, made when first asked for; nobody changes them."""

    @cache
    def of_case(case: str) -> Drawn:
        path, figures = tmp_path_factory.mktemp("drawn") / "run", {}
        runs.start(Chain, runs.Source(json.dumps({**BASE, **CASES[case][0]}), "test.yaml"), path, quiet=True)
        save = Figure.savefig

        def remember(self: Figure, file: Path, **options: Any) -> None:
            figures[Path(file).stem] = self
            save(self, file, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Figure, "savefig", remember)
            return Drawn(path, plot_run(path), figures)

    return of_case


@pytest.mark.parametrize("case", CASES)
def test_every_observable_has_its_figure(drawn: Callable[[str], Drawn], case: str) -> None:
    files = drawn(case).files
    assert {path.stem for path in files} == CASES[case][1]
    for path in files:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert matplotlib.image.imread(path).std() > 0.02, "an empty picture"


def test_figures_show_the_data_and_the_exact_values(drawn: Callable[[str], Drawn]) -> None:
    path, _, figures = drawn("links in 2D")
    columns = runs.Metrics.load(path / "metrics.h5").columns("measurements")
    left, right = figures["plaquette"].axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), columns["plaquette"][:, 0])
    assert any(np.allclose(line.get_ydata(), 0.699251926818) for line in left.lines), "the exact 4 x 4 plaquette"
    assert sum(bar.get_width() for bar in right.patches) == columns["plaquette"].size
    bars = figures["charge"].axes[1].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
    (potential,) = figures["potential"].axes
    first = potential.lines[0].get_ydata()[0]
    loops = columns["wilson_loops"].mean((0, 1))
    assert first == pytest.approx(np.log(loops[0, 0] / loops[0, 1]))


@pytest.mark.parametrize(("case", "count"), [("links in 2D", 4), ("flow in 4D", 3)])
def test_every_axis_has_a_name(drawn: Callable[[str], Drawn], case: str, count: int) -> None:
    figures = drawn(case).figures
    assert len(figures) == count
    for figure in figures.values():
        assert all(axes.get_xlabel() for axes in figure.axes)
        assert figure.axes[0].get_ylabel()


def test_matplotlib_is_left_as_it_was(drawn: Callable[[str], Drawn]) -> None:
    path = drawn("too short for a correlation").path
    before = dict(matplotlib.rcParams)
    plot_run(path)
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or matplotlib.pyplot.get_fignums() == []


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a run directory"):
        plot_run(tmp_path)
