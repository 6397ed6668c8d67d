"""The command that checks symmetries."""

from pathlib import Path
from typing import Annotated, Any

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
    ] = "",
    group: Annotated[list[str] | None, typer.Option(help="A group to check instead of the target's own.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    power: Annotated[bool, typer.Option("--power", help="Also break what holds and see the check find it.")] = False,
    discover: Annotated[
        bool, typer.Option("--discover", help="Print which symmetries it has, claimed or not, instead of a check.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Print by how much symmetries fail, in numbers instead of a verdict.")
    ] = False,
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
        discover=discover,
        measure=measure,
        save=save,
        replay=replay,
        trials=trials,
        seed=seed,
        tolerance=tolerance,
        batch_dependent=batch_dependent,
        resolver=_claims_of,
    )
    raise typer.Exit(code)


def _claims_of(target: str) -> list[Any]:
    """The claims of a configuration or a run; a target in Python does not need the rooms that know these."""
    from gaugeflow.tasks import claims_of

    return claims_of(target)
