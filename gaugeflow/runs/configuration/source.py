"""Reading a configuration: YAML text, `--set` overrides, and where each value came from."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from gaugeflow.errors import UserError

__all__ = ["Source"]

Path_ = tuple[str | int, ...]


class Source:
    """A nested mapping and the place of every value in it, for messages: a line of the file or a `--set`.

    Attributes:
        data: the mapping.
        folder: where relative paths in it begin.
    """

    def __init__(self, text: str, name: str, folder: Path | None = None) -> None:
        """Parses YAML; `folder` is by default where one stands.

        Raises UserError for broken YAML, a key given twice, or a top level that is no mapping.
        """
        self.name = name
        self.folder = Path.cwd() if folder is None else folder.absolute()
        self._typed: set[str] = set()
        self._overrides: dict[Path_, str] = {}
        self._tree = _parse(text, name)
        if not isinstance(self._tree, yaml.MappingNode):
            raise UserError(
                f"{name}: expected a mapping of keys to values (`task: chain` and so on), came {text[:40]!r}"
            )
        _refuse_duplicates(self._tree, name)
        self.data: dict[str, Any] = yaml.safe_load(text)

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Reads a file. Raises UserError if it is not there or is not text."""
        try:
            return cls(path.read_text(encoding="utf-8"), str(path), path.parent)
        except FileNotFoundError as error:
            raise UserError(f"expected a configuration file, found none at {path}") from error
        except IsADirectoryError as error:
            raise UserError(f"{path}: expected a configuration file, found a directory") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: expected YAML text, found a binary file ({error.reason})") from error

    def override(self, assignments: Sequence[str]) -> None:
        """Applies `a.b=value` texts in turn; the value is YAML, an index into a list is a number (`list.0.r=2`)."""
        for text in assignments:
            key, equals, value = text.partition("=")
            if not equals or not all(key.split(".")):
                raise UserError(f"--set {text!r}: expected key=value with dots between the keys, as in action.beta=6.0")
            found = _value(text, value)
            self._typed.update(_texts(found))
            self._assign(text, tuple(key.split(".")), found)

    def absolute(self, path: str) -> str:
        """A path of the file begins in its folder, one of a `--set` where one stands."""
        return os.path.normpath((Path.cwd() if path in self._typed else self.folder) / path)

    def place(self, path: Path_) -> str:
        """Where the value at `path` was given: "file, line 3" or "--set a.b=c"."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._overrides:
                return f"--set {self._overrides[path[:end]]}"
        return f"{self.name}, line {_line(self._tree, path)}"

    def _assign(self, text: str, keys: tuple[str, ...], value: Any) -> None:
        place: Any = self.data
        walked: list[str | int] = []
        for key in keys[:-1]:
            step = _index(place, key, text)
            walked.append(step)
            if isinstance(place, dict) and place.get(step) is None:
                place[step] = {}
            place = place[step]
        last = _index(place, keys[-1], text)
        place[last] = value
        self._overrides[(*walked, last)] = text


def _parse(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UserError(f"{name}: expected YAML, came text that cannot be parsed: {_one_line(error)}") from error


def _value(text: str, value: str) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UserError(f"--set {text!r}: the value is not YAML: {_one_line(error)}") from error


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _index(place: Any, key: str, text: str) -> str | int:
    if isinstance(place, dict):
        return key
    if isinstance(place, list):
        if key.isdecimal() and int(key) < len(place):
            return int(key)
        raise UserError(f"--set {text}: expected an index below {len(place)} into the list, came {key!r}")
    raise UserError(f"--set {text}: {key!r} is sought inside {place!r}, which holds no keys")


def _refuse_duplicates(node: yaml.Node, name: str) -> None:
    """PyYAML keeps the last of two equal keys and says nothing."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise UserError(f"{name}, line {key.start_mark.line + 1}: the key {key.value!r} is given twice")
            seen.add(key.value)
            _refuse_duplicates(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_duplicates(value, name)


def _line(node: yaml.Node | None, path: Path_) -> int:
    """The line of the deepest key of `path` that the file has."""
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = [(node.value[step], node.value[step])]
        else:
            found = []
        if not found:
            break
        key, node = found[0]
        line = key.start_mark.line + 1
    return line


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())
