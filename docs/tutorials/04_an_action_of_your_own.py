"""
A flow for an action of your own
================================

An action is a class with one formula. The force follows from it by automatic differentiation, and every flow and every
sampler that needs no special structure takes it. Here: U(1) with a second harmonic of the plaquette angle,

.. math:: S = \\sum_x \\bigl[\\beta\\,(1 - \\cos \\theta_P) + \\gamma\\,(1 - \\cos 2 \\theta_P)\\bigr] ,

which has two minima for each plaquette angle :math:`\\theta_P` if :math:`\\gamma > \\beta / 4`.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from gaugeflow.flows import Weights
from gaugeflow.groups import get_group
from gaugeflow.lattice import LINKS, Action, hot_start, loop_traces
from gaugeflow.montecarlo import HMC
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.symmetry import Links, assert_invariant
from gaugeflow.tasks.flow.models.coupling import CouplingFlow
from gaugeflow.tasks.flow.models.model import Setting
from gaugeflow.tasks.flow.trainer import Trainer
from gaugeflow.tasks.flow.training import Adam, Schedule, Training

# %%
# The action
# ----------
#
# ``space`` says what the field is, ``__call__`` returns one number for each configuration of the batch.


class TwoHarmonics(Action):
    """beta (1 - cos P) + gamma (1 - cos 2P), summed over plaquettes."""

    space = LINKS

    def __init__(self, beta: float, gamma: float) -> None:
        self.beta, self.gamma = beta, gamma

    def __call__(self, links):
        """``(batch, 2, x, t)`` to ``(batch,)``."""
        cosine = loop_traces(links, "+x +t -x -t").real  # (batch, x, t)
        density = self.beta * (1 - cosine) + self.gamma * 2 * (1 - cosine**2)
        return density.flatten(1).sum(1)


# %%
# Two lines test it: the force against finite differences, and the symmetries in two precisions.

generator = torch.Generator().manual_seed(1)
action, group, shape = TwoHarmonics(beta=0.5, gamma=0.75), get_group("u1"), (4, 4)
action.assert_force(hot_start(group, shape, generator, chains=2), generator)
report = assert_invariant(
    action, Links(hot_start(group, shape, generator)), "gauge * translations * hypercubic * charge"
)
print("\n".join(str(report).splitlines()[:4]))

# %%
# The flow
# --------
#
# The same coupling flow as for Wilson's action, with splines this time. It learns both minima by itself.

model = CouplingFlow(name="coupling", mask="blocks", block=[4, 4], layers=4, knots=8, hidden=[16], kernel=1)
flow = model.build(Setting(action, group, shape, torch.float64, torch.device("cpu"), generator))
training = Training(
    steps=100,
    batch=128,
    optimizer=Adam(name="adam", rate=0.03, beta2=0.99),
    schedule=Schedule(name="cosine", warmup=5, final=0.01),
    clip=10.0,
)
trainer = Trainer(flow, training)
ess = [float(trainer.step(step, generator)["ess"]) for step in range(training.steps)]

with torch.no_grad():
    links, log_q = flow.sample(8192, generator)
    weights = Weights(flow.log_weight(links, log_q).numpy())
print("ESS", weights.ess(), " log Z", weights.log_z())

# %%
# Against a Markov chain
# ----------------------
#
# Hybrid Monte Carlo samples the same action by another way. The distribution of the plaquette angle must agree.

sampler = HMC(action, step_size=0.3)
field = hot_start(group, shape, generator, chains=128)
angles, actions = [], []
for sampler.warmup, count in ((True, 50), (False, 150)):
    for _ in range(count):
        field, _ = sampler.update(field, generator)
        if not sampler.warmup:
            angles.append(loop_traces(field, "+x +t -x -t").angle())
            actions.append(action(field))


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(ess, color="#2a6f97")
left.set(xlabel="training step", ylabel="ESS of the batch", ylim=(0, 1), title="Training")
bins = np.linspace(-np.pi, np.pi, 49)
mine = loop_traces(links, "+x +t -x -t").angle()
w = torch.from_numpy(weights.scaled)[:, None, None].expand_as(mine)
right.hist(torch.stack(angles).flatten(), bins, density=True, color="#9aa5b1", alpha=0.6, label="hybrid Monte Carlo")
right.hist(
    mine.flatten(), bins, density=True, weights=w.flatten(), histtype="step", color="#2a6f97", label="flow, reweighted"
)
right.set(xlabel="plaquette angle", ylabel="density", title="U(1), 4 x 4, two harmonics", ylim=(0, 0.62))
right.legend(loc="upper right")

print("<S>, flow, reweighted  ", weights.mean(action(links).numpy()))
print("<S>, hybrid Monte Carlo", estimate(torch.stack(actions, 1)))

# %%
# In a configuration file the same action is
# ``action: {name: python, object: my_theory:TwoHarmonics, options: {beta: 0.5, gamma: 0.75}}``,
# for chains and for flows alike. See :doc:`/how-to/own-action`.
