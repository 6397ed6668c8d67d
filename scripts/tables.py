"""Fills every table of numbers in the README and the docs from committed reports and results.

    python scripts/tables.py            writes the pages
    python scripts/tables.py --check    names the pages that differ, exit code 1 if there are any

A page marks the place of a table: `<!-- table NAME -->`, and behind it `<!-- end -->`. What stands between is replaced.
A new table is one function with the decorator `table` in `scripts/result_tables`.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from result_tables import ROOT, TABLES

PLACE = re.compile(r"(<!-- table ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """The README and every page of the docs that is written by hand."""
    docs = [path for path in (ROOT / "docs").rglob("*.md") if not {"_build", "generated", "gallery"} & {*path.parts}]
    return [ROOT / "README.md", *sorted(docs)]


def filled(text: str) -> str:
    """The page with all its tables. Raises KeyError for a table that does not exist."""
    return PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}{place[3]}", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a page differs")
    check = parser.parse_args().check
    stale = [path for path in pages() if filled(path.read_text()) != path.read_text()]
    for path in stale:
        print(path.relative_to(ROOT))
        if not check:
            path.write_text(filled(path.read_text()))
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
