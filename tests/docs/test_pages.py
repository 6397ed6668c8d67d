"""What the documentation tells its reader to type runs, its links lead somewhere, its tutorials have figures."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from gaugeflow import runs, tasks
from gaugeflow.io import FORMATS
from gaugeflow.montecarlo.moves import MOVES
from gaugeflow.symmetry import GROUPS
from gaugeflow.symmetry.actions.groups import _ACTIONS
from tests import documents
from tests.documents import Document
from tests.places import ROOT

pytestmark = pytest.mark.slow

DOCS = ROOT / "docs"
WRITTEN = ("_build", "gallery", "generated")
"""Folders that the build fills."""

PAGES = {str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*.md")) if not {*path.parts} & {*WRITTEN}}
TUTORIALS = sorted((DOCS / "tutorials").glob("[0-9]*.py"))


def having(*languages: str) -> list[str]:
    return [name for name, path in PAGES.items() if Document.read(path).blocks(*languages)]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    documents.checkout(tmp_path, monkeypatch)
    documents.few(monkeypatch)
    return tmp_path


@pytest.mark.parametrize("name", having("python"))
def test_the_python_of_a_page_runs(name: str, checkout: Path) -> None:
    assert Document.read(PAGES[name]).run_python()


@pytest.mark.parametrize("name", having("sh", "bash"))
def test_the_commands_of_a_page_run(name: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Document.read(PAGES[name]).run_commands(capsys) == []


@pytest.mark.parametrize("name", having("yaml"))
def test_the_configurations_of_a_page_are_valid(name: str) -> None:
    for block in Document.read(PAGES[name]).blocks("yaml"):
        source = runs.Source(block, name)
        runs.validate(tasks.task_of(source).schema, source)


def links(path: Path) -> list[str]:
    """Targets in Markdown of links, of images, and of tables of contents, without those in blocks of code."""
    text = path.read_text(encoding="utf-8")
    contents = re.findall(r"^```{toctree}\n(.*?)^```", text, re.M | re.S)
    listed = [line for block in contents for line in block.split("\n")]
    text = re.sub(r"^```(?!{figure}).*?^```", "", text, flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^```{figure} (\S+)", text, re.M)
    return found + [f"{line}.md" for line in listed if line and not line.startswith(":") and line != "gallery/index"]


def leads_nowhere(path: Path, link: str) -> bool:
    target = unquote(link.partition("#")[0])
    if "://" in link or not target or {*Path(target).parts} & {*WRITTEN}:
        return False
    return not (path.parent / target).exists()


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    assert [link for link in links(PAGES[name]) if leads_nowhere(PAGES[name], link)] == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "here.md").touch()
    page = tmp_path / "page.md"
    page.write_text("[a](here.md) [b](https://x) ![c](no.png)\n```{toctree}\n:hidden:\n\nhere\nmissing\n```\n")
    assert [link for link in links(page) if leads_nowhere(page, link)] == ["no.png", "missing.md"]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_compiles_and_draws_figures(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    compile(text, path.name, "exec")
    assert "plt.subplots(" in text


def test_there_are_tutorials() -> None:
    assert len(TUTORIALS) >= 9


def test_what_a_page_registers_is_gone_after_it() -> None:
    before = {*FORMATS}, {*GROUPS}, {*MOVES}
    registering = "".join(
        f"from {table.rpartition('.')[0]} import {table.rpartition('.')[2]} as table\ntable['own'] = object\n"
        for table in ("gaugeflow.io.FORMATS", "gaugeflow.symmetry.GROUPS", "gaugeflow.montecarlo.moves.MOVES")
    )
    Document(f"```python\n{registering}```\n").run_python()
    assert ({*FORMATS}, {*GROUPS}, {*MOVES}) == before


def test_what_a_module_registers_when_a_page_imports_it_stays() -> None:
    page = """```python
from gaugeflow.symmetry import Cyclic, PairFeatures, represent

represent(Cyclic, PairFeatures)(None)

class Own(PairFeatures):
    pass

represent(Cyclic, Own)(None)
```
"""
    before = _ACTIONS.copy()
    try:
        Document(page).run_python()
        assert {(kind.__name__, value.__name__) for kind, value in _ACTIONS.keys() - before.keys()} == {
            ("Cyclic", "PairFeatures")
        }
    finally:
        _ACTIONS.clear()
        _ACTIONS.update(before)
