"""Help that lists the commands by the job that they do."""

from typing import Any

from typer.core import TyperGroup

__all__ = ["FILES", "JOBS", "RUNS", "START", "JobGroup"]

START, RUNS, FILES, JOBS = "Start", "Runs", "Files and exact numbers", "Symmetry"
"""Headings, in the order of the help."""


class JobGroup(TyperGroup):
    """A command belongs to the heading that is its `rich_help_panel`."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes a section for each heading."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        for heading in (START, RUNS, FILES, JOBS):
            rows = [
                (name, command.get_short_help_str(width))
                for name, command in commands
                if command is not None and getattr(command, "rich_help_panel", None) == heading
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)
