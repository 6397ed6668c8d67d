"""What is measured of every configuration: the observables that programs compare, with their conventions."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gaugeflow.groups import U1, group_of
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice import charge, observables
from gaugeflow.lattice.fields import lattice_shape

__all__ = ["CONVENTIONS", "values_of"]

CONVENTIONS = {
    "plaquette": "(1/N) Re tr P, mean over sites and planes",
    "plaquette_spatial": "the same over planes without t",
    "plaquette_temporal": "the same over planes with t",
    "link_trace": "(1/N) Re tr U, mean over links",
    "polyakov": "(1/N) tr of the product along t, mean over space: re, im",
    "charge_plaquette": "Q from the plaquette's field strength, 4D",
    "charge_clover": "Q from the clover's field strength, 4D",
    "charge_improved": "5/3 Q_clover - 1/6 Q[(C_2x1 + C_1x2)/8], 4D",
    "unitarity_violation": "largest |U U^dagger - 1| or |det U - 1|",
    "polyakov_x": "the Polyakov loop along x, mean over the other axes: re, im",
    "polyakov_y": "the same along y",
    "polyakov_z": "the same along z",
    "charge_geometric": "Q = (1/2 pi) sum arg P, an integer, U(1) in 2D",
}
"""Names, in the order in which they are shown, and what exactly the numbers are."""


def values_of(links: Tensor) -> Mapping[str, Tensor]:
    """Each quantity of each configuration, ``(batch,)``; what a lattice does not have is missing."""
    ndim = len(lattice_shape(links))
    found = {
        **_plaquettes(links),
        "link_trace": observables.link_trace(links),
        "polyakov": observables.polyakov(links),
        **{f"polyakov_{name}": observables.polyakov(links, axis) for axis, name in enumerate("xyz"[: ndim - 1])},
    }
    if ndim == 4:
        found |= charge.charges(links, light_backend(links))
    if ndim == 2 and isinstance(group_of(links), U1):
        found["charge_geometric"] = charge.charge_geometric(links).round()
    return found


def _plaquettes(links: Tensor) -> dict[str, Tensor]:
    ndim = len(lattice_shape(links))
    means = observables.plaquette_planes(links, light_backend(links))
    temporal = torch.tensor([nu == ndim - 1 for _, nu in observables.planes(ndim)])
    found = {"plaquette": means.mean(-1), "plaquette_temporal": means[:, temporal].mean(-1)}
    return found | ({"plaquette_spatial": means[:, ~temporal].mean(-1)} if ndim > 2 else {})
