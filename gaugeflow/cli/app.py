"""The application to which every command is added, the options that several share, and how results are shown."""

import sys
from typing import Annotated, Any, NoReturn

import typer

from gaugeflow import __version__
from gaugeflow.cli.groups import JobGroup

__all__ = ["Device", "Json", "Overrides", "RunName", "Seed", "app", "fail", "show"]

app = typer.Typer(
    name="gaugeflow",
    cls=JobGroup,
    help="Sample lattice gauge fields and fermion wavefunctions; measure files; check symmetries.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a value, as in action.beta=6.")
]
Device = Annotated[
    str | None, typer.Option(metavar="NAME", help="Compute on this device (cpu, cuda, cuda:1), not on the run's own.")
]
RunName = Annotated[str, typer.Argument(metavar="DIR", help="A run directory, or the name of a shipped run.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the new samples.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gaugeflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def show(found: dict[str, Any], text: str, json: bool) -> None:
    """A result as one JSON object, or as text."""
    from gaugeflow.runs.plain import json_text

    sys.stdout.write(json_text(found) if json else f"{text.rstrip()}\n")


def fail(message: str, exit_code: int) -> NoReturn:
    """Ends the program with one line on standard error."""
    print(f"gaugeflow: {message}", file=sys.stderr)
    raise SystemExit(exit_code)
