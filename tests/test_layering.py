"""The house: floors between rooms, the order of sub-rooms inside a room, no circles, folders of a readable size."""

import ast
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gaugeflow

ROOMS = (
    ("errors", "late"),
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
    ("__main__",),
)
"""Rooms from the ground up: a module imports only from rooms below its own."""

INSIDE: dict[str, tuple[tuple[str, ...], ...]] = {
    "symmetry": (
        ("algebra.o3",),
        ("actions",),
        ("reports",),
        ("checks.trials",),
        ("checks.layers",),
        ("checks",),
        ("checks.systems",),
        ("algebra.directions",),
        ("algebra",),
        ("routes.values",),
        ("routes.choices",),
        ("routes",),
        ("claims", "asserts"),
        ("targets", "breakers", "examples", "discovering"),
        ("command",),
        ("pytest_plugin",),
    ),
    "kernels": (
        ("tables",),
        ("interface", "colouring", "tapes"),
        ("polynomials",),
        ("torch",),
        ("numba.simd",),
        ("numba", "triton"),
        ("select",),
    ),
    "lattice": (("exact",), ("refinement",), (".",), ("profiles",)),
    "io": (
        ("packed", "shapes"),
        ("atomic", "checksums", "configuration", "layout", "membership", "options", "source"),
        ("format",),
        ("arrays",),
        ("bridge", "milc", "nersc", "openqcd", "lime", "hdf5"),
        ("registry",),
        ("api",),
    ),
    "montecarlo": ((".",), ("exact",)),
    "nn": (
        ("theory",),
        ("channels",),
        ("weight", "invariants"),
        ("sums",),
        ("layer",),
        ("initial",),
        ("layers",),
        (".",),
    ),
    "flows": (
        ("galerkin", "statistics", "bases", "integrated"),
        ("flow",),
        ("losses", "symmetrized", "transformed", "proposals"),
        ("natural", "coupling"),
        ("scalar", "continuous", "refinement", "nonequilibrium"),
    ),
    "wavefunctions": (
        ("particles", "lengths", "point_groups"),
        ("hamiltonian", "wavefunction"),
        ("backbones",),
        ("factors",),
        ("systems",),
        ("ansatz",),
        ("matrices", "occupation"),
        ("laplacian",),
        ("optimizers", "diffusion"),
        ("analysis",),
    ),
    "runs": (("configuration",), (".",), ("opening",)),
    "tasks": (
        ("registry", "keys", "objects", "scales", "table", "estimates", "paths"),
        ("actions", "samplers", "observables"),
        ("exact", "claims", "measure", "doctor"),
        ("flow.models",),
        ("flow.base", "flow.transfer"),
        ("flow.between",),
        ("chain", "flow", "regression", "vmc"),
        ("dmc",),
    ),
    "plots": ((".",), ("flow", "vmc")),
}
"""Sub-rooms (folders, or single files) of each room from the ground up; `.` stands for all files that are not named.

A module imports from its own sub-room and from those below it, not from one beside it.
"""

LATE = {
    "runs/opening/opened.py": "the task of a run that is opened by its path, and its figures",
    "symmetry/__init__.py": "public names are loaded when they are first used",
    "symmetry/reports/case.py": "the groups and values of a saved case",
    "symmetry/targets.py": "the target that a user names",
    "late.py": "the table that the next three make",
    "io/registry.py": "file formats by name",
    "tasks/registry.py": "tasks by name",
    "plots/run.py": "figures by the name of the task",
    "wavefunctions/occupation/__init__.py": "public names are loaded when they are first used",
}
"""Files that import modules by name while the program runs, where no test can follow."""

MOST_FILES = 16
PACKAGE = Path(gaugeflow.__file__).parent
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
PRESENT = [room for room in LEVEL if (PACKAGE / room / "__init__.py").is_file()]
STANDARD_AND_TORCH = {"torch"}
"""All that `symmetry` may import besides the standard library; its pytest plugin imports pytest as well."""

Import = tuple[int, str]


def sources(package: Path) -> list[Path]:
    return sorted(path for ending in ("py", "pyi") for path in package.rglob(f"*.{ending}"))


