"""The command `gaugeflow`. Each command imports what it needs when it is called, so that help comes at once."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gaugeflow import __version__
from gaugeflow.errors import UserError

__all__ = ["app", "main"]

app = typer.Typer(
    name="gaugeflow",
    help="Sample lattice gauge fields; measure, convert and check configurations and models.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a value, as in action.beta=6.")
]
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the new samples.")]
FileGroup = Annotated[str | None, typer.Option(help="su2, su3, ..., where the file does not say.")]
FileShape = Annotated[
    tuple[int, int, int, int] | None, typer.Option(metavar="X Y Z T", help="Extents, where the file does not say.")
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gaugeflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


@app.command()
def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Run directory; by default runs/NAME.")] = None,
    json: Json = False,
) -> None:
    """Run the task that CONFIG names, in a new run directory."""
    from gaugeflow import runs, tasks

    source = runs.Source.read(config)
    source.override(overrides or ())
    directory = out or Path("runs") / config.stem
    with _stoppable():
        report = runs.start(tasks.task_of(source), source, directory, quiet=json)
    if not runs.ranks().leader:
        return
    _show(report, (directory / "report.md").read_text(), json)
    if not json:
        print(f"gaugeflow: the run stands in {directory}", file=sys.stderr)


@app.command()
def resume(directory: Directory, overrides: Overrides = None, json: Json = False) -> None:
    """Continue a run from its last checkpoint, bit for bit where the machine is the same."""
    from gaugeflow import runs

    task = _task(directory)
    with _stoppable():
        report = runs.resume(task, directory, overrides or (), quiet=json)
    if runs.ranks().leader:
        _show(report, (directory / "report.md").read_text(), json)


@app.command()
def report(
    directory: Directory,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure anew, from the checkpoint.")] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """The numbers of a run with their errors."""
    from gaugeflow import runs

    task = _task(directory)
    found = runs.fresh_report(task, directory, seed, quiet=json) if fresh else runs.report(task, directory)
    if runs.ranks().leader:
        _show(found, task.markdown(found), json)


@app.command()
def sample(
    directory: Directory,
    count: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many configurations.")],
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="By default DIR/samples.h5.")] = None,
    weighted: Annotated[
        bool, typer.Option("--weighted", help="Independent samples of the flow, with weights beside them.")
    ] = False,
) -> None:
    """Draw N new configurations from the state of a run's checkpoint, to HDF5."""
    from gaugeflow import runs

    target = out or directory / "samples.h5"
    runs.sample(_task(directory), directory, count, seed, target, weighted=weighted)
    print(target)


