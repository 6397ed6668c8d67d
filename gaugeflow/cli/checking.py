"""The command that checks symmetries."""

from pathlib import Path
from typing import Annotated

import typer

from gaugeflow.cli.app import Json, Seed, app
from gaugeflow.cli.groups import JOBS

__all__ = ["check"]


@app.command(rich_help_panel=JOBS)
def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A configuration, a run directory, a checkpoint, a shipped name, or package.module:object.",
        ),
    ],
    group: Annotated[list[str] | None, typer.Option(help="A group to check instead of the target's own.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    power: Annotated[bool, typer.Option("--power", help="Also break what holds and see the check find it.")] = False,
    trials: Annotated[int, typer.Option(min=1, help="Random group elements.")] = 32,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Check symmetries; the exit code is 0 if all hold, 1 if one is broken, 2 if it could not be checked."""
    from gaugeflow.symmetry.command import check_command
    from gaugeflow.tasks import claims_of

    code = check_command(
        target, group or (), json=json, junit=junit, power=power, trials=trials, seed=seed, resolver=claims_of
    )
    raise typer.Exit(code)
