"""Observables of link fields, one value for each configuration of the batch.

Conventions: the plaquette is ``(1/N) Re tr P`` averaged over sites and planes, the Polyakov loop ``(1/N) tr`` of the
product along t averaged over space, the link trace ``(1/N) Re tr U`` averaged over links. Lattice means are summed and
returned in double precision.
"""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.fields import check_links, lattice_shape
from gaugeflow.lattice.loops import mean_loop_traces, mean_over_sites
from gaugeflow.lattice.paths import rectangle

__all__ = [
    "creutz_ratio",
    "link_trace",
    "plaquette",
    "plaquette_planes",
    "plaquette_spatial",
    "plaquette_temporal",
    "polyakov",
    "static_potential",
    "unitarity_violation",
    "wilson_loop",
    "wilson_loops",
]


def planes(ndim: int) -> list[tuple[int, int]]:
    """The D(D-1)/2 planes (mu, nu), mu < nu, in lexicographic order."""
    return [(mu, nu) for mu in range(ndim) for nu in range(mu + 1, ndim)]


def plaquette_planes(links: Tensor, backend: str = "auto") -> Tensor:
    """Mean plaquette of each plane, ``(batch, D(D-1)/2)``, planes in the order (x,y), (x,z), ..., (z,t).

    ``backend`` is that of :func:`~gaugeflow.kernels.get_kernels`; so for the means over planes.
    """
    loops = [rectangle(mu, nu, 1, 1) for mu, nu in planes(len(lattice_shape(links)))]
    return mean_loop_traces(links, loops, backend).real


def plaquette(links: Tensor, backend: str = "auto") -> Tensor:
    """Mean plaquette over sites and planes, ``(batch,)``."""
    return plaquette_planes(links, backend).mean(-1)


def plaquette_spatial(links: Tensor, backend: str = "auto") -> Tensor:
    """Mean plaquette over the planes without t, ``(batch,)``; NaN in two dimensions, which have none."""
    ndim = len(lattice_shape(links))
    return plaquette_planes(links, backend)[:, [i for i, (_, nu) in enumerate(planes(ndim)) if nu < ndim - 1]].mean(-1)


def plaquette_temporal(links: Tensor, backend: str = "auto") -> Tensor:
    """Mean plaquette over the planes with t, ``(batch,)``."""
    ndim = len(lattice_shape(links))
    return plaquette_planes(links, backend)[:, [i for i, (_, nu) in enumerate(planes(ndim)) if nu == ndim - 1]].mean(-1)


def link_trace(links: Tensor) -> Tensor:
    """``(1/N) Re tr U`` averaged over all links, ``(batch,)``; not gauge invariant, but headers quote it."""
    return mean_over_sites(check_links(links).trace(links).real)


def polyakov(links: Tensor, axis: int = -1) -> Tensor:
    """Polyakov loop, ``(1/N) tr`` of the product of all links along t, averaged over space: complex ``(batch,)``.

    With ``axis``, along another one, averaged over the rest.
    """
    group = check_links(links)
    along = range(len(lattice_shape(links)))[axis]
    slices = links[:, along].unbind(along + 1)
    product = slices[0]
    for step in slices[1:]:
        product = group.mul(product, step)
    return mean_over_sites(group.trace(product))


def wilson_loops(links: Tensor, longest_r: int, longest_t: int) -> Tensor:
    """All W(R, T), R <= ``longest_r`` along a spatial axis, T <= ``longest_t`` along t: ``(batch, R, T)``.

    ``(1/N) Re tr`` averaged over sites and spatial axes; loops share their beginnings.

    Raises:
        UserError: a side is not between 1 and the extent of its axis.
    """
    shape = lattice_shape(links)
    time = len(shape) - 1
    for side, extent, axes in ((longest_r, min(shape[:-1]), "spatial"), (longest_t, shape[-1], "t")):
        if not 1 <= side <= extent:
            raise UserError(f"Wilson loop: expected 1 <= side <= {extent} on the {axes} axes of {shape}, got {side}")
    sides = [(r, t) for r in range(1, longest_r + 1) for t in range(1, longest_t + 1)]
    loops = [rectangle(axis, time, r, t) for r, t in sides for axis in range(time)]
    traces = mean_loop_traces(links, loops).real
    return traces.unflatten(1, (longest_r, longest_t, time)).mean(-1)


def wilson_loop(links: Tensor, r: int, t: int) -> Tensor:
    """W(R, T) averaged over sites and spatial axes, ``(batch,)``."""
    return wilson_loops(links, r, t)[:, r - 1, t - 1]


def creutz_ratio(loops: Tensor) -> Tensor:
    """Creutz ratios ``-ln W(R,T) W(R-1,T-1) / (W(R,T-1) W(R-1,T))`` of ensemble means ``(..., R, T)``, with W(0,.) = 1.

    Returns:
        ``(..., R, T)``; entry (R, T) estimates the string tension in units of 1/a^2. Phys. Rev. D 21 (1980) 2308.
    """
    w = torch.nn.functional.pad(loops, (1, 0, 1, 0), value=1.0)
    return -torch.log(w[..., 1:, 1:] * w[..., :-1, :-1] / (w[..., 1:, :-1] * w[..., :-1, 1:]))


def static_potential(loops: Tensor) -> Tensor:
    """Effective potential ``V_T(R) = ln W(R,T) / W(R,T+1)`` of ensemble means ``(..., R, T)``: ``(..., R, T-1)``."""
    return torch.log(loops[..., :-1] / loops[..., 1:])


def unitarity_violation(links: Tensor) -> Tensor:
    """The largest of ``|U U^dagger - 1|`` and ``|det U - 1|`` over the links of a configuration, ``(batch,)``."""
    return check_links(links).violation(links).flatten(1).amax(1)
