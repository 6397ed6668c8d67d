"""From a configuration's source to a checked section, or one message about everything that is wrong with it."""

from typing import Any, TypeVar

from pydantic import ValidationError

from gaugeflow.errors import UserError
from gaugeflow.runs.configuration.nearest import nearest
from gaugeflow.runs.configuration.schema import Section
from gaugeflow.runs.configuration.source import Source

__all__ = ["validate"]

S = TypeVar("S", bound=Section)

EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "string_type": "text",
    "finite_number": "a finite number",
}


def validate(section: type[S], source: Source) -> S:
    """Checks the whole configuration. Raises UserError naming, for each mistake, what was expected, came, and where."""
    try:
        return section.model_validate(source.data, context={"absolute": source.absolute})
    except ValidationError as error:
        mistakes = list(dict.fromkeys(_sentence(dict(mistake), source) for mistake in error.errors()))
        if len(mistakes) == 1:
            raise UserError(mistakes[0]) from error
        lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
        raise UserError(f"{source.name}: {len(mistakes)} mistakes\n{lines}") from error


def _sentence(mistake: dict[str, Any], source: Source) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    path = _path(mistake["loc"], source.data, kind == "missing")
    where = source.place((*path, context["keys"][0]) if kind == "unknown_key" else path)
    key = ".".join(map(str, path))
    at = f"{where}: {key}: " if key else f"{where}: "
    if kind == "unknown_key":
        return f"{at}{context['hints']}"
    if kind == "missing":
        return f"{at}a value is required here, none came"
    if kind == "union_tag_not_found":
        return f"{at}expected a mapping with a {context['discriminator']}, came {_shown(mistake['input'])}"
    if kind == "union_tag_invalid":
        known = [name.strip().strip("'") for name in context["expected_tags"].split(",")]
        return f"{at}{context['discriminator'].strip(chr(39))}: {nearest(context['tag'], known)}"
    if kind == "literal_error":
        return f"{at}expected {context['expected']}, came {_shown(mistake['input'])}"
    if kind in EXPECTED:
        return f"{at}expected {EXPECTED[kind]}, came {_shown(mistake['input'])}{_hint(kind, mistake['input'])}"
    message = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{at}expected {message}, came {_shown(mistake['input'])}" if _is_bound(kind) else f"{at}{message}"


def _path(location: tuple[str | int, ...], data: Any, missing: bool) -> tuple[str | int, ...]:
    """The keys a user wrote (and the missing one): pydantic puts the names of alternatives between them."""
    path: list[str | int] = []
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(data, dict) and (step in data or (missing and last)):
            path.append(step)
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            path.append(step)
            data = data[step] if step < len(data) else None
    return tuple(path)


def _is_bound(kind: str) -> bool:
    return kind.startswith(("greater_than", "less_than"))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    kind = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a mapping"}
    text = repr(value)
    return f"{text if len(text) < 80 else text[:77] + '...'} ({kind.get(type(value), type(value).__name__)})"


def _hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, bool):
        return "; YAML reads yes, no, on and off as true and false: put the text in quotes"
    if kind in ("int_type", "float_type") and isinstance(value, str):
        return "; YAML takes this for text: write the number plainly, without quotes"
    return ""
