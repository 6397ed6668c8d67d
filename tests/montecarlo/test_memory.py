"""Memory of a large lattice, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import resource
import torch
from gaugeflow.lattice import WilsonAction, cold_start
from gaugeflow.montecarlo import HMC

links = cold_start("su3", (24, 24, 24, 24))
HMC(WilsonAction(4, 6.0), length=0.1, step_size=0.05).update(links, torch.Generator().manual_seed(1))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def test_hmc_of_a_large_lattice_stays_within_eight_gigabytes():
    """4D SU(3), 24^4, complex128: the links alone are 191 MB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=True)
    peak = int(done.stdout)
    assert 0.4e9 < peak < 8e9
