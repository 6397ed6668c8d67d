"""The wheel in a new environment, without the repository: what a user gets from `pip install gaugeflow`."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

from tests.places import CONFIGS, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, ROOT], check=True, capture_output=True, text=True)
    (found,) = folder.glob("gaugeflow-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a new environment with the wheel; what it depends on is borrowed from this environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    _install(wheel, site)
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def _install(wheel: Path, site: Path) -> None:
    """The wheel, without what it depends on, into a folder of packages."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run(command, check=True, capture_output=True, text=True)


def call(python: Path, folder: Path, program: str, *arguments: str) -> str:
    """Standard output of a Python program in a folder that is no repository."""
    hidden = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTEST_XDIST_WORKER")}
    ended = subprocess.run(
        [python, "-c", program, *arguments], cwd=folder, env=hidden, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


PATH = """
import io, json, sys
from contextlib import redirect_stdout
from pathlib import Path
import gaugeflow
from gaugeflow.cli import main

def gaugeflow_command(*arguments):
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            main(arguments)
    except SystemExit as stop:
        assert stop.code in (0, None), (arguments, stop.code)
    return text.getvalue()

found = {"file": gaugeflow.__file__, "list": json.loads(gaugeflow_command("list", "--json"))["shipped"]}
gaugeflow_command("new", "su3_2d", "my.yaml")
few = ["--set", "shape=[4,4]", "--set", "chains=4", "--set", "warmup=20", "--set", "measurements=50"]
gaugeflow_command("run", "my.yaml", *few, "--set", "observables=[plaquette]", "--out", "mine")
found["mine"] = json.loads(gaugeflow_command("report", "mine", "--json"))
found["dot2"] = json.loads(gaugeflow_command("report", "dot2", "--json"))
found["fresh"] = json.loads(gaugeflow_command("report", "dot2", "--fresh", "--minutes", "0.01", "--json"))
gaugeflow_command("sample", "su2_2d_8_coupling", "-n", "2")
found["figures"] = gaugeflow_command("plot", "mine").split()
found["check"] = json.loads(gaugeflow_command("check", "mine", "--trials", "1", "--json"))["holds"]
found["schema"] = json.loads(gaugeflow_command("schema", "chain"))["properties"]["task"]["const"]
found["files"] = sorted(path.name for path in Path().iterdir())
print(json.dumps(found))
"""


def test_the_whole_path_without_the_repository(installed: Path, tmp_path: Path) -> None:
    found = json.loads(call(installed, tmp_path, PATH))
    assert str(installed.parents[1]) in found["file"], "the package came from elsewhere"
    names = {entry["name"] for entry in found["list"]}
    assert {path.stem for path in CONFIGS.glob("*/*.yaml") if path.parent.name != "trained"} <= names
    assert all(str(installed.parents[1]) in entry["path"] for entry in found["list"])
    assert abs(found["mine"]["observables"]["plaquette"]["deviation"]) < 4.5
    assert abs(found["dot2"]["energy"] - 3) < 1e-5
    assert abs(found["fresh"]["energy"] - 3) < 1e-4
    assert "mine/report.html" in found["figures"]
    assert found["check"] is True
    assert found["schema"] == "chain"
    assert found["files"] == ["mine", "my.yaml", "su2_2d_8_coupling.h5"]


SAMPLE = ROOT / "tests" / "symmetry" / "sample_project"
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
def light(wheel: Path, tmp_path: Path) -> dict[str, str]:
    """The variables of an environment with the wheel, torch and pytest: its other dependencies are hidden."""
    site = tmp_path / "site"
    _install(wheel, site)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {text.split(">")[0] for text in wanted} - {"torch"}
    (site / "sitecustomize.py").write_text(HIDDEN.format(names={OTHER_NAMES.get(name, name) for name in names}))
    return os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{SAMPLE}", "OMP_NUM_THREADS": "1"}


def test_the_command_and_the_plugin_work_with_torch_and_pytest_alone(light: dict[str, str]) -> None:
    program = [sys.executable, "-B", "-c", WORK]
    ended = subprocess.run(program, cwd=SAMPLE, env=light, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "symmetry: 4 of 4 checks hold" in ended.stdout
