"""The pytest plugin in a project that is not gaugeflow, in this process."""

import ast
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gaugeflow.symmetry.targets  # noqa: F401  (loaded before pytester looks, it is not loaded for every run)

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]
SAMPLE = Path(__file__).parent / "sample_project"
PLUGIN = "gaugeflow.symmetry.pytest_plugin"


@pytest.fixture
def run_pytest(pytester, monkeypatch):
    """The output and the JUnit XML of a run in the sample project, in this process."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.chdir(SAMPLE)
    monkeypatch.syspath_prepend(str(SAMPLE))
    registered = any(entry.value == PLUGIN for entry in entry_points(group="pytest11"))
    by_hand = [] if registered else ["-p", PLUGIN]
    junit = pytester.path / "junit.xml"

    def run(*arguments):
        arguments = [*by_hand, "-p", "no:cacheprovider", "--rootdir", str(SAMPLE), f"--junitxml={junit}", *arguments]
        return pytester.runpytest_inprocess(*arguments), ElementTree.parse(junit).getroot()

    return run


def properties(case):
    return [(p.get("name"), p.get("value")) for p in case.iter("property")]


def test_a_project_whose_symmetries_hold(run_pytest):
    done, junit = run_pytest("-v", "check_holds.py")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["*symmetry: 4 of 4 checks hold*", "*4 passed*"])
    cases = {case.get("name"): properties(case) for case in junit.iter("testcase")}
    assert cases["test_without_symmetry"] == []
    reports = [json.loads(value) for name, value in cases["test_action_is_gauge_invariant"] if name == "symmetry"]
    assert len(reports) == 1
    assert reports[0]["holds"] is True
    assert set(reports[0]["findings"][0]["largest_error"]) == {"float32", "float64"}
    both = cases["test_action_is_invariant_under_lattice_symmetries"]
    assert [value for name, value in both if name == "symmetry.verdict"] == ["holds", "holds"]


def test_a_project_with_a_mistake(run_pytest):
    done, junit = run_pytest("check_broken.py", "--symmetry-seed", "7", "--symmetry-trials", "8")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*the error does not shrink with the machine epsilon*", "*2 failed*"])
    done.stdout.no_fnmatch_line("*Traceback*")
    failures = list(junit.iter("failure"))
    assert len(failures) == 2
    for case in junit.iter("testcase"):
        report = json.loads(dict(properties(case))["symmetry"])
        assert report["verdict"] == "broken"
        assert report["findings"][0]["worst"]["seed"] == 7


def test_the_plugin_imports_nothing_heavy():
    code = f"import sys, {PLUGIN}; sys.exit(any(m in sys.modules for m in ('torch', 'numpy')))"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_the_sample_project_itself_knows_nothing_of_gaugeflow():
    imported = {
        name
        for node in ast.walk(ast.parse((SAMPLE / "spin_model.py").read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or node.names[0].name]
    }
    assert imported == {"torch"}
