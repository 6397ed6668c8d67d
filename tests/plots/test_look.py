"""Formats, a dark ground, headings, several runs in one figure, and the page with everything on it."""

import re
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.plots import Look, compare_runs, contact_sheet, plot_run
from gaugeflow.plots.figure import BLUE, figure
from gaugeflow.plots.heading import heading
from gaugeflow.plots.look import look
from gaugeflow.plots.page import write_page
from gaugeflow.tasks import Chain
from tests.places import TRAINED

CHAIN = """
task: chain
seed: 5
group: u1
shape: [2, 2]
action: {name: wilson, beta: BETA}
sampler: {name: heatbath}
chains: 2
warmup: 2
measurements: 20
observables: [plaquette, {name: charge, definition: geometric}]
"""


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs at different couplings."""
    folder = tmp_path_factory.mktemp("chains")
    for beta in ("1.0", "2.0"):
        runs.start(Chain, runs.Source(CHAIN.replace("BETA", beta), "test.yaml"), folder / f"beta{beta}", quiet=True)
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_come_in_the_format_that_is_asked_for(chains: list[Path], format: str, start: bytes) -> None:
    for path in plot_run(chains[0], format):
        assert path.suffix == f".{format}"
        assert path.read_bytes().startswith(start)


def test_another_format_is_refused(chains: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plot", str(chains[0]), "--format", "gif"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "gaugeflow: --format: expected one of png, svg, pdf, came 'gif'\n"


def test_a_dark_figure_is_dark_and_shows_the_same(tmp_path: Path) -> None:
    pictures = {}
    for dark in (False, True):
        with look(Look(dark=dark)), figure(tmp_path / f"{dark}.png") as canvas:
            axes = canvas.subplots()
            axes.plot([0, 1], [0, 1], color=BLUE)
            axes.hist([0.2, 0.4], color=BLUE)
        pictures[dark] = matplotlib.image.imread(tmp_path / f"{dark}.png")[..., :3]
    assert pictures[False].mean() > 0.7
    assert pictures[True].mean() < 0.3
    changed = np.abs(pictures[True] - pictures[True][0, 0]).max(-1) > 0.1
    assert (changed == (np.abs(pictures[False] - 1).max(-1) > 0.1)).mean() > 0.98


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("su3_2d_16_beta6", "su3, 16 x 16, wilson (beta 6), continuous"),
        ("phi4_2d_8", "8 x 8, phi4 (m2 -4, lam 8), scalar_continuous"),
        ("lih", "LiH, determinant on ferminet"),
        ("lcnn_su2_2d_1x2", "su2, 8 x 8, loop"),
    ],
)
def test_headings_say_what_was_run(name: str, text: str) -> None:
    from gaugeflow import tasks

    source = runs.Source.read(TRAINED / name / "config.yaml")
    assert heading(runs.validate(tasks.task_of(source).schema, source)) == text


def test_the_heading_stands_on_the_figure(chains: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path: found.append(self.get_suptitle()))
    plot_run(chains[1])
    assert set(found) == {"u1, 2 x 2, wilson (beta 2), heatbath"}


def test_several_runs_in_one_figure(chains: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, path: (drawn.append(self), save(self, path)))
    target = compare_runs(chains, tmp_path / "both.png", Look("svg"))
    assert target == tmp_path / "both.svg"
    plaquettes, charges = drawn[0].axes
    reports = [runs.report(Chain, path) for path in chains]
    points = np.asarray(plaquettes.lines[0].get_xdata(), float)
    np.testing.assert_allclose(points, [report["observables"]["plaquette"]["value"] for report in reports])
    assert [text.get_text() for text in plaquettes.get_yticklabels()] == ["beta1.0", "beta2.0"]
    assert charges.get_title(loc="left").startswith("Topological charge")


def test_shipped_energies_and_flows_are_compared(tmp_path: Path) -> None:
    for kind in (["be_determinant", "be_pfaffian"], ["su2_2d_8_coupling", "su3_2d_8_coupling"]):
        assert compare_runs([TRAINED / name for name in kind], tmp_path / f"{kind[0]}.png").stat().st_size > 5000


def test_runs_without_anything_in_common_are_refused(chains: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found nothing"):
        compare_runs([chains[0], TRAINED / "he"], tmp_path / "none.png")
    with pytest.raises(UserError, match="two or more run directories, came 1"):
        compare_runs(chains[:1], tmp_path / "none.png")


def test_one_page_holds_tables_and_figures(chains: list[Path], tmp_path: Path) -> None:
    page = contact_sheet(tmp_path / "a.html", {chains[0]: plot_run(chains[0])}).read_text()
    report = runs.report(Chain, chains[0])
    assert f'<td style="text-align:right">{report["observables"]["plaquette"]["text"]}</td>' in page
    assert len(re.findall(r'<img alt="[a-z ]+" src="data:image/png;base64,[A-Za-z0-9+/=]{1000,}">', page)) == 3
    assert not re.search(r"(src|href)=\"(?!data:)", page), "a page that needs another file"


def test_what_a_report_says_cannot_become_a_script(tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", "<script>", [("# <script>alert(1)</script>\n", [])])
    assert "<script>" not in (tmp_path / "a.html").read_text()


def test_the_command_writes_figures_and_page(
    chains: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(chains[0], tmp_path / "copy")
    with pytest.raises(SystemExit) as stop:
        main(["plot", str(copy)])
    assert stop.value.code == 0
    printed = [Path(line) for line in capsys.readouterr().out.split()]
    assert printed[-1] == copy / "report.html"
    assert all(path.is_file() for path in printed)


def test_one_page_for_several_runs(chains: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plot", *map(str, chains), "--page", str(tmp_path / "all.html")])
    assert stop.value.code == 0
    assert capsys.readouterr().out.split()[-1] == str(tmp_path / "all.html")
    page = (tmp_path / "all.html").read_text()
    assert [beta for beta in ("1.0", "2.0") if f"(beta {beta})" in page] == ["1.0", "2.0"]
    assert page.count("<img") == 6
