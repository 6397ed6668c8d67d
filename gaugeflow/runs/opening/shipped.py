"""The configurations and trained runs that come with the package, from a checkout or from an installed wheel."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, ValidationInfo

import gaugeflow
from gaugeflow.errors import UserError
from gaugeflow.runs.configuration.nearest import nearest
from gaugeflow.runs.configuration.schema import absolute_path

__all__ = ["RunPath", "Shipped", "configuration_at", "named_run", "run_at", "run_place", "shipped", "shipped_folder"]

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Shipped:
    """A line of `gaugeflow list`.

    Attributes:
        name: what `run`, `new`, `report`, `sample`, `plot` and `check` take for a path.
        kind: "configuration" or "trained run".
        task: the job that it configures.
        about: the first sentence of the file's comment.
        size: group and lattice, or the system.
        minutes: what the whole run took, or is said to take, on 2 cores; None where nobody measured it.
        path: the YAML file, or the run directory.
    """

    name: str
    kind: str
    task: str
    about: str
    size: str
    minutes: float | None
    path: Path


def shipped_folder() -> Path:
    """Where they are: inside the installed package, or beside it in a checkout."""
    package = Path(gaugeflow.__file__).parent
    return next(folder for folder in (package / "configs", package.parent / "configs") if folder.is_dir())


def run_place(path: str, info: ValidationInfo) -> str:
    """A run that a configuration names: absolute, from the folder of the configuration; a shipped name as it is."""
    place = absolute_path(path, info)
    shipped_name = Path(path).name == path and named_run(path).is_dir()
    return path if shipped_name and not Path(place).exists() else place


RunPath = Annotated[str, AfterValidator(run_place)]
"""A run directory in a configuration, or the name of a shipped run."""


def named_run(place: str) -> Path:
    """The directory of a `RunPath`."""
    return shipped_folder() / "trained" / place  # an absolute place stands alone


def shipped() -> list[Shipped]:
    """All configurations by task, then all trained runs."""
    folder = shipped_folder()
    trained = {path.name: path for path in sorted((folder / "trained").iterdir())}
    files = sorted(path for path in folder.glob("*/*.yaml") if path.parent.name != "trained")
    reports = {name: json.loads((path / "report.json").read_text()) for name, path in trained.items()}
    texts = {path.stem: path.read_text() for path in files}
    found = [_line(path.stem, "configuration", texts[path.stem], texts[path.stem], reports, path) for path in files]
    for name, path in trained.items():
        original = texts.get(name, texts.get(name.removeprefix("lcnn_"), ""))
        found.append(_line(name, "trained run", (path / "config.yaml").read_text(), original, reports, path))
    return found


def _line(name: str, kind: str, text: str, commented: str, reports: dict[str, Any], path: Path) -> Shipped:
    data = yaml.load(text, Loader)
    report = reports.get(name) or reports.get(f"lcnn_{name}")
    said = re.search(r"^# minutes: ([\d.]+)$", commented, re.MULTILINE)
    minutes = float(said[1]) if said else (round(report["seconds"] / 60, 1) if report else None)
    return Shipped(name, kind, data["task"], _about(commented), _size(data), minutes, path)


def _about(text: str) -> str:
    """The comment on top up to the first full stop that ends a sentence."""
    comment = re.match(r"(?:#.*\n)+", text)
    words = " ".join(line.lstrip("# ") for line in comment[0].splitlines()) if comment else ""
    return re.split(r"(?<=[a-z)\]\d])\. |; ", words)[0].rstrip(".")


def _size(data: dict[str, Any]) -> str:
    if "system" in data:
        system = data["system"]
        if "atoms" in system:
            return "".join(str(atom[0]) for atom in system["atoms"])
        if "lattice" in system:
            return _sites(system["lattice"])
        electrons = sum(system.get(key, 0) for key in ("n_up", "n_down"))
        return f"{electrons} electrons in {system.get('dimension', 2)}D"
    shape = " x ".join(map(str, data["shape"]))
    return f"{data['group']} {shape}" if data.get("group") else shape


def _sites(lattice: dict[str, Any]) -> str:
    """`square 4 x 4`, or the number of sites of a tilted torus."""
    vectors = lattice.get("vectors")
    if not vectors:
        return f"{lattice['kind']} {' x '.join(map(str, lattice['shape']))}"
    (a, b), (c, d) = vectors
    return f"{lattice['kind']}, {abs(a * d - b * c)} sites"


def configuration_at(text: str) -> Path:
    """The file that a path or a shipped name means.

    Raises:
        UserError: there is no such file and no such name.
    """
    return _resolve(text, "configuration", "a configuration file")


def run_at(text: str) -> Path:
    """The run directory that a path or a shipped name means.

    Raises:
        UserError: there is no such directory and no such name.
    """
    return _resolve(text, "trained run", "a run directory")


def _resolve(text: str, kind: str, expected: str) -> Path:
    path = Path(text)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return path
    known = {entry.name: entry.path for entry in shipped() if entry.kind == kind}
    own = Path("runs") / text
    if text not in known and own.is_dir():
        raise UserError(f"expected {expected} or a shipped name, found neither; did you mean your own run {own}?")
    if text not in known:
        raise UserError(f"expected {expected} or a shipped name, found neither: {nearest(text, known)}")
    return known[text]
