"""
Helium's energy with an honest error
====================================

Variational Monte Carlo gives an upper bound of the ground-state energy. Two mistakes are common. The average *during*
training is not an energy, because the parameters change. And the error of a chain of walkers is too small if its
autocorrelation is left out. We take the helium wavefunction that is shipped with the package, trained beforehand,
freeze it, and measure.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from gaugeflow.montecarlo.errors import estimate
from gaugeflow.random import stream
from gaugeflow.runs import open_run
from gaugeflow.wavefunctions import local_energy
from gaugeflow.wavefunctions.systems.walkers import initial_walkers

# %%
# A trained wavefunction
# ----------------------
#
# ``open_run`` takes the name of a shipped run, or the path of one of yours. ``run.task`` holds what its checkpoint
# holds: the wavefunction, the walkers, the sampler.

run = open_run("he")
task = run.task
psi, hamiltonian, sampler = task.psi, task.hamiltonian, task.sampler
print(sum(p.numel() for p in psi.parameters()), "parameters,", task.config.iterations, "iterations of training")

# %%
# Frozen parameters, new walkers
# ------------------------------
#
# The local energy :math:`E_L(x) = (H \psi)(x) / \psi(x)` is constant for an exact eigenfunction. Its mean over
# :math:`|\psi|^2` is the energy. The parameters were fitted to the walkers of the training. So we draw new walkers, and
# let them move until they have forgotten where they began, while the width of their moves is tuned. From then on the
# width stands. We take the local energy of every walker after every five moves. Nothing is clipped.

generator = stream("tutorial", 7)
walkers, energies = initial_walkers(hamiltonian, 256, torch.float64, "cpu", generator), []
sampler.warmup = True
for _ in range(50):
    walkers, _ = sampler.update(walkers, generator)
sampler.warmup, sampler.steps = False, 5
for _ in range(150):
    walkers, _ = sampler.update(walkers, generator)
    energies.append(local_energy(psi, hamiltonian, walkers))
energies = torch.stack(energies, 1)  # (walkers, measurements), in hartree

found = estimate(energies)
reference = hamiltonian.reference
naive = energies.std().item() / energies.numel() ** 0.5
print(f"energy {found} hartree, tau_int {found.tau_int:.2f}")
print(f"error without autocorrelation {naive:.2e}, with it {found.error:.2e}")
print(f"exact {reference.energy:.6f}, difference {(found.value - reference.energy) / found.error:+.1f} errors")
print(f"variance of the local energy {energies.var().item():.2e} hartree^2")

# %%
# An energy several errors *below* the exact one would be a bug, not a record.
#
# Does the error mean what it says?
# ---------------------------------
#
# Blocking is an independent test. Cut each chain into blocks and take the error from the scatter of their means. As the
# blocks grow it rises to the honest value, and then fluctuates because few blocks are left.

lengths = [1, 2, 3, 5, 6, 10, 15, 25, 30]
blocked = [
    (energies.reshape(len(energies), -1, n).mean(2).std() / (energies.numel() / n) ** 0.5).item() for n in lengths
]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.semilogx(lengths, blocked, "o-", color="#2a6f97", label="blocking")
left.axhline(found.error, color="#d1603d", linestyle="--", label="Gamma method")
left.set(xlabel="length of a block", ylabel="error (hartree)", title="Error of helium's energy", ylim=(0, None))
left.legend(loc="lower right")
spread = 4 * energies.std().item()
right.hist(energies.flatten(), np.linspace(found.value - spread, found.value + spread, 80), color="#9aa5b1")
right.axvline(reference.energy, color="#d1603d", linestyle="--", label="exact energy")
right.set(xlabel="local energy (hartree)", ylabel="count", title="Local energies of frozen walkers", yscale="log")
right.legend()

# %%
# The error here is that of a short measurement. ``gaugeflow report he`` prints the long one, and
# ``gaugeflow report he --fresh`` repeats it with other random numbers. :doc:`/concepts/errors` explains the method.
