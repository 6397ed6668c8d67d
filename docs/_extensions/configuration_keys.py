"""Pages of all keys of a configuration, a page a task, written from the JSON schema that validates them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaugeflow import tasks

PAGES = Path(__file__).parents[1] / "reference" / "generated"
Schema = dict[str, Any]


def page(name: str, schema: Schema) -> str:
    """The page of a task: its own keys, then every section that one of them may hold."""
    parts = [f"# `task: {name}`\n\n{schema.get('description', '')}\n", _keys(schema)]
    for title, section in sorted(schema.get("$defs", {}).items()):
        parts.append(
            f"\n({name}-{title.lower()})=\n## {_heading(title, section)}\n\n{section.get('description', '')}\n"
        )
        parts.append(_keys(section))
    return "\n".join(parts).replace("](#", f"](#{name}-")


def _heading(title: str, section: Schema) -> str:
    """A section that is chosen by its `name` goes by that."""
    name = section.get("properties", {}).get("name", {})
    names = [name["const"]] if "const" in name else name.get("enum", [])
    return ", ".join(f"`name: {each}`" for each in names) or title


def _keys(section: Schema) -> str:
    rows = [*_rows(section)]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]) if rows else ""


def _rows(section: Schema) -> Iterator[str]:
    required = section.get("required", [])
    for key, entry in section.get("properties", {}).items():
        default = "required" if key in required else _default(entry.get("default"))
        yield f"| `{key}` | {_type(entry)} | {default} | {' '.join(entry.get('description', '').split())} |"


def _default(value: Any) -> str:
    return "none" if value is None else f"`{value}`"


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
        return f"mapping to {_type(entry.get('additionalProperties', {}))}"
    return f"{entry.get('type', 'anything')}{_bounds(entry)}".replace("null", "none")


def _bounds(entry: Schema) -> str:
    signs = {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "gt": ">",
        "ge": "≥",
        "maximum": "≤",
        "exclusiveMaximum": "<",
        "lt": "<",
    }
    found = [f"{sign} {entry[key]:g}" for key, sign in signs.items() if key in entry]
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
