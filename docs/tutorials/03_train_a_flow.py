"""
Train a flow, read its ESS, restore exactness
=============================================

A normalizing flow draws independent configurations from a density :math:`q` that it knows. Training brings :math:`q`
close to the target :math:`p = \\exp(-S)/Z`. What remains of the difference is removed by weights or by accept and
reject. We train a small flow for U(1) in two dimensions, where exact results are at hand.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from gaugeflow.flows import Weights, forward_ess
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, cold_start, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import ExactSampler, IndependenceMetropolis
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.tasks.flow.models.coupling import CouplingFlow
from gaugeflow.tasks.flow.models.model import Setting
from gaugeflow.tasks.flow.trainer import Trainer
from gaugeflow.tasks.flow.training import Adam, Schedule, Training

# %%
# Train
# -----
#
# The flow has four coupling layers. Each changes some of the links by a map that a small network chooses, and the
# network sees gauge-invariant features of the other links. So :math:`\log q` is gauge invariant for any value
# of the trainable parameters. Every training step draws new samples from the flow; no data are needed.

shape, beta, group = (8, 8), 2.0, get_group("u1")
generator = torch.Generator().manual_seed(1)
action = WilsonAction(ndim=2, beta=beta)
model = CouplingFlow(
    name="coupling", mask="blocks", block=[4, 4], layers=4, transform="mixture", knots=4, hidden=[16, 16], kernel=1
)
flow = model.build(Setting(action, group, shape, torch.float64, torch.device("cpu"), generator))
training = Training(
    steps=100,
    batch=64,
    optimizer=Adam(name="adam", rate=0.02, beta2=0.99),
    schedule=Schedule(name="cosine", warmup=10, final=0.01),
    clip=10.0,
)
trainer = Trainer(flow, training)
rows = [trainer.step(step, generator) for step in range(training.steps)]
print(sum(p.numel() for p in flow.parameters()), "parameters,", f"{trainer.seconds:.0f} seconds of training")

# %%
# Two effective sample sizes
# --------------------------
#
# A sample :math:`x` of the flow has the weight :math:`w = \exp(-S(x))/q(x)`. The effective sample size (ESS) per sample
# is :math:`(\sum w)^2 / (n \sum w^2)`. It is one for a perfect flow. It cannot see a part of the target that the flow
# never visits. The *forward* ESS takes the weights at samples of the target, where such a part would have huge weights.
# In two dimensions an exact sampler gives such samples; elsewhere take a long Markov chain.

with torch.no_grad():
    links, log_q = flow.sample(8192, generator)
    weights = Weights(flow.log_weight(links, log_q).numpy())
    target, _ = ExactSampler(action).update(cold_start(group, shape, chains=2048), generator)
    at_target = flow.log_weight(target, flow.log_prob(target)).numpy()
print("ESS        ", weights.ess())
print("forward ESS", forward_ess(at_target))

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot([float(row["ess"]) for row in rows], color="#2a6f97")
left.set(xlabel="training step", ylabel="ESS of the batch", title="U(1), 8 x 8, $\\beta$ = 2", ylim=(0, 1))
log_z = float(Exact2D("u1", shape, beta).log_z)
bins = np.linspace(-3, 3, 61)
for log_w, colour, name in ((weights.log, "#2a6f97", "samples of the flow"), (at_target, "#d1603d", "of the target")):
    right.hist(log_w - log_z, bins, density=True, histtype="step", color=colour, linewidth=1.6, label=name)
right.set(xlabel="$\\log w - \\log Z$", ylabel="density", title="Log-weights", ylim=(0, 1.4))
right.legend(loc="upper right")

# %%
# The two numbers agree, so the flow has missed nothing that the target visits. See
# :doc:`/concepts/effective-sample-size` for a case where they do not.
#
# Exact averages
# --------------
#
# *Reweighting* keeps every sample and its weight. It also gives :math:`\log Z`, which a Markov chain cannot.
# *Independence Metropolis* accepts a new sample with probability :math:`\min(1, w'/w)`. Its chain has the target
# density, whatever the flow is. The plain average over the flow, shown for comparison, is biased.

samples = plaquette(links).numpy()
chain, field = [], links[:256]
sampler = IndependenceMetropolis(flow, action)
for _ in range(30):
    field, info = sampler.update(field, generator)
    chain.append(plaquette(field))
results = {
    "flow alone": estimate(samples),
    "reweighted": weights.mean(samples),
    "Metropolis": estimate(torch.stack(chain, 1)),
}
exact = float(Exact2D("u1", shape, beta).plaquette)
for name, found in results.items():
    print(f"{name:11} {found!s:>14}   {(found.value - exact) / found.error:+.1f} errors from exact {exact:.6f}")
print(f"log Z       {weights.log_z()!s:>14}   exact {log_z:.6f}")

figure, axes = plt.subplots(figsize=(7, 2.4), layout="constrained")
for height, found in enumerate(results.values()):
    axes.errorbar(found.value, height, xerr=found.error, fmt="o", color="#2a6f97")
axes.axvline(exact, color="#d1603d", linestyle="--", label="exact")
axes.set(yticks=range(3), yticklabels=results, ylim=(2.6, -0.6), xlabel="plaquette", title="Exactness restored")
axes.legend()

# %%
# The shipped flows are trained for longer; the :doc:`results </results/index>` list them. From the shell, the whole
# page is ``gaugeflow run u1_2d_8_coupling``.
