"""Tables of numbers in the README and the docs are those of committed files, and nobody types a measured number."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT


@pytest.fixture(scope="module")
def scripts() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "scripts"))
    yield
    sys.path.remove(str(ROOT / "scripts"))


MEASURED = re.compile(r"(?<![\w^])-?\d+\.\d+\(\d+\)")
"""A number with its error, as in 0.8970(12)."""


def test_every_page_has_the_numbers_of_the_committed_files(scripts: None) -> None:
    from tables import filled, pages

    stale = [str(path.relative_to(ROOT)) for path in pages() if filled(path.read_text()) != path.read_text()]
    assert stale == [], "run: python scripts/tables.py"


def test_every_table_stands_on_a_page(scripts: None) -> None:
    from result_tables import TABLES
    from tables import PLACE, pages

    placed = {name for path in pages() for _, name, _ in PLACE.findall(path.read_text())}
    assert placed == TABLES.keys()


def test_every_table_has_rows(scripts: None) -> None:
    from result_tables import TABLES

    assert [name for name, write in TABLES.items() if write().strip().count("\n|") < 2] == []


def test_no_measured_number_is_typed(scripts: None) -> None:
    from tables import PLACE, pages

    typed = {
        f"{path.relative_to(ROOT)}: {number}"
        for path in pages()
        for number in MEASURED.findall(
            re.sub(r"```.*?```|`[^`]*`", "", PLACE.sub("", path.read_text()), flags=re.DOTALL)
        )
    }
    assert typed == set()


def test_a_changed_number_is_seen(scripts: None) -> None:
    from tables import filled

    page = (ROOT / "docs" / "results" / "wavefunctions.md").read_text()
    changed = page.replace("| he ", "| He ")
    assert changed != page
    assert filled(changed) == page


def test_a_table_that_does_not_exist_is_refused(scripts: None) -> None:
    from tables import filled

    with pytest.raises(KeyError, match="nothing"):
        filled("<!-- table nothing -->\n<!-- end -->")


@pytest.mark.parametrize(("text", "found"), [("0.8970(12) and f(2)", ["0.8970(12)"]), ("SU(2), O(3.1)", [])])
def test_what_counts_as_measured(text: str, found: list[str]) -> None:
    assert MEASURED.findall(text) == found


def test_the_pages_are_found(scripts: None) -> None:
    from tables import pages

    assert {"README.md", "docs/results/flows.md"} <= {str(path.relative_to(ROOT)) for path in pages()}
    assert all(isinstance(path, Path) for path in pages())
