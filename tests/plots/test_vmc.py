"""The figures of a wavefunction: what is drawn in them, and that every run has those that it can have."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from gaugeflow import plots, runs
from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.plots.vmc.density import main_axes, pair_correlation, plot_density, plot_pairs
from gaugeflow.plots.vmc.nodes import nodal_slice, plot_nodes
from gaugeflow.plots.vmc.shells import draw_shells
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import Particles, molecule
from tests.places import TRAINED
from tests.wavefunctions.cases import exact_calogero, exact_free, seeded

BASE: dict[str, Any] = {
    "task": "vmc",
    "seed": 2,
    "system": {"name": "harmonic_trap", "n_up": 2, "n_down": 1},
    "wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "deep_sets", "width": 4, "layers": 1}},
    "walkers": {"count": 32, "steps": 2},
    "optimizer": {"name": "adam"},
    "warmup": 2,
    "iterations": 2,
    "evaluation": 2,
}
WAVEFUNCTION = ["density.png", "pairs.png", "nodes.png"]


def names(paths: list[Path]) -> list[str]:
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in paths)
    return [path.name for path in paths]


def test_a_run_with_nodes_has_all_figures(tmp_path: Path) -> None:
    runs.start(VMC, runs.Source(json.dumps(BASE), "test.yaml"), tmp_path / "run", quiet=True)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    assert names(plots.plot_run(tmp_path / "run")) == ["energy.png", "local_energy.png", *WAVEFUNCTION]
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
    (tmp_path / "run" / "checkpoint.pt").unlink()
    assert names(plots.plot_run(tmp_path / "run")) == ["energy.png", "local_energy.png"]


def test_the_density_of_a_report_is_drawn_about_each_centre(tmp_path: Path) -> None:
    system = {"name": "molecule", "unit": "bohr", "atoms": [["H", 0, 0, 0], ["H", 0, 0, 1.4]]}
    density = {"radial": 3, "degree": 4, "sets": 2}
    runs.start(VMC, runs.Source(json.dumps(BASE | {"system": system, "density": density}), "a.yaml"), tmp_path / "run")
    drawn = names(plots.plot_run(tmp_path / "run"))
    assert drawn[-1] == "shells.png"
    canvas, found = Figure(), json.loads((tmp_path / "run" / "report.json").read_text())["density"]
    axes = canvas.subplots()
    draw_shells(axes, found, found["centres"][1])
    assert axes.get_title(loc="left") + axes.get_title() == "about H"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0", "0.69", "out"]
    counted = axes.lines[0].get_ydata()
    np.testing.assert_allclose(counted, [shell[0] for shell in found["centres"][1]["value"]])
    assert sum(counted) == pytest.approx(2)


def test_a_shipped_run_is_drawn_from_its_checkpoint(tmp_path: Path) -> None:
    shutil.copytree(TRAINED / "dot2", tmp_path / "run")
    assert names(plots.plot_run(tmp_path / "run")) == WAVEFUNCTION[:2]  # no two of one spin
    (tmp_path / "run" / "checkpoint.pt").unlink()
    with pytest.raises(UserError, match=r"metrics\.h5: expected the recorded numbers"):
        plots.plot_run(tmp_path / "run")


def test_independent_particles_have_no_correlation() -> None:
    """And the distance of two normal points of width 1 in the plane has the density r/2 exp(-r^2/4)."""
    x = np.random.default_rng(1).normal(size=(40000, 2, 2))
    edges = np.linspace(0, 4, 21)
    pairs, ratio = pair_correlation(x, edges, np.array([0]), np.array([1]))
    exact = np.diff(-np.exp(-(edges**2) / 4)) / np.diff(edges)
    counts = exact * 40000 * 0.2
    assert (np.abs(pairs - exact) * 40000 * 0.2 < 5 * np.sqrt(counts)).all()
    assert (np.abs(ratio - 1) < 5 * np.sqrt(1.2 / counts)).all()
    _, few = pair_correlation(x[:500], edges, np.array([0]), np.array([1]))
    assert np.isnan(few[-1])


def test_particles_that_avoid_each_other_show_it() -> None:
    """Two free fermions on a line, of which the ratio vanishes at contact like r^2."""
    _, psi = exact_free(2, 0, 1)
    generator = seeded()
    x = torch.randn(20000, 2, 1, generator=generator, dtype=torch.float64)
    x, _ = Metropolis(lambda x: 2 * psi(x).log, width=1.0, steps=60).update(x, generator)
    edges = np.array([0.0, 0.4, 0.8, 1.6, 2.4])
    _, ratio = pair_correlation(x.numpy(), edges, np.array([0]), np.array([1]))
    assert ratio[0] < 0.1 < ratio[1] < ratio[2] < ratio[3]


def test_the_sign_in_a_slice_is_that_of_the_exact_wavefunction() -> None:
    """Two fermions in the plane: psi ~ x_1 - x_2 changes its sign along a vertical line through the other one."""
    hamiltonian, psi = exact_free(2, 0, 2)
    walkers = torch.randn(20, 2, 2, generator=seeded(), dtype=torch.float64)
    found = nodal_slice(psi, walkers, hamiltonian)
    ticks = np.linspace(-found.extent, found.extent, len(found.values))
    signs = np.sign(found.values) * np.sign(ticks - found.marks[0, 0])
    assert np.unique(signs).size == 1
    assert np.abs(found.values).max() == 1


def test_on_a_line_two_particles_move() -> None:
    """|Vandermonde| of three particles: zeros on the diagonal and where either meets the third."""
    hamiltonian, psi = exact_calogero(3, 1.0, 2.0)
    walkers = torch.randn(20, 3, 1, generator=seeded(), dtype=torch.float64)
    found = nodal_slice(psi, walkers, hamiltonian)
    np.testing.assert_allclose(found.values, -found.values.T, atol=1e-9)
    assert len(set(found.names)) == 2
    assert len(found.marks) == 0


def test_every_dimension_is_drawn(tmp_path: Path) -> None:
    lih = molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 3.0, 0.0]], "bohr")
    x = torch.randn(200, 4, 3, generator=seeded(), dtype=torch.float64)
    plot_density(tmp_path / "molecule.png", x.numpy(), lih)
    hamiltonian, psi = exact_free(3, 0, 1)
    line = torch.randn(200, 3, 1, generator=seeded(), dtype=torch.float64)
    plot_density(tmp_path / "line.png", line.numpy(), hamiltonian)
    plot_pairs(tmp_path / "pairs.png", line.numpy(), Particles(3, 0, 1))
    plot_nodes(tmp_path / "nodes.png", psi, line, hamiltonian)
    assert len(names(sorted(tmp_path.glob("*.png")))) == 4


def test_a_molecule_lies_along_the_first_axis() -> None:
    centres = np.array([[1.0, 0.0, 0.0], [1.0, 3.0, 0.0], [1.0, 5.0, 0.0]])
    axes = main_axes(centres)
    np.testing.assert_allclose(np.abs(axes[0]), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
