"""The page of the command line, written from the commands themselves."""

from pathlib import Path
from typing import Any

import typer
from typer.cli import get_docs_for_click

from gaugeflow.cli import app as commands

PAGE = Path(__file__).parents[1] / "reference" / "generated" / "command-line.md"


def write(_: Any = None) -> None:
    """Writes the page if it has changed."""
    command = typer.main.get_command(commands)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="gaugeflow", title="The command line")
    PAGE.parent.mkdir(exist_ok=True)
    if not PAGE.is_file() or PAGE.read_text() != text:
        PAGE.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    """The hook of sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
