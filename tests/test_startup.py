"""What a command loads: a question that needs no fields is answered without torch, and a look at a file costs no more.

Rooms load their names when they are first used: `__init__.pyi` says where each stands, for readers, types and the
import alike.
"""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer

import gaugeflow
from gaugeflow.cli import app
from gaugeflow.groups import get_group
from gaugeflow.io import write
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice import hot_start
from tests.places import TRAINED

PACKAGE = Path(gaugeflow.__file__).parent
STUBS = {str(stub.parent.relative_to(PACKAGE)): stub for stub in sorted(PACKAGE.rglob("__init__.pyi"))}
SUBCOMMANDS = sorted(typer.main.get_command(app).commands)
HEAVY = ("torch", "numba", "scipy", "matplotlib", "h5py", "pyerrors", "normflows", "pyscf")

PROGRAM = """
import contextlib, io, json, sys
from gaugeflow.cli import main

heavy, loaded = sys.argv[1].split(), []
for arguments in json.loads(sys.argv[2]):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            main(arguments)
        except SystemExit as stop:
            assert not stop.code, arguments
    assert printed.getvalue(), arguments
    loaded.append([name for name in heavy if name in sys.modules])
print(json.dumps(loaded))
"""
"""Runs command lines one after another in one process; prints what of the heavy modules is there after each."""


def loaded_by(*commands: list[str]) -> dict[str, list[str]]:
    """The heavy modules that are there after each of the commands."""
    program = [sys.executable, "-c", PROGRAM, " ".join(HEAVY), json.dumps(commands)]
    answer = subprocess.run(program, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return dict(zip(map(" ".join, commands), json.loads(answer.stdout), strict=True))


def names_of(stub: Path) -> dict[str, str]:
    """The module, relative to the room, that each name of a stub is imported from."""
    statements = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in statements for alias in node.names}


def test_what_needs_no_fields_loads_no_torch() -> None:
    helps = [[name, "--help"] for name in SUBCOMMANDS]
    exact = ["exact", "--group", "u1", "--shape", "4", "4", "--beta", "2"]
    loaded = loaded_by(["--version"], ["--help"], *helps, exact, [*exact, "--json"])
    assert {command: names for command, names in loaded.items() if names} == {}


def test_a_look_at_a_small_file_loads_no_compiler(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "field.nersc"
    write(path, hot_start(get_group("su3"), (4, 4, 4, 4), generator))
    measure = ["measure", str(path)]
    report = ["report", str(TRAINED / "he")]
    assert loaded_by(measure, report) == {" ".join(measure): ["torch"], " ".join(report): ["torch", "h5py"]}


def test_a_look_at_a_large_field_is_worth_a_compiler() -> None:
    assert light_backend(torch.empty(1, 4, 4, 4, 4, 4, 3, 3, device="meta")) == "torch"
    assert light_backend(torch.empty(1, 4, 16, 16, 16, 16, 3, 3, device="meta")) == "auto"


@pytest.mark.parametrize("room", STUBS)
def test_a_room_loads_its_names_from_where_its_stub_says(room: str) -> None:
    module = importlib.import_module(f"gaugeflow.{room.replace('/', '.')}")
    homes = {name: importlib.import_module(f".{home}", module.__name__) for name, home in names_of(STUBS[room]).items()}
    for name in homes:
        if namesake := sys.modules.get(f"{module.__name__}.{name}"):
            setattr(module, name, namesake)  # as python does when it first imports a module `ranks` beside `ranks()`
    assert {name for name, home in homes.items() if getattr(module, name) is not getattr(home, name)} == set()
    assert sorted(module.__all__) == sorted(homes)
