"""Commands for a start: what is shipped, a copy of it, the schema of a configuration, the state of the machine."""

from pathlib import Path
from typing import Annotated

import typer

from gaugeflow.cli.app import Json, app, show
from gaugeflow.cli.groups import START
from gaugeflow.errors import UserError

__all__ = ["doctor", "list_shipped", "new", "schema"]

LONGEST = 80
"""Characters of a description that `list` shows."""


@app.command("list", rich_help_panel=START)
def list_shipped(json: Json = False) -> None:
    """The configurations and trained runs that come with the package, a line each."""
    from dataclasses import asdict

    from gaugeflow.runs.opening.shipped import shipped

    found = shipped()
    parts = []
    for kind in ("configuration", "trained run"):
        lines = [_line(entry.name, entry.minutes, entry.size, entry.about) for entry in found if entry.kind == kind]
        parts.append("\n".join([f"{kind}s, minutes on 2 cores", *lines, ""]))
    hint = "gaugeflow run NAME, gaugeflow new NAME my.yaml; gaugeflow report|sample|plot|check NAME of a trained run"
    show({"shipped": [{**asdict(entry), "path": str(entry.path)} for entry in found]}, "\n".join([*parts, hint]), json)


def _line(name: str, minutes: float | None, size: str, about: str) -> str:
    shown = about if len(about) <= LONGEST else f"{about[: LONGEST - 3]}..."
    return f"  {name:30} {'-' if minutes is None else f'{minutes:.3g}':>5}  {size:18} {shown}"


@app.command(rich_help_panel=START)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped configuration, see `gaugeflow list`.")],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="By default NAME.yaml.")] = None,
) -> None:
    """Copy a shipped configuration, comments and all, as a start of one's own."""
    from gaugeflow.runs.opening.shipped import configuration_at

    source, target = configuration_at(name), file or Path(f"{name}.yaml")
    try:
        with target.open("x", encoding="utf-8") as copy:
            copy.write(source.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise UserError(f"{target}: expected a new file, found one") from error
    print(target)


@app.command(rich_help_panel=START)
def schema(task: Annotated[str, typer.Argument(metavar="TASK", help="chain, dmc, flow, regression, vmc.")]) -> None:
    """The JSON schema of a task's configuration, by which editors complete and check YAML."""
    from gaugeflow.runs.configuration.nearest import nearest
    from gaugeflow.tasks.registry import TASKS

    if task not in TASKS:
        raise UserError(f"task: {nearest(task, TASKS)}")
    show(TASKS[task].schema.model_json_schema(), "", json=True)


@app.command(rich_help_panel=START)
def doctor(json: Json = False) -> None:
    """Versions, threads, kernels and devices of this machine, and a self-check of ten seconds."""
    from gaugeflow.tasks.doctor import examine, examined_text

    found = examine()
    show(found, examined_text(found), json)
    if not found["healthy"]:
        raise typer.Exit(1)