def dotted(path: Path, package: Path) -> str:
    """The name under which a file is imported."""
    parts = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path, package: Path) -> list[Import]:
    """(line, module) of every import in a file, wherever it stands, relative ones resolved."""
    inside = dotted(path, package).split(".")
    parents = inside if path.stem == "__init__" else inside[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*stem, *([node.module] if node.module else [])])
            found += [(node.lineno, _named(f"{module}.{alias.name}", module, package)) for alias in node.names]
    return sorted(set(found))


def _named(longer: str, module: str, package: Path) -> str:
    """`from a import b` names the module a.b where there is one."""
    at = package.joinpath(*longer.split(".")[1:])
    bare = module == package.name
    return longer if bare or at.with_suffix(".py").is_file() or (at / "__init__.py").is_file() else module


def own_imports(package: Path) -> Iterator[tuple[Path, int, str]]:
    """(file, line, module) of every import of the package's own modules."""
    for path in sources(package):
        for line, module in imports(path, package):
            if module.split(".")[0] == package.name:
                yield path, line, module


def upward(package: Path) -> list[str]:
    """Every import of a room above or beside the importing one, and every room that has no place in the order."""
    rooms = {path.relative_to(package).with_suffix("").parts[0] for path in sources(package)} - {"__init__"}
    wrong = [f"the room {room} has no place in the order" for room in sorted(rooms - LEVEL.keys())]
    for path, line, module in own_imports(package):
        room, other = path.relative_to(package).with_suffix("").parts[0], module.split(".")[1:2]
        if room in LEVEL and other and other[0] in LEVEL and other[0] != room and LEVEL[other[0]] >= LEVEL[room]:
            wrong.append(f"{path.relative_to(package)}:{line}: {room} imports {other[0]}")
    return wrong


def sub_room(module: str) -> tuple[int, str] | None:
    """(floor, name) of the sub-room of a module inside its room; None where the table has none for it."""
    room, _, rest = module.partition(".")[2].partition(".")
    floors = {name: floor for floor, names in enumerate(INSIDE.get(room, ())) for name in names}
    parts = rest.split(".")
    named = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    name = next((name for name in named if name in floors), "." if "." in floors else None)
    return None if name is None or not rest else (floors[name], name)


def upward_inside(package: Path) -> list[str]:
    """Every import of a sub-room above or beside the importing one, and every file without a place in the order."""
    wrong = []
    for path in sources(package):
        room, module = path.relative_to(package).parts[0], dotted(path, package)
        if room in INSIDE and module.count(".") > 1 and sub_room(module) is None:
            wrong.append(f"{path.relative_to(package)}: no place in the order of {room}")
    for path, line, module in own_imports(package):
        importer = dotted(path, package)
        here, there = sub_room(importer), sub_room(module)  # none for the room itself, a list of public names
        same_room = importer.split(".")[1:2] == module.split(".")[1:2]
        if same_room and here and there and here[1] != there[1] and there[0] >= here[0]:
            wrong.append(f"{path.relative_to(package)}:{line}: {here[1]} imports {there[1]}")
    return wrong


def circles(package: Path) -> list[list[str]]:
    """Sets of modules each of which imports, through others, itself."""
    graph: dict[str, set[str]] = {dotted(path, package): set() for path in sources(package)}
    for path, _, module in own_imports(package):
        if module in graph and module != dotted(path, package):
            graph[dotted(path, package)].add(module)
    reach = {module: _reached(module, graph) for module in graph}
    found = {frozenset(other for other in reach[module] if module in reach[other]) for module in graph}
    return sorted(sorted(circle) for circle in found if circle)


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph[module]
    return seen


def crowded(package: Path) -> list[str]:
    """Folders of more than `MOST_FILES` files."""
    folders = {path.parent for path in sources(package)}
    count = {folder: len([*folder.glob("*.py")]) for folder in folders}
    return sorted(f"{folder.relative_to(package)}: {n} files" for folder, n in count.items() if n > MOST_FILES)


def late_imports(package: Path) -> set[str]:
    """Files that import modules by a name known only when the program runs."""
    late = ("import_module(", "__import__(", "resolve_name(", "= Late(", "attach_stub(")
    return {
        str(path.relative_to(package)) for path in sources(package) if any(call in path.read_text() for call in late)
    }


