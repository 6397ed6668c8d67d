"""
A Markov chain against exact results
====================================

Gauge theory in two dimensions is solved in closed form, also on a finite torus. So a Markov chain can be checked
against exact numbers, for loops of any size. We do this for SU(2), and see how a chain freezes for U(1).
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, charge_geometric, cold_start, hot_start, plaquette, wilson_loops
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath
from gaugeflow.montecarlo.errors import autocorrelation, estimate

# %%
# Thermalisation
# --------------
#
# The action is :math:`S = \beta \sum_x (1 - \frac{1}{N} \mathrm{Re\,tr}\,P(x))`, and the weight of a configuration is
# :math:`\exp(-S)`. A chain starts far from typical configurations: all links equal to one (a cold start), or all links
# random (a hot start). Both must arrive at the same plaquette. Many chains move together as one batch.

beta, shape, group = 2.2, (16, 16), get_group("su2")
generator = torch.Generator().manual_seed(1)
action = WilsonAction(ndim=2, beta=beta)
exact = Exact2D("su2", shape, beta)
starts = {
    "cold start": cold_start(group, shape, chains=16),
    "hot start": hot_start(group, shape, generator, chains=16),
}

figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, links), colour in zip(starts.items(), ("#2a6f97", "#9aa5b1"), strict=True):
    sampler = HeatBath(action)
    history = [plaquette(links).mean().item()]
    for _ in range(25):
        links, _ = sampler.update(links, generator)
        history.append(plaquette(links).mean().item())
    axes.plot(history, "o-", color=colour, markersize=4, label=name)
axes.axhline(float(exact.plaquette), color="#d1603d", linestyle="--", label="exact")
axes.set(xlabel="heat-bath sweep", ylabel="plaquette", title="SU(2), 16 x 16, $\\beta$ = 2.2")
axes.legend()

# %%
# A few sweeps are enough here. We discard more than that, and then measure all Wilson loops up to 4 x 4.
#
# Measurements and errors
# -----------------------
#
# ``estimate`` takes an array ``(chains, measurements)``. It returns the mean with an error that accounts for the
# autocorrelation of the chain. ``0.4645(12)`` means :math:`0.4645 \pm 0.0012`.

sampler = HeatBath(action, overrelaxation=1)
loops = []
for _ in range(400):
    links, _ = sampler.update(links, generator)
    loops.append(wilson_loops(links, 4, 4))  # (chains, 4, 4)
loops = torch.stack(loops, 1)  # (chains, measurements, 4, 4)

print(f"{'loop':8} {'measured':>14} {'exact':>10} {'difference in errors':>22}")
sides = [(r, t) for r in range(1, 5) for t in range(r, 5)]
found = {}
for r, t in sides:
    found[r, t] = estimate(loops[:, :, r - 1, t - 1])
    known = float(exact.wilson_loop(r, t))
    print(f"W({r},{t})   {found[r, t]!s:>14} {known:10.6f} {(found[r, t].value - known) / found[r, t].error:22.2f}")

# %%
# The differences are of the order of one error. They go together, because all loops were measured on the same fields.
# An area law is exact in two dimensions: on the logarithmic scale the loops lie on a straight line. Its slope is the
# string tension.

area = np.array([r * t for r, t in sides])
value, error = (np.array([getattr(found[side], name) for side in sides]) for name in ("value", "error"))
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
ticks = np.arange(1, 17)
axes.semilogy(ticks, float(exact.plaquette) ** ticks, color="#d1603d", linestyle="--", label="exact, infinite volume")
seen = value > 2 * error
axes.errorbar(area[seen], value[seen], error[seen], fmt="o", color="#2a6f97", label="measured")
axes.set(xlabel="area $R T$", ylabel="$W(R, T)$", title="Area law of SU(2) in two dimensions, $\\beta$ = 2.2")
axes.legend()

# %%
# When a chain freezes
# --------------------
#
# For U(1) the topological charge :math:`Q = \frac{1}{2\pi} \sum_x \arg P(x)` is an integer. Local updates change it
# ever more rarely as :math:`\beta` grows. The integrated autocorrelation time :math:`\tau_\text{int}` of
# :math:`Q^2` shows it: an error grows like :math:`\sqrt{2 \tau_\text{int}}`.

figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
print(f"{'beta':5} {'<Q^2> measured':>16} {'exact':>8} {'tau_int':>8}  warning")
for beta, colour in ((1.0, "#9aa5b1"), (3.0, "#2a6f97"), (5.0, "#22303c")):
    action = WilsonAction(2, beta)
    sampler = HMC(action, step_size=0.2)
    links = hot_start(get_group("u1"), (8, 8), generator, chains=64)
    for sampler.warmup, count in ((True, 50), (False, 250)):
        charges = []
        for _ in range(count):
            links, _ = sampler.update(links, generator)
            charges.append(charge_geometric(links))
    squares = torch.stack(charges, 1) ** 2
    result = estimate(squares)
    known = float(Exact2D("u1", (8, 8), beta).charge_squared)
    print(f"{beta:5} {result!s:>16} {known:8.4f} {result.tau_int:8.1f}  {result.warning}")
    rho = autocorrelation(squares, max_lag=40)
    axes.errorbar(range(len(rho.rho)), rho.rho, rho.error, color=colour, label=f"$\\beta$ = {beta:g}")
axes.set(xlabel="trajectories", ylabel="autocorrelation of $Q^2$", title="U(1), 8 x 8, hybrid Monte Carlo")
axes.legend()

# %%
# Where the warning stands, the chain is too short for its own autocorrelation, and its error must not be trusted.
#
# An :class:`~gaugeflow.montecarlo.ExactSampler` draws independent configurations in two dimensions, and a
# normalizing flow can be trained to do nearly the same. The tutorial on flows goes on from here.