@app.command()
def check(
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="A configuration, run directory, checkpoint or package.module:object."),
    ] = "",
    group: Annotated[list[str] | None, typer.Option(help="A group to check instead of the target's own.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    power: Annotated[bool, typer.Option("--power", help="Also break what holds and see the check find it.")] = False,
    trials: Annotated[int, typer.Option(min=1, help="Random group elements.")] = 32,
    tolerance: Annotated[
        float, typer.Option(min=0, help="An error, in units of the output, let pass if it does not grow with the size.")
    ] = 0.0,
    batch_dependent: Annotated[
        bool, typer.Option("--batch-dependent", help="Entries of the batch may see one another.")
    ] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the worst case of what fails.")] = None,
    replay: Annotated[Path | None, typer.Option(metavar="FILE", help="Run a saved worst case again.")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Check symmetries; the exit code is 0 if all hold, 1 if one is broken, 2 if it could not be checked."""
    from gaugeflow.symmetry.command import check_command

    if not target and replay is None:
        raise typer.BadParameter("expected a target, package.module:object, a configuration or a run directory")
    code = check_command(
        target,
        group or (),
        json=json,
        junit=junit,
        power=power,
        save=save,
        replay=replay,
        trials=trials,
        seed=seed,
        tolerance=tolerance,
        batch_dependent=batch_dependent,
        resolver=_claims_of,
    )
    raise typer.Exit(code)


def _claims_of(target: str) -> Any:
    """The claims of a configuration or a run; a target in Python does not need the rooms that know these."""
    from gaugeflow.tasks import claims_of

    return claims_of(target)


@app.command()
def plot(
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...", help="A run directory; several to compare.")],
    format: Annotated[str, typer.Option(help="png, svg or pdf.")] = "png",
    dark: Annotated[bool, typer.Option("--dark", help="Light on a dark ground.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Several runs in one figure.")] = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The figure of --compare.")] = Path("compare.png"),
) -> None:
    """Figures of a run in its directory, and all of them on one page, report.html; or several runs compared."""
    from gaugeflow import plots

    if compare:
        print(plots.compare_runs(directories, out, plots.Look(format, dark)))
        return
    for directory in directories:
        figures = plots.plot_run(directory, format, dark)
        for path in [*figures, plots.contact_sheet(directory, figures)]:
            print(path)


@app.command()
def measure(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Configurations in any known format.")],
    shape: FileShape = None,
    group: FileGroup = None,
    json: Json = False,
) -> None:
    """Observables of configuration files, with their conventions; several files give one object with `files`."""
    from gaugeflow.tasks.measure import measure as measure_file
    from gaugeflow.tasks.measure import measure_text

    found = [measure_file(path, shape, group) for path in files]
    _show(found[0] if len(found) == 1 else {"files": found}, "\n\n".join(map(measure_text, found)), json)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN")],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    format: Annotated[str | None, typer.Option(help="Of OUT, where its extension does not tell.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="Of the format, as precision=32.")
    ] = None,
    index: Annotated[int | None, typer.Option(min=0, help="Only this configuration of an ensemble.")] = None,
    shape: FileShape = None,
    group: FileGroup = None,
) -> None:
    """Convert a configuration between file formats; checksums are verified and written."""
    from gaugeflow.io import convert as convert_file
    from gaugeflow.runs import Source
    from gaugeflow.tasks.measure import header_text

    given = Source("{}", "--option")
    given.override(options or ())
    select = None if index is None else slice(index, index + 1)
    written = convert_file(source, target, format, shape=shape, group=group, select=select, **given.data)
    print(header_text(written))


@app.command()
def exact(
    group: Annotated[str, typer.Option(help="u1, su2, su3, ...")],
    beta: Annotated[str, typer.Option(help="Coupling of S = beta sum (1 - Re tr P / N).")],
    shape: Annotated[
        tuple[int, int] | None, typer.Option(metavar="X T", help="The torus; without it the infinite plane.")
    ] = None,
    json: Json = False,
) -> None:
    """The closed-form solution of two-dimensional gauge theory."""
    from gaugeflow.lattice.exact import exact_report
    from gaugeflow.tasks.table import format_values

    found = exact_report(group, shape, beta)
    _show(found, format_values(found), json)


def _task(directory: Path) -> Any:
    from gaugeflow import runs, tasks

    return tasks.task_of(runs.Source.read(runs.RunDirectory.open(directory).config))


@contextmanager
def _stoppable() -> Iterator[None]:
    """A run stopped by a signal says how to go on and exits with 128 + the signal's number."""
    from gaugeflow.runs import Interrupted

    try:
        yield
    except Interrupted as stop:
        _fail(str(stop), stop.exit_code)


def _show(found: dict[str, Any], text: str, json: bool) -> None:
    from gaugeflow.runs.plain import json_text

    sys.stdout.write(json_text(found) if json else f"{text.rstrip()}\n")


def _fail(message: str, exit_code: int) -> NoReturn:
    print(f"gaugeflow: {message}", file=sys.stderr)
    raise SystemExit(exit_code)


def _warn(message: Warning | str, *where: object, **also: object) -> None:
    """A warning is for the user: what it says, without the line of the package that says it."""
    print(f"gaugeflow: warning: {message}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line. A user's mistake ends with one message and exit code 2; a bug shows its traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app(arguments, prog_name="gaugeflow")
    except UserError as error:
        _fail(str(error), 2)
    except OSError as error:
        _fail(f"{error.filename or 'operating system'}: {error.strerror or error}", 2)
