"""What a document tells its reader to type, run as it stands but for how often things are done.

Any Markdown file serves. A test lays out a `checkout` to type in, makes all counts `few`, and runs the blocks.
"""

import re
import shlex
import shutil
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
import torch

from gaugeflow.cli import main
from gaugeflow.groups import get_group
from gaugeflow.io import FORMATS, write
from gaugeflow.lattice.fields import hot_start
from gaugeflow.montecarlo.moves import MOVES
from gaugeflow.runs import RunConfig, Section
from gaugeflow.symmetry import GROUPS
from gaugeflow.symmetry.actions.groups import _ACTIONS
from gaugeflow.symmetry.algebra.directions.generated import _ALGEBRAS
from tests.places import CONFIGS

S = TypeVar("S", bound=Section)

COUNTS = {
    "warmup": 5,
    "measurements": 5,
    "iterations": 5,
    "evaluation": 5,
    "examination": 2,
    "density.sets": 2,
    "nodal_exchanges": 5,
    "walkers.count": 16,
    "walkers.steps": 2,
    "pretraining.steps": 5,
    "model.samples": 64,
    "model.newton_samples": 64,
    "model.iterations": 2,
    "training.steps": 2,
    "training.batch": 8,
    "training.iterations": 10,
    "training.attempts": 1,
    "baseline.updates": 10,
    "fields.sweeps": 2,
    "report.samples": 100,
    "report.chunk": 50,
    "report.reference.warmup": 5,
    "report.reference.measurements": 5,
}
"""The least that is done in a run, for each key of a configuration that says how often."""

MODULE = """
import torch
from gaugeflow.lattice import hot_start, plaquette
from gaugeflow.groups import get_group

network = plaquette

def example_links():
    return hot_start(get_group("su2"), (4, 4), torch.Generator().manual_seed(1))

def object():
    return network, example_links(), "gauge: links -> scalars"
"""


def checkout(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `path` a folder with the shipped configurations, two files of a user's own, and a module; goes there."""
    shutil.copytree(CONFIGS, path / "configs")
    links = hot_start(get_group("su3"), (4, 4, 4, 4), torch.Generator().manual_seed(20261120))
    for name in ("conf.lime", "other.nersc"):
        write(path / name, links)
    (path / "package").mkdir()
    (path / "package" / "module.py").write_text(MODULE)
    monkeypatch.chdir(path)
    monkeypatch.syspath_prepend(path)


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configuration and every checkpoint that is read from now on counts less far."""

    def validate(cls: type[RunConfig], data: Any, **options: Any) -> RunConfig:
        return shortened(Section.model_validate.__func__(cls, data, **options))

    monkeypatch.setattr(RunConfig, "model_validate", classmethod(validate))


def shortened(section: S, prefix: str = "") -> S:
    """The same with fewer of everything that `COUNTS` names."""
    changes: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            changes[name] = shortened(value, f"{prefix}{name}.")
        elif isinstance(value, int) and prefix + name in COUNTS:
            changes[name] = fewer(value, COUNTS[prefix + name])
    return section.model_copy(update=changes)


def fewer(count: int, least: int) -> int:
    """A four-hundredth, within a factor of four of `least`; what is left stays when it is read again."""
    return count if count <= 4 * least else min(4 * least, max(least, count // 400))


@contextmanager
def registries_restored() -> Iterator[None]:
    """What is registered inside is gone afterwards, so that no other test of the process meets it.

    What modules of the package register when a page first imports them stays, as they are imported once.
    """
    tables: tuple[MutableMapping[Any, Any], ...] = (FORMATS, MOVES, GROUPS, _ACTIONS, _ALGEBRAS)
    before = [set(table) for table in tables]
    try:
        yield
    finally:
        for table, names in zip(tables, before, strict=True):
            for name in set(table) - names:
                if not _of_the_package(name):
                    del table[name]


def _of_the_package(key: Any) -> bool:
    """Whether a key is of types that the package defines; a name is anybody's."""
    kinds = key if isinstance(key, tuple) else (key,)
    return all(isinstance(kind, type) and kind.__module__.startswith("gaugeflow.") for kind in kinds)


class Document:
    """A Markdown text."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(path.read_text(encoding="utf-8"))

    def blocks(self, *languages: str) -> list[str]:
        """The contents of all fenced blocks of the languages."""
        return re.findall(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)

    def typed(self, program: str) -> list[str]:
        """The lines of the shell blocks that call a program, without comments; a backslash continues a line."""
        lines = [line for block in self.blocks("sh", "bash") for line in block.replace("\\\n", " ").splitlines()]
        return [line.partition(" #")[0].strip() for line in lines if line.split(" ")[0] == program]

    def run_commands(self, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
        """Runs every `gaugeflow` line in this process, in turn; the lines that fail, with what they say."""
        failed = []
        for line in self.typed("gaugeflow"):
            try:
                main(_fewer_in_command(shlex.split(line)[1:]))
            except SystemExit as stop:
                if stop.code not in (0, None):
                    failed.append((line, capsys.readouterr().err))
        return failed

    def run_python(self) -> dict[str, Any]:
        """Runs every block of Python, in turn, in one namespace, which it returns."""
        namespace: dict[str, Any] = {}
        with registries_restored():
            for block in self.blocks("python"):
                exec(compile(_fewer_in_python(block), "a block of Python", "exec"), namespace)
        return namespace


def _fewer_in_command(arguments: list[str]) -> list[str]:
    """At most ten samples, and four trials of a symmetry, of which the command alone makes 32."""
    for place, option in enumerate(arguments):
        if option in ("-n", "--trials"):
            arguments[place + 1] = str(min(int(arguments[place + 1]), 10))
    checks = arguments[0] == "check" and "--trials" not in arguments
    return [*arguments, "--trials", "4"] if checks else arguments


def _fewer_in_python(block: str) -> str:
    """Whole numbers of three digits and more say how often; a quarter of that is enough."""
    return re.sub(r"(?<![\w.])\d{3,}(?![\w.])", lambda found: str(int(found[0]) // 4), block)