def foreign_imports(room: Path, package: Path, allowed: set[str]) -> list[str]:
    """Imports in a room of anything but the standard library, itself and `allowed`."""
    wrong = []
    for path in sources(room):
        for line, module in imports(path, package):
            inside = module.startswith(f"{package.name}.{room.name}")
            root = module.split(".")[0]
            if not inside and root not in sys.stdlib_module_names and root not in allowed:
                wrong.append(f"{path.name}:{line}: {module}")
    return wrong


def test_no_module_imports_from_a_room_above_it() -> None:
    assert upward(PACKAGE) == []


def test_no_module_imports_from_a_sub_room_above_it() -> None:
    assert upward_inside(PACKAGE) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(PACKAGE) == []


def test_no_folder_is_crowded() -> None:
    assert crowded(PACKAGE) == []


def test_modules_are_imported_by_name_only_where_that_is_said() -> None:
    rooms = {f"{room}/__init__.py" for room in LEVEL}
    assert late_imports(PACKAGE) - rooms <= LATE.keys()


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


def house(folder: Path, files: dict[str, str]) -> Path:
    """A package of these files."""
    for name, text in files.items():
        path = folder / "gaugeflow" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return folder / "gaugeflow"


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
    assert upward(house(tmp_path, {"groups/su.py": statement})) == found


def test_the_checker_sees_a_room_without_a_place(tmp_path: Path) -> None:
    assert upward(house(tmp_path, {"utils/misc.py": ""})) == ["the room utils has no place in the order"]


@pytest.mark.parametrize(
    ("file", "statement", "found"),
    [
        ("kernels/torch/backend.py", "from gaugeflow.kernels.select import f", ["torch imports select"]),
        (
            "kernels/torch/backend.py",
            "def f():\n    from gaugeflow.kernels.numba import loops",
            ["torch imports numba"],
        ),
        ("kernels/numba/simd/staging.py", "from gaugeflow.kernels.numba.loops import f", ["numba.simd imports numba"]),
        ("kernels/triton/loops.py", "import gaugeflow.kernels.numba.loops", ["triton imports numba"]),
        ("kernels/numba/loops.py", "from gaugeflow.kernels.numba.simd.staging import f", []),
        ("lattice/exact/charge.py", "from gaugeflow.lattice.fields import f", ["exact imports ."]),
        ("lattice/fields.py", "from gaugeflow.lattice.exact import f", []),
        ("kernels/else.py", "", ["no place in the order of kernels"]),
    ],
)
def test_the_checker_sees_a_violation_inside_a_room(
    tmp_path: Path, file: str, statement: str, found: list[str]
) -> None:
    wrong = upward_inside(house(tmp_path, {file: statement}))
    assert [line.rpartition(": ")[2] for line in wrong] == found


def test_the_checker_sees_a_circle(tmp_path: Path) -> None:
    late = "def f():\n    from gaugeflow.io import b"
    package = house(tmp_path, {"io/a.py": late, "io/b.py": "from .c import x", "io/c.py": "import gaugeflow.io.a"})
    assert circles(package) == [["gaugeflow.io.a", "gaugeflow.io.b", "gaugeflow.io.c"]]


def test_the_checker_sees_a_crowded_folder(tmp_path: Path) -> None:
    package = house(tmp_path, {f"io/f{number}.py": "" for number in range(MOST_FILES)})
    assert crowded(package) == [f"io: {MOST_FILES + 1} files"]


def test_the_checker_sees_an_import_by_name(tmp_path: Path) -> None:
    assert late_imports(house(tmp_path, {"io/a.py": "x = import_module(name)"})) == {"io/a.py"}


def test_the_checker_sees_a_foreign_import_of_symmetry(tmp_path: Path) -> None:
    files = {
        "symmetry/a.py": "import torch\nfrom gaugeflow.errors import UserError\nimport numpy\nimport math",
        "symmetry/b.py": "from gaugeflow.symmetry.a import x\nfrom .a import y",
    }
    package = house(tmp_path, files)
    found = foreign_imports(package / "symmetry", package, STANDARD_AND_TORCH)
    assert found == ["a.py:2: gaugeflow.errors", "a.py:3: numpy"]
