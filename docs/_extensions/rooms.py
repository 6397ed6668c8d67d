"""A page of the API for every room: its docstring, and every public name from its `__all__`."""

from pathlib import Path
from typing import Any

PAGES = Path(__file__).parents[1] / "reference" / "generated"
ROOMS = [
    "symmetry",
    "symmetry.routes",
    "linalg",
    "groups",
    "kernels",
    "lattice",
    "lattice.exact",
    "io",
    "montecarlo",
    "montecarlo.errors",
    "nn",
    "flows",
    "wavefunctions",
    "wavefunctions.occupation",
    "runs",
    "tasks",
    "plots",
]


def write(_: Any = None) -> None:
    """Writes the pages that have changed."""
    PAGES.mkdir(exist_ok=True)
    for room in ROOMS:
        title = f"gaugeflow.{room}"
        directive = f".. automodule:: {title}\n   :members:\n   :imported-members:\n   :show-inheritance:"
        path, text = PAGES / f"room-{room}.rst", f"{title}\n{'=' * len(title)}\n\n{directive}\n"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def keep_colons(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """The docstring of an attribute is a sentence: napoleon has taken what is before a colon for a type."""
    taken = [line for line in lines if line.startswith(":type: ")]
    if taken and what in ("attribute", "data", "property"):
        lines.remove(taken[0])
        lines[0] = f"{taken[0].removeprefix(':type: ')}: {lines[0]}"


def setup(app: Any) -> dict[str, bool]:
    """The hook of sphinx."""
    app.connect("autodoc-process-docstring", keep_colons, priority=600)
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
