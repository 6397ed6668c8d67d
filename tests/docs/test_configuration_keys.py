"""Every key of a configuration has a meaning, in the schema and so on the pages that are written from it."""

from collections.abc import Iterator
from typing import Any

import pytest

from gaugeflow.tasks import TASKS


def sections(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "the task", schema
    yield from schema.get("$defs", {}).items()


def without_meaning(schema: dict[str, Any]) -> list[str]:
    """Keys without a description; a key of one possible value, as `name: wilson`, needs none."""
    return [
        f"{title}.{key}"
        for title, section in sections(schema)
        for key, entry in section.get("properties", {}).items()
        if not entry.get("description") and "const" not in entry
    ]


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_key_has_a_meaning(task: str) -> None:
    assert without_meaning(TASKS[task].schema.model_json_schema()) == []


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_section_says_what_it_is(task: str) -> None:
    found = sections(TASKS[task].schema.model_json_schema())
    assert [title for title, section in found if not section.get("description")] == []


def test_a_key_without_meaning_is_found() -> None:
    properties = {"a": {"type": "number"}, "b": {"description": "Yes."}, "name": {"const": "x"}}
    assert without_meaning({"properties": properties}) == ["the task.a"]
