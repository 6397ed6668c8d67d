"""
Other people's configuration files
==================================

A lattice configuration often comes as a file that another program wrote. gaugeflow reads the common formats, verifies
their checksums, and measures. Here we play both parts: we write files as another group would, and read them back.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.io import convert, read, write
from gaugeflow.lattice import WilsonAction, gradient_flow, hot_start, loop_traces, plaquette, polyakov
from gaugeflow.montecarlo import HeatBath

# %%
# Write two files
# ---------------
#
# A short heat bath makes an SU(3) configuration on :math:`8^3 \times 4` at :math:`\beta = 6`. Links have the shape
# ``(batch, D, x, y, z, t, 3, 3)``; a file holds one configuration.

folder = Path(tempfile.mkdtemp())
generator = torch.Generator().manual_seed(1)
links = hot_start(get_group("su3"), (8, 8, 8, 4), generator)
sampler = HeatBath(WilsonAction(ndim=4, beta=6.0), overrelaxation=2)
for _ in range(100):
    links, _ = sampler.update(links, generator)

write(folder / "conf.nersc", links)
write(folder / "conf.lime", links)  # ILDG: a SciDAC checksum, and an XML description in a LIME container
for path in sorted(folder.iterdir()):
    print(path.name, path.stat().st_size, "bytes")

# %%
# A NERSC file begins with a header in plain text. The reader holds every line of it against the data.

print((folder / "conf.nersc").read_bytes()[:600].decode(errors="replace").partition("END_HEADER")[0])

# %%
# Read and measure
# ----------------
#
# The format is found by the content of the file, not by its name. From the shell the same is
# ``gaugeflow measure conf.lime conf.nersc``; with ``--flow 0:1.5:0.05`` also the curve at the end of this page.

for name in ("conf.nersc", "conf.lime"):
    found = read(folder / name)
    print(f"{name:11} {found.format:6} {found.group} {found.shape} plaquette {plaquette(found.links).item():.12f}")
print("Polyakov loop", polyakov(found.links).item())

# %%
# Convert
# -------
#
# ``convert`` reads, verifies, and writes with new checksums. Options of a format are keywords. Single precision halves
# the file, and the plaquette changes in its seventh digit.

convert(folder / "conf.lime", folder / "single.nersc", precision=32)
single = read(folder / "single.nersc")
print(f"{single.links.dtype}, plaquette {plaquette(single.links).item():.12f}")

# %%
# Damage is found
# ---------------
#
# We change one byte in the middle of the file. Nothing is read from it any more.

content = bytearray((folder / "conf.nersc").read_bytes())
content[len(content) // 2] ^= 1
(folder / "damaged.nersc").write_bytes(content)
try:
    read(folder / "damaged.nersc")
except UserError as error:
    print(str(error).replace(str(folder), "..."))

# %%
# Smooth the field
# ----------------
#
# The gradient flow smooths a configuration over a radius :math:`\sqrt{8t}`. The dimensionless energy
# :math:`t^2 \langle E(t) \rangle` sets the scale: :math:`t_0` is where it is 0.3. One small lattice with a short time
# extent gives no physical scale, but it shows the shape of the curve.

flowed = gradient_flow(read(folder / "conf.lime").links, 1.5, 0.05)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", width_ratios=(1.3, 1, 1))
left.plot(flowed.time, flowed.t2e[:, 0], color="#2a6f97")
left.axhline(0.3, color="#d1603d", linestyle="--")
left.set(xlabel="flow time $t/a^2$", ylabel="$t^2 E(t)$", title="SU(3), $8^3 \\times 4$, $\\beta$ = 6")
for axes, field, title in ((middle, links, "$1 - P_{xy}$ at $t = 0$"), (right, flowed.links, "after the flow")):
    density = 1 - loop_traces(field, "+x +y -x -y").real[0, :, :, 0, 0]  # at every site of one x-y plane
    image = axes.imshow(density.numpy(), cmap="magma", vmin=0, origin="lower")
    axes.set(title=title, xlabel="y", ylabel="x")
    figure.colorbar(image, ax=axes, shrink=0.8)
