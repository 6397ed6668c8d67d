"""
A quantum dot with determinant, Pfaffian and pair product
=========================================================

Three antisymmetric forms on one network: a sum of Slater determinants, a sum of Pfaffians of pair functions, and a sum
of products of pair functions. The system is two electrons in a two-dimensional harmonic trap with
:math:`\\omega = 1`. They repel each other by :math:`1/r`. The ground-state energy is known: 3 hartree.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from gaugeflow.montecarlo.errors import estimate
from gaugeflow.runs import Record, Source, validate
from gaugeflow.tasks import VMC, VMCConfig

# %%
# One configuration, three times
# ------------------------------
#
# A wavefunction is ``ansatz(backbone(x))`` times factors that hold the cusps. Only the line of the ansatz differs.

CONFIGURATION = """
task: vmc
seed: 1
system: {name: quantum_dot, n_up: 1, n_down: 1, dimension: 2, omega: 1.0}
wavefunction:
  ansatz: ANSATZ
  backbone: {name: ferminet, layers: [[16, 8], [16, 8]]}
walkers: {count: 128, move: all, width: 0.5, steps: 5}
optimizer: {name: spring, rate: 0.3, decay: 50}
warmup: 20
iterations: 100
evaluation: 40
"""
ANSATZ = {
    "determinant": "{name: determinant, terms: 2}",
    "Pfaffian": "{name: pfaffian, terms: 2, pairing: 2}",
    "pair product": "{name: pair_product, terms: 1, pairing: 2}",
}


def train(ansatz: str) -> tuple[VMC, Record]:
    """All steps of the task, without a run directory."""
    source = Source(CONFIGURATION.replace("ANSATZ", ansatz), "tutorial")
    task, record = VMC(validate(VMCConfig, source)), Record()
    task.begin()
    for step in range(task.steps):
        task.step(step, record)
    return task, record


trained = {name: train(ansatz) for name, ansatz in ANSATZ.items()}

# %%
# Energies
# --------
#
# The energy of a row is that of frozen parameters after training. The variance of the local energy is zero for the
# exact wavefunction; it tells how good the whole function is, where the energy alone sees its square.

for name, (task, record) in trained.items():
    energies = record.metrics.columns("evaluation")["energy"].T  # (walkers, measurements)
    count = sum(p.numel() for p in task.psi.parameters())
    print(f"{name:13} {estimate(energies)!s:>16} hartree, variance {energies.var():.1e}, {count} parameters")

figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, (_, record)), colour in zip(trained.items(), ("#2a6f97", "#d1603d", "#22303c"), strict=True):
    training = record.metrics.columns("training")
    axes.semilogy(np.sqrt(training["variance"]), color=colour, label=name)
axes.set(xlabel="iteration", ylabel="deviation of the local energy (hartree)", title="Two electrons in a trap")
axes.legend()

# %%
# What the wavefunction looks like
# --------------------------------
#
# One electron is held on the right of the centre, at one bohr. The other moves through the plane: it avoids its
# partner, and the cusp there makes the local energy finite where they meet.

ticks = torch.linspace(-2.5, 2.5, 101, dtype=torch.float64)
place = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1).reshape(-1, 1, 2)
held = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64).expand_as(place)
figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", sharey=True)
for axes, (name, (task, _)) in zip(panels, trained.items(), strict=True):
    with torch.no_grad():
        density = (2 * task.psi(torch.cat([place, held], 1)).log).exp().reshape(101, 101)
    axes.pcolormesh(ticks, ticks, density / density.max(), cmap="Blues", rasterized=True)
    axes.plot(1.0, 0.0, "o", color="#d1603d")
    axes.set(title=name, xlabel="x (bohr)", aspect="equal")
panels[0].set_ylabel("y (bohr)")

# %%
# For two electrons of opposite spin all three forms can be exact, and they agree. They differ in their nodes once equal
# spins come in: the :doc:`results </results/index>` hold beryllium with the three side by side, and
# :doc:`/concepts/nodes` says why.
