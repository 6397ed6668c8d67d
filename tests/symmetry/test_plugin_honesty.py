"""A check that was not made fails and says why; several are all made; what is refused is one sentence."""

from importlib.metadata import entry_points

import pytest

import gaugeflow.symmetry.targets  # noqa: F401  (loaded before pytester looks, it is not loaded for every run)

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
    """The names of the tests of a file that passed, and what is said of those that failed, by name."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(body, *arguments):
        pytester.makepyfile(HEAD + body)
        done = pytester.inline_run(*by_hand(), "-p", "no:cacheprovider", "--symmetry-trials=4", *arguments)
        passed, _, failed = done.listoutcomes()
        return [r.nodeid.split("::")[-1] for r in passed], {r.nodeid.split("::")[-1]: str(r.longrepr) for r in failed}

    return run


NOT_MADE = """
@pytest.mark.symmetry("permutations: points -> scalars")
def test_the_marker_and_the_fixture(symmetry):
    pass

def test_the_fixture_alone(symmetry):
    assert symmetry is not None

@pytest.mark.symmetry("permutations: points -> scalars")
def test_nothing_returned():
    f(x())

@pytest.mark.symmetry("permutations: points -> scalars")
def test_no_claims():
    return []

class TestIt(unittest.TestCase):
    @pytest.mark.symmetry("permutations: points -> scalars")
    def test_a_case(self):
        f(x())

@pytest.mark.symmetry("permutations")
def test_a_group_for_a_bijection():
    from gaugeflow.symmetry.claims import Bijection
    return Bijection(lambda r: (r, r[:, 0, 0] * 0), Points(x()))
"""


def test_a_check_that_was_not_made_fails_and_says_why(outcome):
    passed, failed = outcome(NOT_MADE)
    assert passed == []
    assert len(failed) == 6
    for text in failed.values():
        assert "no symmetry was checked" in text or "could not be made" in text
        assert len(text.splitlines()) == 1
    assert "never calls it" in failed["test_the_fixture_alone"]
    assert "unittest.TestCase" in failed["test_a_case"]
    assert "got Bijection" in failed["test_a_group_for_a_bijection"]


def test_what_makes_its_check_in_another_way_passes(outcome):
    passed, failed = outcome("""
@pytest.mark.symmetry("permutations: points -> scalars", batch_dependent=True, tolerance=1e-3)
def test_options():
    return (lambda r: f(r - r.mean(0))), x()

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
    assert failed == {}
    assert len(passed) == 4


REFUSED = {
    "wrap tensors in one of": "symmetry(f, x(), 'permutations', out=Scalars)",
    "expected one of the groups": "symmetry(f, Points(x()), 'permutation', out=Scalars)",
    "trails": "symmetry(f, Points(x()), 'permutations', out=Scalars, trails=3)",
    "got the class Net": "symmetry(type('Net', (), {}), Points(x()), 'permutations', out=Scalars)",
}


def test_what_is_refused_is_one_sentence_and_a_failure_hides_no_other(outcome):
    tests = "".join(f"\ndef test_{k}(symmetry):\n    {body}\n" for k, body in enumerate(REFUSED.values()))
    _, failed = outcome(
        tests
        + """
@pytest.mark.symmetry("permutations: points -> scalars", "orthogonal: points -> scalars", "z2: points -> scalars")
def test_groups():
    return (lambda r: r[:, 0, 0] ** 3), x()
"""
    )
    for k, said in enumerate(REFUSED):
        assert said in failed[f"test_{k}"]
        assert len(failed[f"test_{k}"].splitlines()) == 1
    for group in ("under permutations: broken", "under O(d): broken", "under z2: broken"):
        assert group in failed["test_groups"]


def test_the_summary_survives_workers(pytester):
    pytest.importorskip("xdist", reason="pytest-xdist, which splits tests over workers, is not installed")
    pytester.makepyfile(HEAD + "\ndef test_it(symmetry):\n    symmetry(f, Points(x()), 'permutations', out=Scalars)\n")
    done = pytester.runpytest_subprocess("-n1", *by_hand(), "-p", "no:cacheprovider", "-v")
    done.stdout.fnmatch_lines(["*symmetry: 1 of 1 checks hold*"])
