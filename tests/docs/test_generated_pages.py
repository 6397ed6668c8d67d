"""The pages that are written from the code hold all of it."""

import re
from pathlib import Path

import pytest
import typer

from gaugeflow.cli import app
from gaugeflow.tasks.registry import TASKS
from tests.docs.extensions import extension
from tests.docs.test_configuration_keys import sections
from tests.places import ROOT


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_page_of_keys_has_every_key_with_a_meaning(task: str) -> None:
    schema = TASKS[task].schema.model_json_schema()
    page = extension("configuration_keys").page(task, schema)
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    keys = [
        key
        for _, section in sections(schema)
        for key, entry in section.get("properties", {}).items()
        if "const" not in entry
    ]
    assert sorted(row[0].strip("`") for row in rows) == sorted(keys)
    assert [row for row in rows if len(row) < 4 or not row[3].strip()] == []


@pytest.mark.parametrize("task", sorted(TASKS))
def test_sections_are_linked_where_they_stand(task: str) -> None:
    page = extension("configuration_keys").page(task, TASKS[task].schema.model_json_schema())
    places = set(re.findall(r"^\((\S+)\)=$", page, re.M))
    assert set(re.findall(r"\]\(#(\S+)\)", page)) == places


def test_the_page_of_the_command_line_has_every_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = extension("command_line")
    monkeypatch.setattr(module, "PAGE", tmp_path / "generated" / "command-line.md")
    module.write()
    text = module.PAGE.read_text()
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert [name for name in commands if f"## `gaugeflow {name}`" not in text] == []


def test_the_commands_of_the_start_page_are_found() -> None:
    found = extension("start_page").commands()
    assert [command.split()[1] for command in found] == ["run", "plot", "resume", "exact"]
    page = (ROOT / "docs" / "start.md").read_text()
    assert {int(number) for number in re.findall(r"_build/start/(\d+)\.txt", page)} <= {*range(1, len(found) + 1)}
