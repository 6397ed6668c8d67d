"""The documentation is built with its formulas: the reader of docutils takes less than LaTeX, and ends at the rest."""

import re

import pytest

from tests.docs.extensions import extension
from tests.docs.test_pages import PAGES

CODE = re.compile(r"^```(?!{figure}).*?^```|`[^`\n]*`", re.M | re.S)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.S)


def formulas(text: str) -> list[str]:
    """What stands between dollars outside code."""
    return [block or inline for block, inline in FORMULA.findall(CODE.sub("", text))]


def unreadable(text: str) -> list[str]:
    """The formulas that would end the build."""
    read, found = extension("mathml").tex2mathml, []
    for formula in formulas(text):
        try:
            read(formula)
        except (IndexError, SyntaxError, ValueError):
            found.append(formula)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_formulas_can_be_read(name: str) -> None:
    assert unreadable(PAGES[name].read_text(encoding="utf-8")) == []


def test_formulas_that_cannot_be_read_are_found() -> None:
    page = "Li$^+$ at `$^2$`\n\n$$\\nonsense{x}$$\n\n```sh\necho $^3$\n```\nand $x^2$\n"
    assert formulas(page) == ["^+", "\\nonsense{x}", "x^2"]
    assert unreadable(page) == ["^+", "\\nonsense{x}"]
