"""Commands on runs: start, continue, report, sample, draw."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gaugeflow.cli.app import Device, Json, Overrides, RunName, Seed, app, fail, show
from gaugeflow.cli.groups import RUNS

__all__ = ["plot", "report", "resume", "run", "sample"]


@app.command(rich_help_panel=RUNS)
def run(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped one.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Run directory; by default runs/NAME.")] = None,
    device: Device = None,
    dry: Annotated[bool, typer.Option("--dry", help="Build everything, say what it would take, run nothing.")] = False,
    json: Json = False,
) -> None:
    """Run the task that CONFIG names, in a new run directory."""
    from gaugeflow import runs, tasks

    file = runs.configuration_at(config)
    source = runs.Source.read(file)
    source.override([*(overrides or ()), *_on(device)])
    task = tasks.task_of(source)
    if dry:
        found = runs.dry(task, source)
        show(found, _foretold(found), json)
        return
    directory = out or Path("runs") / file.stem
    with _stoppable():
        report = runs.start(task, source, directory, quiet=json)
    if not runs.ranks().leader:
        return
    show(report, (directory / "report.md").read_text(), json)
    if not json:
        print(f"gaugeflow: the run stands in {directory}", file=sys.stderr)


@app.command(rich_help_panel=RUNS)
def resume(directory: RunName, overrides: Overrides = None, device: Device = None, json: Json = False) -> None:
    """Continue a run from its last checkpoint, bit for bit where the machine is the same."""
    from gaugeflow import runs

    path = Path(directory)
    with _stoppable():
        report = runs.resume(_task(path), path, [*(overrides or ()), *_on(device)], quiet=json)
    if runs.ranks().leader:
        show(report, (path / "report.md").read_text(), json)


@app.command(rich_help_panel=RUNS)
def report(
    directory: RunName,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure anew, from the checkpoint.")] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, metavar="M", help="With --fresh: as many samples as fit into M minutes.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """The numbers of a run with their errors."""
    from gaugeflow import runs

    path = runs.run_at(directory)
    task = _task(path)
    if fresh:
        found = runs.fresh_report(task, path, seed, _on(device), minutes=minutes, quiet=json)
    else:
        found = runs.report(task, path, _on(device))
    if runs.ranks().leader:
        show(found, task.markdown(found), json)


@app.command(rich_help_panel=RUNS)
def sample(
    directory: RunName,
    count: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many configurations.")],
    seed: Seed = 0,
    device: Device = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default DIR/samples.h5, of a shipped run NAME.h5.")
    ] = None,
    weighted: Annotated[
        bool, typer.Option("--weighted", help="Independent samples of the flow, with weights beside them.")
    ] = False,
) -> None:
    """Draw N new configurations from the state of a run's checkpoint, to HDF5."""
    from gaugeflow import runs

    path = runs.run_at(directory)
    own = path == Path(directory)
    target = out or (path / "samples.h5" if own else Path(f"{directory}.h5"))
    runs.sample(_task(path), path, count, seed, target, _on(device), weighted=weighted)
    print(target)


@app.command(rich_help_panel=RUNS)
def plot(
    directories: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Run directories, or shipped runs, which go into runs/NAME.")
    ],
    format: Annotated[str, typer.Option(help="png, svg or pdf.")] = "png",
    dark: Annotated[bool, typer.Option("--dark", help="Light on a dark ground.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Several runs in one figure.")] = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The figure of --compare.")] = Path("compare.png"),
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One page for all of DIR... instead of report.html in each.")
    ] = None,
) -> None:
    """Draw the figures of a run, and put all of them on one page, report.html; or compare several runs."""
    from gaugeflow import plots, runs

    if compare:
        paths = [runs.run_at(name) for name in directories]
        print(plots.compare_runs(paths, out, plots.Look(format, dark)))
        return
    figures = {path: plots.plot_run(path, format, dark) for path in map(_own_copy, directories)}
    if page is None:
        pages = [plots.contact_sheet(path / "report.html", {path: drawn}) for path, drawn in figures.items()]
    else:
        pages = [plots.contact_sheet(page, figures)]
    for file in [*(figure for drawn in figures.values() for figure in drawn), *pages]:
        print(file)


def _own_copy(name: str) -> Path:
    """The run itself, or a copy of a shipped one, whose directory is not the user's to write in."""
    from gaugeflow import runs

    path = runs.run_at(name)
    if path == Path(name):
        return path
    copy = Path("runs") / name
    if not copy.exists():
        shutil.copytree(path, copy)
    return copy


def _foretold(found: dict[str, Any]) -> str:
    from gaugeflow.runs.forecast import duration

    if found["seconds"] is None:
        return f"{found['task']}: valid; a step of each kind was tried, and one failed: nothing is foretold"
    rest = f", and {found['without']}, which nobody can foretell" if found["without"] else ""
    return (
        f"{found['task']}: valid, {found['steps']} steps; expected to take {duration(found['seconds'])}{rest}; "
        f"{found['memory_bytes'] / 1e9:.2g} GB of memory; {found['disk_bytes'] / 1e6:.2g} MB on the disk"
    )


def _on(device: str | None) -> list[str]:
    """The override that `--device` is."""
    from gaugeflow.runs.devices import require_device

    if device is None:
        return []
    require_device(device)
    return [f"device={device}"]


def _task(path: Path) -> Any:
    from gaugeflow import runs, tasks

    return tasks.task_of(runs.Source.read(runs.RunDirectory.open(path).config))


@contextmanager
def _stoppable() -> Iterator[None]:
    """A run stopped by a signal says how to go on and exits with 128 + the signal's number."""
    from gaugeflow.runs import Interrupted

    try:
        yield
    except Interrupted as stop:
        fail(str(stop), stop.exit_code)
