"""With torch and pytest alone: the package as its wheel holds it, and no other dependency to be had."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.places import ROOT

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parent / "sample_project"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OTHER_NAMES = {"PyYAML": "yaml"}
HIDDEN = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""
WORK = """
import os, sys, pytest
from gaugeflow.symmetry import GROUPS
assert {"gauge", "translations", "permutations", "euclidean", "c4"} <= {*GROUPS}
from gaugeflow.__main__ import main
def code(*arguments):
    sys.argv = ["gaugeflow", *arguments]
    try:
        main()
    except SystemExit as left:
        return left.code
assert code("check", "spin_model:good", "--group", "gauge: links -> scalars", "--trials", "4") == 0
assert code("check", "spin_model:bad", "--trials", "4") == 1
assert "is missing" in code("run", "anything.yaml")
assert pytest.main(["-q", "-p", "no:cacheprovider", "-c", os.devnull, "check_holds.py"]) == 0
"""


@pytest.fixture
def light(tmp_path):
    """A folder with the package and its entry points, and an environment in which its dependencies are hidden."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "gaugeflow", site / "gaugeflow", ignore=shutil.ignore_patterns("__pycache__"))
    described = site / f"gaugeflow-{1}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: gaugeflow\nVersion: 1\n")
    plugins = [f"{name} = {value}" for name, value in PROJECT["entry-points"]["pytest11"].items()]
    (described / "entry_points.txt").write_text("\n".join(["[pytest11]", *plugins]) + "\n")
    wanted = [text.split(">")[0] for text in PROJECT["dependencies"]]
    names = {OTHER_NAMES.get(name, name) for name in wanted} - {"torch"}
    (site / "sitecustomize.py").write_text(HIDDEN.format(names=names))
    return os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{SAMPLE}", "OMP_NUM_THREADS": "1"}


def test_the_command_and_the_plugin_work(light):
    done = subprocess.run(
        [sys.executable, "-B", "-c", WORK], cwd=SAMPLE, env=light, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "symmetry: 4 of 4 checks hold" in done.stdout


def test_a_target_in_python_loads_neither_numba_nor_h5py():
    code = (
        "import sys; from gaugeflow.cli import main\n"
        "try: main(['check', 'spin_model:bad', '--trials', '4'])\n"
        "except SystemExit as left: assert left.code == 1\n"
        "sys.exit(', '.join({'numba', 'h5py', 'scipy', 'matplotlib', 'pyerrors'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=SAMPLE, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
