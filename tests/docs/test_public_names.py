"""Every public name says what it is, and shapes where tensors go."""

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.extensions import extension

ROOMS = ["errors", "random", *extension("rooms").ROOMS]

SHAPE = re.compile(r"\((\.\.\.|\*?\w+( [-+*/] \w+)?),([^(),]{1,24}(,|(?=\))))*\)|\(\.\.\.\)|\bshapes?\b")
"""`(batch,)`, `(batch, *shape, N, N)`, `(..., n)`, or the word."""


def public(room: str) -> list[tuple[str, Any]]:
    module = importlib.import_module(f"gaugeflow.{room}")
    return [(name, getattr(module, name)) for name in module.__all__]


def text_of(thing: Any) -> str:
    """A docstring of its own: not what a constant has from its type, not what pydantic and dataclasses make."""
    text = inspect.getdoc(thing) or ""
    return "" if text == type(thing).__doc__ or text.startswith(f"{getattr(thing, '__name__', '')}(") else text


def takes_tensors(function: Any) -> bool:
    return "Tensor" in str(inspect.signature(function))


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public functions that the class itself defines, and `__call__`."""
    for name, member in vars(kind).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if inspect.isfunction(function) and (not name.startswith("_") or name == "__call__"):
            yield name, function


def without_shape(name: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        whole = " ".join(kind.__doc__ or "" for kind in thing.__mro__ if kind.__module__.startswith("gaugeflow"))
        for method, function in methods(thing):
            told = f"{whole} {inspect.getdoc(getattr(thing, method)) or ''}"
            if takes_tensors(function) and not SHAPE.search(told):
                yield f"{name}.{method}"
    elif inspect.isfunction(thing) and takes_tensors(thing) and not SHAPE.search(text_of(thing)):
        yield name


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_a_docstring(room: str) -> None:
    assert [name for name, thing in public(room) if callable(thing) and not text_of(thing)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_give_shapes_where_tensors_go(room: str) -> None:
    assert [missing for name, thing in public(room) for missing in without_shape(name, thing)] == []


def test_what_has_no_docstring_or_shape_is_found() -> None:
    import torch

    def bare(x: torch.Tensor) -> torch.Tensor:
        """Twice as much (in units of x)."""
        return 2 * x

    class Bare:
        def moved(self, x: torch.Tensor) -> torch.Tensor:
            return x

    assert [text_of(thing) for thing in (Bare, 3.0)] == ["", ""]
    assert [*without_shape("bare", bare), *without_shape("Bare", Bare)] == ["bare", "Bare.moved"]


SUBSTITUTION = re.compile(r"(?<![\w|)])\|[^|`\s][^|`\n]*\|(?!\|)")
"""`|x|` outside of literals: Sphinx takes it for a name to replace."""


def texts(name: str, thing: Any) -> Iterator[tuple[str, str]]:
    yield name, inspect.getdoc(thing) or ""
    if inspect.isclass(thing):
        yield from ((f"{name}.{method}", inspect.getdoc(getattr(thing, method)) or "") for method, _ in methods(thing))


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_hold_nothing_that_the_documentation_replaces(room: str) -> None:
    prose = [
        (where, re.sub(r"``.*?``|`[^`]*`|^    .*$|>>>.*", "", text, flags=re.DOTALL | re.MULTILINE))
        for name, thing in public(room)
        for where, text in texts(name, thing)
    ]
    assert [where for where, text in prose if SUBSTITUTION.search(text)] == []
