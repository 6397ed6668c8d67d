"""
An L-CNN that learns a Wilson loop
==================================

A gauge-equivariant convolutional network (L-CNN, arXiv:2012.12901) builds loops from smaller loops: it transports
matrices along links and multiplies them. We train one to give the 1 x 2 Wilson loop of SU(2) from plaquettes, and hold
it against a plain convolutional network. The network is made for its target: one layer of products contains the
1 x 2 loop exactly. The question is whether training finds it.
"""

import matplotlib.pyplot as plt
import torch

from gaugeflow.lattice import WilsonAction, hot_start, loop_traces
from gaugeflow.montecarlo import HeatBath
from gaugeflow.nn import LCNN, Fit, GaugeTheory, LConvBilin, LinkCNN, Plaq, Readout, levenberg_marquardt
from gaugeflow.nn.least_squares import gather, scatter, substituted
from gaugeflow.symmetry import Links, assert_invariant

generator = torch.Generator().manual_seed(1)

# %%
# Data
# ----
#
# Configurations at six couplings on 8 x 8, so that the loop takes many values, and larger ones for the test. The label
# of a configuration is the loop at every site.

LOOP = "+x +t +t -x -t -t"


def draw(shape: tuple[int, int], each: int) -> tuple[torch.Tensor, torch.Tensor]:
    """``each`` configurations at each coupling, and the loop at every site."""
    fields = []
    for beta in (0.5, 1.0, 2.0, 3.0, 4.0, 6.0):
        sampler, links = HeatBath(WilsonAction(2, beta), overrelaxation=1), hot_start("su2", shape, generator, each)
        for _ in range(20):
            links, _ = sampler.update(links, generator)
        fields.append(links)
    links = torch.cat(fields)
    return links, loop_traces(links, LOOP).real


train, labels = draw((8, 8), 1)
test, truth = draw((32, 32), 4)

# %%
# The network
# -----------
#
# ``Plaq`` gives the plaquette matrix at every site. ``LConvBilin`` transports matrices from neighbours and multiplies
# them with those of the site. The readout takes traces. Every layer commutes with gauge transformations, whatever its
# weights are; ``rotations`` would tie weights further.

theory = GaugeTheory("su2", ndim=2)
layer = LConvBilin(theory, 1, 2, generator=generator, paths=["", "+x", "+t"])
network = LCNN(Plaq(theory), layer, readout=Readout(theory, 2, generator=generator))
parameters = sum(p.numel() for p in network.parameters())
report = assert_invariant(
    lambda links: network(links).sum((1, 2, 3)), Links(train[:1]), "gauge * translations", label="L-CNN"
)
print("\n".join(str(report).splitlines()[:4]))

# %%
# Training
# --------
#
# The output is a polynomial of few parameters. Levenberg-Marquardt iterations solve such a least-squares problem to the
# last digit. The plain network has about as many parameters; it sees the entries of the links, which change under gauge
# transformations, and is trained by Adam.


def residuals(x: torch.Tensor, fields: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return substituted(network, x, (fields,))[:, 0] - values


fit, losses = Fit(0.3 * gather(network)), []
for _ in range(60):
    fit = levenberg_marquardt(residuals, fit, (train, labels))
    losses.append(fit.loss)
    if fit.loss < 1e-28:
        break
scatter(network, fit.x)

plain = LinkCNN.of_size(theory, parameters, 2, generator=generator)
optimizer, plain_losses = torch.optim.Adam(plain.parameters(), lr=0.01), []
for _ in range(200):
    optimizer.zero_grad()
    loss = (plain(train)[:, 0] - labels).square().mean()
    loss.backward()
    optimizer.step()
    plain_losses.append(loss.item())

# %%
# On a larger lattice
# -------------------
#
# A convolution serves any lattice. The mean loop of each test configuration against the prediction:

with torch.no_grad():
    predicted, guessed = network(test)[:, 0].mean((1, 2)), plain(test)[:, 0].mean((1, 2))
exact = truth.mean((1, 2))
print(f"mean squared error on 32 x 32: L-CNN {(predicted - exact).square().mean():.1e}", end=", ")
print(f"plain {(guessed - exact).square().mean():.1e}, variance of the target {exact.var():.1e}")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.loglog(range(1, len(losses) + 1), losses, color="#2a6f97", label=f"L-CNN, {parameters} parameters")
left.loglog(range(1, 201), plain_losses, color="#9aa5b1", label="plain convolutions")
left.set(xlabel="iteration", ylabel="mean squared error per site", title="Training on 8 x 8")
left.legend(loc="lower left")
right.plot(exact, predicted, "o", color="#2a6f97", label="L-CNN")
right.plot(exact, guessed, "s", color="#9aa5b1", markersize=4, label="plain convolutions")
right.axline((0, 0), slope=1, color="#d1603d", linestyle="--", linewidth=1)
right.set(xlabel="mean of the 1 x 2 loop", ylabel="prediction", title="Test on 32 x 32")
right.legend()

# %%
# Not every start ends at zero: some end on a plateau and must begin again with new weights. The task ``regression``
# does that by itself, and counts the attempts. :doc:`The results </results/index>` go up to 4 x 4 loops.
