"""Smearing of links: stout, differentiable and inside the group, and APE with projection."""

from collections.abc import Collection

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import U1, group_of
from gaugeflow.kernels import LoopKernels, Path, get_kernels, is_traced, path_products
from gaugeflow.lattice.fields import lattice_shape, shift
from gaugeflow.lattice.paths import lattice_images, rectangle, staple_paths

__all__ = ["ape_smear", "descent_kernels", "flow_velocity", "staple_sum", "stout_smear"]


def staple_sum(links: Tensor, axes: Collection[int] | None = None) -> Tensor:
    """The plaquette staples from x to x + mu, ``C_mu(x)``.

    Complex ``(batch, D, *shape, N, N)``, U(1) ``(batch, D, *shape)``; differentiable. ``U_mu C_mu^dagger`` sums
    the plaquettes on the link, so C transforms as the link does.

    Args:
        links: the field.
        axes: the axes whose links take part; links along other axes get C = 0 and appear in no staple. All by default.
    """
    tables = staple_paths([(path, 1.0) for path in _plaquettes(links, axes)], len(lattice_shape(links)))
    field = group_of(links)
    backward = path_products(links, [path for table in tables for path, _ in table])  # from x + mu to x, held at x + mu
    if isinstance(field, U1):
        backward = torch.polar(torch.ones_like(backward), backward)
    sums, start = [], 0
    for mu, table in enumerate(tables):
        total = backward[start : start + len(table)].sum(0)
        start += len(table)
        at_link = shift(total, mu)
        sums.append(at_link.mH if field.element_shape else at_link.conj())
    return torch.stack(sums, 1)


def descent_kernels(links: Tensor, axes: Collection[int] | None = None) -> LoopKernels:
    """Kernels of the Wilson action at ``beta = 2 N`` (U(1): 1), whose force is minus :func:`flow_velocity`."""
    group = group_of(links)
    weight = 1.0 if isinstance(group, U1) else 2.0 * group.n
    loops = [(path, weight) for path in _plaquettes(links, axes)]
    return get_kernels(links, staple_paths(loops, len(lattice_shape(links))))


def _plaquettes(links: Tensor, axes: Collection[int] | None) -> list[Path]:
    ndim = len(lattice_shape(links))
    found = lattice_images(rectangle(0, 1, 1, 1), ndim)
    return [path for path in found if axes is None or all(abs(step) - 1 in axes for step in path)]


def flow_velocity(links: Tensor, axes: Collection[int] | None = None) -> Tensor:
    """Algebra coefficients of the descent of the Wilson action, ``-g0^2 dS/dw_a``: ``(batch, D, *shape[, dim])``.

    It is ``-2 Im tr(T_a U C^dagger)``, for U(1) ``-Im(U C^*)``: the generator of stout smearing and the right-hand
    side of the gradient flow of arXiv:1006.4518. Differentiable.
    """
    group = group_of(links)
    staples = staple_sum(links, axes)
    if isinstance(group, U1):
        return -(torch.polar(torch.ones_like(links), links) * staples.conj()).imag
    loops = links @ staples.mH
    return -group.coefficients((loops - loops.mH) / 2j)


def stout_smear(links: Tensor, rho: float, steps: int = 1, spatial_only: bool = False) -> Tensor:
    """Stout smearing ``U -> exp(i Q) U``, eqs. (1)-(3) of hep-lat/0311018 with one isotropic weight ``rho``.

    Args:
        links: the field, any dimension and group.
        rho: weight of each staple; steps larger than about ``1 / (4 (D - 1))`` roughen instead of smoothing.
        steps: how often.
        spatial_only: smear only spatial links with spatial staples.

    Returns:
        Links of the same shape; differentiable.

    Raises:
        UserError: fewer than two axes take part, or ``steps`` is negative; so for :func:`ape_smear`.
    """
    group, axes = group_of(links), _axes(links, spatial_only)
    if is_traced(links):
        for _ in range(_checked(steps)):
            links = group.mul(group.exp(rho * flow_velocity(links, axes)), links)
        return links
    kernels = descent_kernels(links, axes)
    state = kernels.pack(links)
    for _ in range(_checked(steps)):
        kernels.drift_(state, kernels.force(state), -rho)
    return kernels.unpack(state)


def ape_smear(links: Tensor, alpha: float, steps: int = 1, spatial_only: bool = False) -> Tensor:
    """APE smearing of ``(batch, D, *shape, ...)``: ``(1 - alpha) U + alpha / (2 (d - 1)) C``, projected to the group.

    Phys. Lett. B 192 (1987) 163; d counts the axes that take part, and the projection is polar with unit determinant.

    Args:
        links: the field.
        alpha: weight of the staples, 0 to 1.
        steps: how often.
        spatial_only: smear only spatial links with spatial staples.
    """
    group, axes = group_of(links), _axes(links, spatial_only)
    for _ in range(_checked(steps)):
        staples = staple_sum(links, axes)
        matrices = torch.polar(torch.ones_like(links), links) if isinstance(group, U1) else links
        mixed = (1 - alpha) * matrices + alpha / (2 * (len(axes) - 1)) * staples
        moved = torch.angle(mixed) if isinstance(group, U1) else group.project(mixed)
        links = torch.cat((moved[:, : len(axes)], links[:, len(axes) :]), 1)
    return links


def _axes(links: Tensor, spatial_only: bool) -> tuple[int, ...]:
    axes = tuple(range(len(lattice_shape(links)) - spatial_only))
    if len(axes) < 2:
        raise UserError(f"smearing: expected at least 2 axes that take part, got {len(axes)} on {lattice_shape(links)}")
    return axes


def _checked(steps: int) -> int:
    if steps < 0:
        raise UserError(f"smearing: expected steps >= 0, got {steps}")
    return steps
