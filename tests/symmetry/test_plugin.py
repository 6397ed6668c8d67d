"""The pytest plugin in a project that is not gaugeflow, in real pytest subprocesses."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

SAMPLE = Path(__file__).parent / "sample_project"
PLUGIN = "gaugeflow.symmetry.pytest_plugin"


def run_pytest(tmp_path, *arguments):
    registered = any(entry.value == PLUGIN for entry in entry_points(group="pytest11"))
    by_hand = [] if registered else ["-p", PLUGIN]
    junit = tmp_path / "junit.xml"
    command = [sys.executable, "-m", "pytest", *by_hand, "-p", "no:cacheprovider", f"--junitxml={junit}", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(command, cwd=SAMPLE, env=environment, capture_output=True, text=True, timeout=300)
    return done, ElementTree.parse(junit).getroot()


def properties(case):
    return [(p.get("name"), p.get("value")) for p in case.iter("property")]


def test_a_project_whose_symmetries_hold(tmp_path):
    done, junit = run_pytest(tmp_path, "-v", "check_holds.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert "symmetry: 4 of 4 checks hold" in done.stdout
    cases = {case.get("name"): properties(case) for case in junit.iter("testcase")}
    assert cases["test_without_symmetry"] == []
    reports = [json.loads(value) for name, value in cases["test_action_is_gauge_invariant"] if name == "symmetry"]
    assert len(reports) == 1
    assert reports[0]["holds"] is True
    assert set(reports[0]["findings"][0]["largest_error"]) == {"float32", "float64"}
    both = cases["test_action_is_invariant_under_lattice_symmetries"]
    assert [value for name, value in both if name == "symmetry.verdict"] == ["holds", "holds"]


def test_a_project_with_a_mistake(tmp_path):
    done, junit = run_pytest(tmp_path, "check_broken.py", "--symmetry-seed", "7", "--symmetry-trials", "8")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed" in done.stdout
    assert "the error does not shrink with the machine epsilon" in done.stdout
    assert "Traceback" not in done.stdout
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
    code = "import sys, spin_model; sys.exit('gaugeflow' in sys.modules)"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=SAMPLE, check=True, timeout=60)
