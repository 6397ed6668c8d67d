"""
A symmetry check in your project's CI
=====================================

A network with a forgotten dagger still trains. A test that transforms the input finds such a mistake in a second.
Installing gaugeflow registers a pytest plugin; the check itself needs torch alone. We write a small project with a
network and its test, run pytest as CI would, and read the report.
"""

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib.pyplot as plt

project = Path(tempfile.mkdtemp())

# %%
# The project
# -----------
#
# It knows nothing of gaugeflow: links are complex tensors ``(batch, D, x, t, N, N)``, and the network returns a matrix
# at each site.

(project / "network.py").write_text('''
import torch


class Staples(torch.nn.Module):
    """A learned mixture of the two plaquettes at each site, as matrices (batch, 1, x, t, N, N)."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.tensor([0.7, 0.3]))

    def forward(self, links):
        x, t = links[:, 0], links[:, 1]
        up = x @ t.roll(-1, 1) @ x.roll(-1, 2).mH @ t.mH
        back = t.roll(1, 2).mH @ x.roll(1, 2) @ t.roll((-1, 1), (1, 2)) @ x.mH
        return (self.weights[0] * up + self.weights[1] * back)[:, None]
''')

# %%
# The test
# --------
#
# The marker says the symmetry: ``group: input -> output``. The test returns the function and an example input. Each
# check runs in float32 and in float64. It passes if the error shrinks with the precision, as rounding does. There is
# no tolerance to choose.

(project / "test_network.py").write_text('''
import pytest
import torch

from network import Staples


def links(group_size=3, shape=(4, 4)):
    """Random unitary matrices."""
    noise = torch.randn(2, 2, *shape, group_size, group_size, dtype=torch.complex128)
    return torch.linalg.qr(noise).Q


@pytest.mark.symmetry("gauge: links -> site_matrices")
def test_the_network_is_gauge_covariant():
    return Staples(), links()


@pytest.mark.symmetry("translations: links -> site_matrices")
def test_the_network_commutes_with_translations():
    return Staples(), links()


@pytest.mark.symmetry("gauge: links -> scalars")
def test_the_trace_is_gauge_invariant():
    network = Staples()
    return (lambda u: network(u).diagonal(dim1=-2, dim2=-1).sum((-1, -2, -3, -4)).real), links()
''')

# %%
# Run it as CI does
# -----------------


def run_pytest() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=report.xml"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.strip() and len(line) < 150]
    print("\n".join(lines[:24]), f"\nexit code {done.returncode}")


run_pytest()

# %%
# The report travels in pytest's JUnit file, which CI servers read. The errors of each check, in units of the output:


def errors() -> dict[str, dict[str, float]]:
    """The largest error of each test by precision."""
    found = {}
    for case in ElementTree.parse(project / "report.xml").iter("testcase"):
        for entry in case.iter("property"):
            if entry.get("name") == "symmetry":
                finding = json.loads(entry.get("value"))["findings"][0]
                found[case.get("name").removeprefix("test_the_")] = finding["largest_error"]
    return found


held = errors()

# %%
# Break it
# --------
#
# Forget one dagger, the usual mistake, and run again.

code = (project / "network.py").read_text()
(project / "network.py").write_text(code.replace("x.roll(-1, 2).mH @ t.mH", "x.roll(-1, 2).mH @ t"))
run_pytest()
broken = errors()

# %%
# The plot shows how the verdict is reached. Rounding errors lie nine orders of magnitude apart in the two precisions.
# A broken symmetry has the same error in both.

figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
for offset, (found, colour, name) in enumerate(
    ((held, "#2a6f97", "as written"), (broken, "#d1603d", "dagger forgotten"))
):
    for dtype, marker in (("float32", "o"), ("float64", "s")):
        heights = [row + 0.25 * offset for row in range(len(found))]
        axes.semilogx(
            [max(error[dtype], 1e-18) for error in found.values()],
            heights,
            marker,
            color=colour,
            label=f"{name}, {dtype}",
        )
axes.set(yticks=range(len(held)), yticklabels=list(held), xlabel="largest error", title="Checks of the project")
axes.invert_yaxis()
axes.legend(fontsize=8, loc="center")

# %%
# Without a line of test code, the shell does the same:
# ``gaugeflow check network:Staples --group "gauge: links -> site_matrices" --junit report.xml``.
