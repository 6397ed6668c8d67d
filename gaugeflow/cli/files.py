"""Commands on configuration files, and closed forms."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gaugeflow.cli.app import Json, app, show
from gaugeflow.cli.groups import FILES
from gaugeflow.errors import UserError

__all__ = ["convert", "exact", "measure"]

FileGroup = Annotated[str | None, typer.Option(help="su2, su3, ..., where the file does not say.")]
FileShape = Annotated[
    tuple[int, int, int, int] | None, typer.Option(metavar="X Y Z T", help="Extents, where the file does not say.")
]


FileIndex = Annotated[int | None, typer.Option(min=0, help="Only this configuration of an ensemble.")]
FileLayout = Annotated[
    str | None, typer.Option(metavar="AXES", help="Axes of an array, as nmxyztab; without it you are told what fits.")
]
FileDataset = Annotated[str | None, typer.Option(metavar="NAME", help="Which array of a file with several.")]


@app.command(rich_help_panel=FILES)
def measure(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Configurations in any known format.")],
    flow: Annotated[
        str | None, typer.Option(metavar="START:STOP:STEP", help="Gradient flow: t^2 E, charge, t0, w0; as 0:3:0.01.")
    ] = None,
    loops: Annotated[
        tuple[int, int] | None, typer.Option(metavar="R T", help="Wilson loops and the potential up to R x T.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Figures into a folder, or a png, svg or pdf file.")
    ] = None,
    index: FileIndex = None,
    shape: FileShape = None,
    group: FileGroup = None,
    layout: FileLayout = None,
    dataset: FileDataset = None,
    json: Json = False,
) -> None:
    """Observables of configuration files, with their conventions; of an ensemble with errors.

    Several files give one object with `files`, and those that could not be measured under `failed`.
    """
    from gaugeflow.tasks.measure import Flow, Loops, measure_text

    extras = [*([Flow.parse(flow)] if flow else []), *([Loops(*loops)] if loops else [])]
    given = {"shape": shape, "group": group, "layout": layout, "dataset": dataset, "select": _only(index)}
    found, failed = [], []
    for path in files:
        try:
            found.append(_measured(path, extras, plot, len(files) == 1, json, given))
        except UserError as error:
            if len(files) == 1:
                raise
            failed.append({"file": str(path), "error": str(error)})
            print(f"gaugeflow: {error}", file=sys.stderr)
        else:
            if not json:
                print(("\n" if len(found) > 1 else "") + measure_text(found[-1]), flush=True)
    if json:
        show(found[0] if len(files) == 1 else {"files": found, "failed": failed}, "", json)
    if failed:
        raise typer.Exit(2)


def _measured(
    path: Path, extras: list[Any], plot: Path | None, single: bool, quiet: bool, given: dict[str, Any]
) -> dict[str, Any]:
    """What `measure` finds in one file, and draws of it."""
    from gaugeflow.tasks.measure import collect, report

    measured = collect(path, extras=extras, quiet=quiet, **given)
    found = report(measured, extras)
    if plot is None:
        return found
    from gaugeflow.plots import plot_measured

    return {**found, "figures": [str(figure) for figure in plot_measured(plot, measured, found, single)]}


def _only(index: int | None) -> slice | None:
    return None if index is None else slice(index, index + 1)


@app.command(rich_help_panel=FILES)
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN")],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    format: Annotated[str | None, typer.Option(help="Of OUT, where its extension does not tell.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="Of the format, as precision=32.")
    ] = None,
    index: FileIndex = None,
    shape: FileShape = None,
    group: FileGroup = None,
    layout: FileLayout = None,
    dataset: FileDataset = None,
) -> None:
    """Convert a configuration between file formats; checksums are verified and written."""
    from gaugeflow.io import convert as convert_file
    from gaugeflow.runs import Source
    from gaugeflow.tasks.measure import header_text

    given = Source("{}", "--option")
    given.override(options or ())
    said: dict[str, Any] = {
        "shape": shape,
        "group": group,
        "layout": layout,
        "dataset": dataset,
        "select": _only(index),
    }
    written = convert_file(source, target, format, **said, **given.data)
    print(header_text(written))


@app.command(rich_help_panel=FILES)
def exact(
    group: Annotated[str | None, typer.Option(help="u1, su2, su3, ...")] = None,
    beta: Annotated[str | None, typer.Option(help="Coupling of S = beta sum (1 - Re tr P / N).")] = None,
    shape: Annotated[
        tuple[int, int] | None, typer.Option(metavar="X T", help="The torus; without it the infinite plane.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="Fermions on sites instead: hubbard, t_v, t_j or products, with --set.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Of the system, as lattice.shape=[8].")
    ] = None,
    sector: Annotated[
        list[str] | None, typer.Option("--sector", metavar="KEY=VALUE", help="Of the states, as momentum=[0.5].")
    ] = None,
    states: Annotated[int, typer.Option(min=1, help="How many energies of the system.")] = 1,
    dtype: Annotated[str, typer.Option(help="Precision of the diagonalisation.")] = "float64",
    json: Json = False,
) -> None:
    """The closed form of two-dimensional gauge theory, or exact diagonalisation of fermions on sites."""
    from gaugeflow.tasks.table import format_values

    if system is not None:
        from gaugeflow.tasks.vmc.sites.exact import exact_site_report

        found = exact_site_report(system, settings or (), states, dtype, sector or ())
    else:
        from gaugeflow.lattice.exact import exact_report

        if group is None or beta is None:
            raise UserError("exact: expected --group and --beta of a gauge theory, or a --system of fermions on sites")
        found = exact_report(group, shape, beta)
    show(found, format_values(found), json)
