"""Memory of a large lattice, in a process of its own, measured on a smaller one: it grows with the volume."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

STATUS = Path("/proc/self/status")
PROGRAM = f"""
import re
from pathlib import Path
import torch
from gaugeflow.lattice import WilsonAction, cold_start
from gaugeflow.montecarlo import HMC

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("{STATUS}").read_text())[1])

before = peak()
links = cold_start("su3", (12, 12, 12, 12))
HMC(WilsonAction(4, 6.0), length=0.1, step_size=0.05).update(links, torch.Generator().manual_seed(1))
print(peak() - before)
"""


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read where Linux writes it")
def test_hmc_of_a_large_lattice_stays_within_eight_gigabytes():
    """4D SU(3), complex128: 24^4, where the links alone are 191 MB, takes no more than 16 times what 12^4 takes."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=True)
    assert 191e6 / 16 < int(done.stdout) < 8e9 / 16
