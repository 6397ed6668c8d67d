"""A check that was not made fails and says why; several are all made; what is refused is one sentence."""

from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]
PLUGIN = "gaugeflow.symmetry.pytest_plugin"

HEAD = """
import unittest
import pytest, torch
from gaugeflow.symmetry import Points, Scalars, assert_invariant

def f(r):
    return r.square().sum((1, 2)).cos()

def x():
    return torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
"""


def by_hand():
    """The plugin, where the package is not installed."""
    return [] if any(entry.value == PLUGIN for entry in entry_points(group="pytest11")) else ["-p", PLUGIN]


@pytest.fixture
def outcome(pytester, monkeypatch):
    """(passed, failed, the output) of a test file."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(body, *arguments):
        pytester.makepyfile(HEAD + body)
        done = pytester.inline_run(*by_hand(), "-p", "no:cacheprovider", "--symmetry-trials=4", *arguments)
        passed, _, failed = done.listoutcomes()
        return len(passed), failed, "\n".join(str(report.longrepr) for report in failed)

    return run


NOT_MADE = {
    "the marker and the fixture": """
@pytest.mark.symmetry("permutations: points -> scalars")
def test_it(symmetry):
    pass
""",
    "the fixture alone": """
def test_it(symmetry):
    assert symmetry is not None
""",
    "nothing returned": """
@pytest.mark.symmetry("permutations: points -> scalars")
def test_it():
    f(x())
""",
    "no claims": """
@pytest.mark.symmetry("permutations: points -> scalars")
def test_it():
    return []
""",
    "a TestCase": """
class TestIt(unittest.TestCase):
    @pytest.mark.symmetry("permutations: points -> scalars")
    def test_it(self):
        f(x())
""",
    "a group for a bijection": """
@pytest.mark.symmetry("permutations")
def test_it():
    from gaugeflow.symmetry.claims import Bijection
    return Bijection(lambda r: (r, r[:, 0, 0] * 0), Points(x()))
""",
}


@pytest.mark.parametrize("case", NOT_MADE)
def test_a_check_that_was_not_made_fails_and_says_why(case, outcome):
    passed, failed, text = outcome(NOT_MADE[case])
    assert (passed, len(failed)) == (0, 1)
    assert "no symmetry was checked" in text or "could not be made" in text
    assert len(text.splitlines()) == 1


def test_what_makes_its_check_in_another_way_passes(outcome):
    passed, failed, text = outcome("""
@pytest.mark.symmetry("permutations: points -> scalars")
def test_both(symmetry):
    symmetry(f, Points(x()), "permutations", out=Scalars)

@pytest.mark.symmetry("permutations: points -> scalars")
def test_returned_with_the_fixture(symmetry):
    return f, x()

class TestIt(unittest.TestCase):
    @pytest.mark.symmetry
    def test_it(self):
        assert_invariant(f, Points(x()), "permutations", trials=4)

@pytest.mark.symmetry("permutations: points -> scalars")
def test_skipped():
    pytest.skip("no example")
""")
    assert (passed, len(failed)) == (3, 0), text


def test_the_first_failure_does_not_hide_the_rest(outcome):
    _, _, text = outcome("""
@pytest.mark.symmetry("permutations: points -> scalars", "orthogonal: points -> scalars", "z2: points -> scalars")
def test_it():
    return (lambda r: r[:, 0, 0] ** 3), x()
""")
    for group in ("under permutations: broken", "under O(d): broken", "under z2: broken"):
        assert group in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("symmetry(f, x(), 'permutations', out=Scalars)", "wrap tensors in one of"),
        ("symmetry(f, Points(x()), 'permutation', out=Scalars)", "expected one of the groups"),
        ("symmetry(f, Points(x()), 'permutations', out=Scalars, trails=3)", "trails"),
        ("symmetry(type('Net', (), {}), Points(x()), 'permutations', out=Scalars)", "got the class Net"),
    ],
)
def test_what_is_refused_is_one_sentence(body, said, outcome):
    _, failed, text = outcome(f"\ndef test_it(symmetry):\n    {body}\n")
    assert len(failed) == 1
    assert said in text
    assert len(text.splitlines()) == 1


def test_options_of_the_marker(outcome):
    passed, _, text = outcome("""
@pytest.mark.symmetry("permutations: points -> scalars", batch_dependent=True, tolerance=1e-3)
def test_it():
    return (lambda r: f(r - r.mean(0))), x()
""")
    assert passed == 1, text


def test_the_summary_survives_workers(pytester):
    pytest.importorskip("xdist", reason="pytest-xdist, which splits tests over workers, is not installed")
    pytester.makepyfile(HEAD + "\ndef test_it(symmetry):\n    symmetry(f, Points(x()), 'permutations', out=Scalars)\n")
    done = pytester.runpytest_subprocess("-n1", *by_hand(), "-p", "no:cacheprovider", "-v")
    done.stdout.fnmatch_lines(["*symmetry: 1 of 1 checks hold*"])
