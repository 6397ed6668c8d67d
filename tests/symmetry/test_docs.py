"""The examples of the page on checks run, and its numbers are those of the tests."""

import re

from tests.places import ROOT
from tests.symmetry import test_cost

PAGE = (ROOT / "docs" / "concepts" / "checks.md").read_text()


def test_the_examples_run(capsys):
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "checks.md", "exec"), namespace)
    assert "broken" in capsys.readouterr().out


def test_the_table_of_costs_is_that_of_the_test():
    (mark,) = test_cost.test_the_default_costs_so_many_calls.pytestmark
    said = re.findall(r"^\| (\d+) \| (\d+) \| \d+ \|$", PAGE, re.MULTILINE)
    assert [tuple(map(int, row)) for row in said] == mark.args[1]


def test_the_comparison_names_tests_that_exist():
    page = (ROOT / "docs" / "comparison" / "symmetry-checks.md").read_text()
    named = re.findall(r"`(test_\w+\.py)`", page)
    assert len(named) == 8
    assert all((ROOT / "tests" / "symmetry" / name).is_file() for name in named)
