"""Commands on configuration files, and closed forms."""

from pathlib import Path
from typing import Annotated

import typer

from gaugeflow.cli.app import Json, app, show
from gaugeflow.cli.groups import FILES

__all__ = ["convert", "exact", "measure"]

FileGroup = Annotated[str | None, typer.Option(help="su2, su3, ..., where the file does not say.")]
FileShape = Annotated[
    tuple[int, int, int, int] | None, typer.Option(metavar="X Y Z T", help="Extents, where the file does not say.")
]


@app.command(rich_help_panel=FILES)
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
    show(found[0] if len(found) == 1 else {"files": found}, "\n\n".join(map(measure_text, found)), json)


@app.command(rich_help_panel=FILES)
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


@app.command(rich_help_panel=FILES)
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
    show(found, format_values(found), json)
