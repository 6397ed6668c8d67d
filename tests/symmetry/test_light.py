"""What the check of a target in Python loads."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parent / "sample_project"


def test_a_target_in_python_loads_neither_numba_nor_h5py():
    code = (
        "import sys; from gaugeflow.cli import main\n"
        "try: main(['check', 'spin_model:bad', '--trials', '4'])\n"
        "except SystemExit as left: assert left.code == 1\n"
        "sys.exit(', '.join({'numba', 'h5py', 'scipy', 'matplotlib', 'pyerrors'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=SAMPLE, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
