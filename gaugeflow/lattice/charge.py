"""Field strength, energy density and topological charge.

The lattice field strength is ``G_{mu nu} = [(C - C^dagger)/(2i)]_traceless`` of an average C of loops in the plane, so
that ``G -> a^2 F`` with ``F = F_a T_a`` Hermitian.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import U1, group_of
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.kernels import Path, path_products, strength_products
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loops import mean_loop_traces, mean_over_sites
from gaugeflow.lattice.observables import planes
from gaugeflow.lattice.paths import rectangle

__all__ = [
    "charge_clover",
    "charge_geometric",
    "charge_improved",
    "charge_plaquette",
    "charges",
    "energy_clover",
    "energy_plaquette",
]


def clover_leaves(mu: int, nu: int, r: int = 1, t: int = 1) -> list[Path]:
    """The four r x t loops in the plane that touch x with a corner, all turning from mu to nu."""
    m, n = (mu + 1,) * r, (nu + 1,) * t
    back_m, back_n = (-mu - 1,) * r, (-nu - 1,) * t
    return [m + n + back_m + back_n, n + back_m + back_n + m, back_m + back_n + m + n, back_n + m + n + back_m]


def field_strength(links: Tensor, leaves: dict[tuple[int, int], list[Path]]) -> dict[tuple[int, int], Tensor]:
    """G of each plane from the mean of its loops: Hermitian ``(batch, *shape, N, N)``; U(1): real ``(batch, *shape)``.

    Plane by plane, so that few site fields live at once.
    """
    return {plane: _plane_strength(links, paths) for plane, paths in leaves.items()}


def _plane_strength(links: Tensor, paths: list[Path]) -> Tensor:
    products = path_products(links, paths)
    if isinstance(group_of(links), U1):
        return torch.sin(products).mean(0)
    mean = products.mean(0)
    hermitian = (mean - mean.mH) / 2j
    trace = hermitian.diagonal(dim1=-2, dim2=-1).mean(-1)
    return hermitian - trace[..., None, None] * torch.eye(links.shape[-1], dtype=links.dtype, device=links.device)


def _mean_products(links: Tensor, leaves: list[list[Path]], pairs: list[tuple[int, int]], backend: str) -> Tensor:
    """Means over sites of ``Re tr G_a G_b``, ``(batch, n_pairs)``; ``leaves`` are the loops of each plane."""
    found = strength_products(links, leaves, pairs, backend)
    if found is None:  # pair by pair, so that few site fields live at once
        found = torch.stack([_product_trace(links, leaves[a], leaves[b]) for a, b in pairs], 1)
    return found


def _product_trace(links: Tensor, first: list[Path], second: list[Path]) -> Tensor:
    """Mean over sites of ``Re tr(G_a G_b)``, ``(batch,)``, from the loops of either."""
    a = _plane_strength(links, first)
    b = a if second is first else _plane_strength(links, second)
    local = a * b if isinstance(group_of(links), U1) else (a * b.mT).sum((-2, -1)).real
    return mean_over_sites(local)


def energy_plaquette(links: Tensor) -> Tensor:
    """Energy density per site from the plaquette, ``(batch,)``.

    ``E = 2 sum_{mu<nu} Re tr(1 - P)``, eq. (3.1) of arXiv:1006.4518; for U(1) ``sum_{mu<nu} (1 - cos P)``. Both
    approach ``F^a_{mu nu} F^a_{mu nu} / 4``, summed over all mu, nu.
    """
    group = group_of(links)
    loops = [rectangle(mu, nu, 1, 1) for mu, nu in planes(len(lattice_shape(links)))]
    lack = (1 - mean_loop_traces(links, loops).real).sum(-1)
    return lack if isinstance(group, U1) else 2 * group.n * lack


def energy_clover(links: Tensor, backend: str = "auto") -> Tensor:
    """Energy density per site from the clover field strength, ``E = (1/2) sum_{mu,nu} tr G^2``, ``(batch,)``.

    Summed over all mu, nu: ``F^a_{mu nu} F^a_{mu nu} / 4`` of arXiv:1006.4518; for U(1) ``(1/4) sum_{mu,nu} G^2``.
    ``backend`` is that of :func:`~gaugeflow.kernels.strength_products`; so for the charges.
    """
    leaves = [clover_leaves(mu, nu) for mu, nu in planes(len(lattice_shape(links)))]
    total = _mean_products(links, leaves, [(k, k) for k in range(len(leaves))], backend).sum(1)
    return total / 2 if isinstance(group_of(links), U1) else total


def charge_geometric(links: Tensor) -> Tensor:
    """Topological charge of U(1) in two dimensions, ``Q = (1/2 pi) sum arg P``, an integer: ``(batch,)``.

    Raises:
        UserError: the field is not U(1) in two dimensions.
    """
    shape = lattice_shape(links)
    if not isinstance(group_of(links), U1) or len(shape) != 2:
        raise UserError(f"geometric charge: expected U(1) in 2 dimensions, got {group_of(links).name} on {shape}")
    plaquettes = path_products(links, [rectangle(0, 1, 1, 1)])[0]
    return (wrap_angle(plaquettes).flatten(1).sum(1) / (2 * math.pi)).round()  # the sum is off by rounding alone


Loops = Callable[[int, int], list[Path]]
"""Those of a plane."""


def _charges(links: Tensor, kinds: Sequence[Loops], backend: str) -> Tensor:
    """``(1/32 pi^2) sum_x eps_{mu nu rho sigma} tr G_{mu nu} G_{rho sigma}``: three pairs, eight equal terms each.

    By each kind of loops, from one look at the links: ``(batch, n_kinds)``.
    """
    shape = lattice_shape(links)
    if len(shape) != 4:
        raise UserError(f"topological charge: expected a lattice of 4 dimensions, got {shape}")
    leaves = [loops(mu, nu) for loops in kinds for mu, nu in planes(4)]  # xy, xz, xt, yz, yt, zt
    pairs = [(6 * k + a, 6 * k + b) for k in range(len(kinds)) for a, b in ((0, 5), (1, 4), (2, 3))]
    products = _mean_products(links, leaves, pairs, backend).unflatten(1, (-1, 3))
    return math.prod(shape) / (4 * math.pi**2) * (products[..., 0] - products[..., 1] + products[..., 2])


def _plaquettes(mu: int, nu: int) -> list[Path]:
    return [rectangle(mu, nu, 1, 1)]


def _rectangles(mu: int, nu: int) -> list[Path]:
    """All clover leaves that enclose two plaquettes."""
    return clover_leaves(mu, nu, 2, 1) + clover_leaves(mu, nu, 1, 2)


def charge_plaquette(links: Tensor, backend: str = "auto") -> Tensor:
    """4D charge with the field strength of the plaquette that leads from x to x + mu, ``(batch,)``.

    Raises:
        UserError: the lattice has not four dimensions; so for the other 4D charges.
    """
    return _charges(links, [_plaquettes], backend)[:, 0]


def charge_clover(links: Tensor, backend: str = "auto") -> Tensor:
    """4D charge with the mean of the four plaquettes that touch x, ``(batch,)``."""
    return _charges(links, [clover_leaves], backend)[:, 0]


def charges(links: Tensor, backend: str = "auto") -> dict[str, Tensor]:
    """The three 4D charges by name, each ``(batch,)``."""
    plaquette, clover, wide = _charges(links, [_plaquettes, clover_leaves, _rectangles], backend).unbind(1)
    return {"charge_plaquette": plaquette, "charge_clover": clover, "charge_improved": _improved(clover, wide)}


def charge_improved(links: Tensor, backend: str = "auto") -> Tensor:
    """4D charge without the a^2 error: ``5/3 Q_clover - 1/6 Q[(C_2x1 + C_1x2)/8]``, ``(batch,)``."""
    return _improved(*_charges(links, [clover_leaves, _rectangles], backend).unbind(1))


def _improved(clover: Tensor, wide: Tensor) -> Tensor:
    """Rectangles enclose twice the area: their G is twice, their charge four times the clover's, and 5/3 - 4/6 = 1."""
    return 5 / 3 * clover - wide / 6
