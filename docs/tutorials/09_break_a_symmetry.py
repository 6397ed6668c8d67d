"""
Break a symmetry and see it located
===================================

A deep network is built from layers that are equivariant one by one. If one of them is not, the check says which. It
feeds every layer an exactly transformed input, so that the error of a layer is told apart from what it has inherited.
We put a faulty layer into a gauge-equivariant network, and then ask how small a fault the check still finds.
"""

import matplotlib.pyplot as plt
import torch

from gaugeflow.lattice import hot_start
from gaugeflow.nn import LCNN, GaugeTheory, Layer, LConvBilin, Plaq, Readout
from gaugeflow.symmetry import Links, Scalars, check

# %%
# A network with one bad layer
# ----------------------------
#
# ``Blur`` averages the matrices of neighbouring sites. It forgets to transport them along the link: matrices at
# different sites transform differently, so their sum has no meaning.


class Blur(Layer):
    """Adds a share of the neighbour's matrix, without the links between them."""

    def __init__(self, theory: GaugeTheory, channels: int, share: float) -> None:
        super().__init__(theory, channels, channels)
        self.share = share

    def new_sites(self, links, w):
        return w + self.share * w.roll(-1, 2)


def network(share: float) -> LCNN:
    """Two good layers, the bad one between them, and a readout of traces."""
    theory, generator = GaugeTheory("su2", ndim=2), torch.Generator().manual_seed(1)
    first = LConvBilin(theory, 1, 2, generator=generator)
    last = LConvBilin(theory, 2, 2, generator=generator)
    readout = Readout(theory, 2, generator=generator, over_sites="mean")
    return LCNN(Plaq(theory), first, Blur(theory, 2, share), last, readout=readout)


links = hot_start("su2", (4, 4), torch.Generator().manual_seed(2), chains=2)
bad = network(share=0.1)
report = check(lambda u: bad(u)[:, 0], Links(links), "gauge", out=Scalars, label="network with a bad layer")
print("\n".join(line[:120] for line in str(report).splitlines()[:16]))

# %%
# Where it breaks
# ---------------
#
# The report names the first layer that does not commute with the group, and the smallest lattice that shows it. For
# every layer it has two errors: its own, and the one that came in with its input.

finding = report.findings[0]
print("broken at:", finding.broken_at, "   smallest failing size:", finding.smallest)
layers = [layer for layer in finding.layers if layer.own is not None]
figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
rows = range(len(layers))
floor = 1e-17
axes.barh([row - 0.2 for row in rows], [max(l.own, floor) for l in layers], 0.38, color="#d1603d", label="own")
axes.barh(
    [row + 0.2 for row in rows],
    [max(l.inherited or 0, floor) for l in layers],
    0.38,
    color="#9aa5b1",
    label="inherited",
)
axes.set(
    yticks=rows,
    yticklabels=[f"{l.layer} ({l.kind})" for l in layers],
    xscale="log",
    xlabel="error in units of the output",
    title="Errors by layer",
)
axes.invert_yaxis()
axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)

# %%
# The containers ``LCNN`` and ``stack`` are broken because the layer inside is. Layers behind the bad one have no entry:
# what comes in is no site matrix any more, so nothing can be said of them.
#
# How small a fault is found?
# ---------------------------
#
# We shrink the share of the neighbour. The error is proportional to it. The check decides by comparing the error in
# float32 and in float64, so it still finds a fault far below the rounding of float32.

shares = [10.0**-k for k in (1, 3, 5, 7, 9, 11, 13)]
errors, verdicts = [], []
for share in [*shares, 0.0]:
    part = network(share)
    result = check(lambda u, f=part: f(u)[:, 0], Links(links), "gauge", out=Scalars, trials=8, diagnose=False)
    errors.append(result.findings[0].largest)
    verdicts.append(result.holds)
    print(f"share {share:7.0e}: {result.verdict.value}")

figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
for dtype, colour in (("float32", "#9aa5b1"), ("float64", "#2a6f97")):
    axes.loglog(shares, [error[dtype] for error in errors[:-1]], "o-", color=colour, label=f"error in {dtype}")
missed = [share for share, holds in zip(shares, verdicts[:-1], strict=True) if holds]
if missed:
    axes.axvspan(min(shares) / 3, max(missed) * 3, color="#d1603d", alpha=0.15, label="not found")
axes.set(xlabel="size of the fault", ylabel="largest error", title="The smallest fault that is found")
axes.legend()

# %%
# ``gaugeflow check TARGET --power`` does this for you: it breaks what holds in every way it knows, and sees whether the
# check finds it.
