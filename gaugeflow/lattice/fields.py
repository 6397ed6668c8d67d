"""Link fields: their layout, neighbours, starts and gauge transformation."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, get_group, group_of

__all__ = ["check_links", "cold_start", "gauge_transform", "hot_start", "lattice_shape", "shift", "volume"]


def check_links(links: Tensor) -> Group:
    """The group of a link field whose layout is right.

    Args:
        links: ``(batch, D, *shape, N, N)`` complex for SU(N), ``(batch, D, *shape)`` real angles for U(1).

    Raises:
        UserError: the tensor is not a link field: axis 1 must count the D >= 2 lattice axes that follow.
    """
    group = group_of(links)
    ndim = links.ndim - 2 - len(group.element_shape)
    if ndim < 2 or links.shape[1] != ndim:
        layout = "(batch, D, *shape, N, N)" if group.element_shape else "(batch, D, *shape) for real angles"
        raise UserError(f"links: expected {layout} with D >= 2 lattice axes, got shape {tuple(links.shape)}")
    if links.numel() == 0:
        raise UserError(f"links: expected at least one configuration and one site, got shape {tuple(links.shape)}")
    return group


def lattice_shape(links: Tensor) -> tuple[int, ...]:
    """The extents (x, y, z, t) of a link field."""
    group = check_links(links)
    return tuple(links.shape[2 : links.ndim - len(group.element_shape)])


def volume(links: Tensor) -> int:
    """The number of sites."""
    return int(torch.Size(lattice_shape(links)).numel())


def shift(field: Tensor, axis: int, steps: int = 1) -> Tensor:
    """A site field ``(batch, *shape, ...)`` seen ``steps`` sites further along ``axis``: ``f(x) -> f(x + steps)``."""
    return field if steps == 0 else field.roll(-steps, dims=axis + 1)


def gauge_transform(links: Tensor, w: Tensor) -> Tensor:
    """``U_mu(x) -> W(x) U_mu(x) W(x + mu)^dagger``.

    Args:
        links: ``(batch, D, *shape, N, N)`` or, for U(1), ``(batch, D, *shape)``.
        w: one group element per site, ``(batch or 1, *shape, N, N)`` or ``(batch or 1, *shape)``.
    """
    group = check_links(links)
    sites = (*lattice_shape(links), *group.element_shape)
    if w.dtype != links.dtype or w.shape[1:] != sites or w.shape[0] not in (1, links.shape[0]):
        raise UserError(
            f"gauge transformation: expected {links.dtype} of shape (batch, {', '.join(map(str, sites))}), "
            f"got {w.dtype} of shape {tuple(w.shape)}"
        )
    turned = [
        group.mul(group.mul(w, links[:, mu]), group.dagger(shift(w, mu))) for mu in range(len(lattice_shape(links)))
    ]
    return torch.stack(turned, 1)


def cold_start(
    group: Group | str,
    shape: Sequence[int],
    chains: int = 1,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """All links of ``group`` (or its name) at the unit element, ``(chains, D, *shape, ...)``; real ``dtype``."""
    return _group(group).identity(_size(chains, shape), dtype, device)


def hot_start(
    group: Group | str,
    shape: Sequence[int],
    generator: torch.Generator,
    chains: int = 1,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Independent Haar-distributed links of ``group`` (or its name), ``(chains, D, *shape, ...)``; real ``dtype``."""
    return _group(group).haar(_size(chains, shape), generator, dtype)


def _group(group: Group | str) -> Group:
    return get_group(group) if isinstance(group, str) else group


def _size(chains: int, shape: Sequence[int]) -> tuple[int, ...]:
    if len(shape) < 2 or min(shape) < 1 or chains < 1:
        raise UserError(f"start: expected two or more extents >= 1 and chains >= 1, got {tuple(shape)} and {chains}")
    return (chains, len(shape), *shape)
