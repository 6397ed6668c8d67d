"""Pages of all keys of a configuration, a page a task, written from the JSON schema that validates them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaugeflow import tasks

PAGES = Path(__file__).parents[1] / "reference" / "generated"
Schema = dict[str, Any]

LARGEST = 1e18
"""A bound above is one of the machine and no news."""


def page(name: str, schema: Schema) -> str:
    """The page of a task: its own keys, then every section that one of them may hold."""
    parts = [f"# `task: {name}`\n\n{schema.get('description', '')}\n", _keys(schema)]
    for title, section in sorted(schema.get("$defs", {}).items(), key=lambda item: _heading(*item).lower()):
        parts.append(
            f"\n({name}-{title.lower()})=\n## {_heading(title, section)}\n\n{section.get('description', '')}\n"
        )
        parts.append(_keys(section))
    text = "\n".join(parts).replace("](#", f"](#{name}-")
    for title, section in schema.get("$defs", {}).items():
        text = text.replace(f"[{title}](", f"[{', '.join(f'`{each}`' for each in _names(section)) or _plain(title)}](")
    return text


def _heading(title: str, section: Schema) -> str:
    """A section that is chosen by its `name` goes by that."""
    return ", ".join(f"`name: {each}`" for each in _names(section)) or _plain(title)


def _plain(title: str) -> str:
    return title.removesuffix("Config").removesuffix("Section")


def _names(section: Schema) -> list[str]:
    name = section.get("properties", {}).get("name", {})
    return [name["const"]] if "const" in name else name.get("enum", [])


def _keys(section: Schema) -> str:
    rows = [*_rows(section)]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]) if rows else ""


def _rows(section: Schema) -> Iterator[str]:
    required = section.get("required", [])
    for key, entry in section.get("properties", {}).items():
        if "const" in entry:
            continue  # the heading says it
        default = "required" if key in required else _default(entry.get("default"))
        yield f"| `{key}` | {_type(entry)} | {default} | {' '.join(entry.get('description', '').split())} |"


def _default(value: Any) -> str:
    if isinstance(value, dict):
        return "its defaults"
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(entry: Schema) -> str:
    """One of: a section, constants, a list or a mapping of something, a number with its bounds, text."""
    if "$ref" in entry:
        title = entry["$ref"].rpartition("/")[2]
        return f"[{title}](#{title.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in entry:
            return " or ".join(dict.fromkeys(_type(each) for each in entry[several]))
    if "enum" in entry or "const" in entry:
        return ", ".join(f"`{each}`" for each in entry.get("enum", [entry.get("const")]))
    if entry.get("type") == "array":
        return f"list of {_type(entry.get('items', {}))}"
    if entry.get("type") == "object":
        inner = entry.get("additionalProperties")
        return f"mapping to {_type(inner) if isinstance(inner, dict) else 'anything'}"
    return f"{entry.get('type', 'anything')}{_bounds(entry)}".replace("null", "none")


def _bounds(entry: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {entry[key]:g}" for key, sign in signs.items() if key in entry and entry[key] < LARGEST]
    return f" ({', '.join(found)})" if found else ""


def write(_: Any = None) -> None:
    """Writes the pages that have changed."""
    PAGES.mkdir(exist_ok=True)
    for name in tasks.TASKS:
        path, text = PAGES / f"task-{name}.md", page(name, tasks.TASKS[name].schema.model_json_schema())
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    """The hook of sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
