"""The rooms of the package from the ground up: a module imports only from rooms below its own."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

import gaugeflow

ROOMS = (
    ("errors",),
    ("linalg", "random"),
    ("symmetry",),
    ("groups",),
    ("kernels",),
    ("lattice",),
    ("io",),
    ("montecarlo",),
    ("nn",),
    ("flows",),
    ("wavefunctions",),
    ("runs",),
    ("tasks",),
    ("plots",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
PACKAGE = Path(gaugeflow.__file__).parent
PRESENT = [room for room in LEVEL if (PACKAGE / room / "__init__.py").is_file()]
STANDARD_AND_TORCH = {"torch"}
"""All that `symmetry` may import besides the standard library; its pytest plugin imports pytest as well."""


def imports(path: Path, package: Path) -> list[tuple[int, str]]:
    """(line, dotted module) of every import in a file, wherever it stands, relative ones resolved."""
    parents = [package.name, *path.relative_to(package).with_suffix("").parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*stem, *([node.module] if node.module else [])])
            bare = module == package.name
            found += [(node.lineno, f"{module}.{alias.name}" if bare else module) for alias in node.names]
    return found


def violations(package: Path) -> list[str]:
    """Every import of a room above or beside the importing one, and every room that has no place in the order."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).with_suffix("").parts[0]
        if room == "__init__":
            continue
        if room not in LEVEL:
            wrong.append(f"{path.name}: the room {room} has no place in the order")
            continue
        for line, module in imports(path, package):
            root, _, rest = module.partition(".")
            other = rest.split(".")[0]
            if root == package.name and other in LEVEL and other != room and LEVEL[other] >= LEVEL[room]:
                wrong.append(f"{path.relative_to(package)}:{line}: {room} imports {other}")
    return wrong


def foreign_imports(room: Path, package: Path, allowed: set[str]) -> list[str]:
    """Imports in a room of anything but the standard library, itself and `allowed`."""
    wrong = []
    for path in sorted(room.rglob("*.py")):
        for line, module in imports(path, package):
            inside = module.startswith(f"{package.name}.{room.name}")
            root = module.split(".")[0]
            if not inside and root not in sys.stdlib_module_names and root not in allowed:
                wrong.append(f"{path.name}:{line}: {module}")
    return wrong


def test_no_module_imports_from_a_room_above_it() -> None:
    assert violations(PACKAGE) == []


def test_the_package_itself_imports_nothing() -> None:
    assert imports(PACKAGE / "__init__.py", PACKAGE) == []


def test_symmetry_needs_torch_alone() -> None:
    wrong = foreign_imports(PACKAGE / "symmetry", PACKAGE, STANDARD_AND_TORCH)
    assert [line for line in wrong if not line.endswith(": pytest")] == []


@pytest.mark.parametrize("room", PRESENT)
def test_every_public_name_of_a_room_exists_once(room: str) -> None:
    module = importlib.import_module(f"gaugeflow.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("from gaugeflow.lattice.paths import rectangle", ["groups/su.py:1: groups imports lattice"]),
        ("from gaugeflow import lattice", ["groups/su.py:1: groups imports lattice"]),
        ("import gaugeflow.runs.loop", ["groups/su.py:1: groups imports runs"]),
        ("from ..kernels import get_kernels", ["groups/su.py:1: groups imports kernels"]),
        ("def f():\n    from .. import io", ["groups/su.py:2: groups imports io"]),
        ("from gaugeflow.linalg import unitary\nfrom .registry import get_group\nimport numpy", []),
    ],
)
def test_the_checker_sees_a_violation(tmp_path: Path, statement: str, found: list[str]) -> None:
    package = tmp_path / "gaugeflow"
    (package / "groups").mkdir(parents=True)
    (package / "groups" / "su.py").write_text(statement)
    assert violations(package) == found


def test_the_checker_sees_a_room_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "gaugeflow" / "utils").mkdir(parents=True)
    (tmp_path / "gaugeflow" / "utils" / "misc.py").write_text("")
    assert violations(tmp_path / "gaugeflow") == ["misc.py: the room utils has no place in the order"]


def test_the_checker_sees_a_foreign_import_of_symmetry(tmp_path: Path) -> None:
    room = tmp_path / "gaugeflow" / "symmetry"
    room.mkdir(parents=True)
    (room / "a.py").write_text("import torch\nfrom gaugeflow.errors import UserError\nimport numpy\nimport math")
    (room / "b.py").write_text("from gaugeflow.symmetry.a import x\nfrom .a import y")
    found = foreign_imports(room, tmp_path / "gaugeflow", STANDARD_AND_TORCH)
    assert found == ["a.py:2: gaugeflow.errors", "a.py:3: numpy"]
