"""From one action to the next by stout smearing where they differ: the layers between the updates of a protocol."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.stout import bounded, check_bound, stout, unstout
from gaugeflow.flows.flow import zero_log_det
from gaugeflow.groups import Group, group_of
from gaugeflow.kernels.colouring import colour_links
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.lattice.profiles.walks import Walk, flat_links, link_numbers, product_of
from gaugeflow.nn.layers.sources import link_matrices

__all__ = ["StoutStep"]


class StoutStep(Flow):
    """Stout smearing of the links on whose loops two actions differ, and of no others.

    ``U -> exp(i sum_j c_j P[U S_j]) U`` with the staples S_j of all loops of the link, colour by colour, so that no
    staple holds a link that moves with it: an exact Jacobian, and a bijection for ``sum_j |c_j| < bound``, as
    :class:`ResidualStout`. To first order in the difference its gradient trivializes (arXiv:0907.5491); here links with
    equally many differing loops share two coefficients, one for these loops and one for their others. All are zero at
    first, which is the identity. Masked layers about a defect: arXiv:2412.00200, arXiv:2510.25704.

    Args:
        shape: extents of the lattice.
        before: the action whose fields come.
        after: the one whose fields are wanted; of the same loops, with other weights.
        bound: of the coefficients, below one.

    Raises:
        UserError: actions that do not differ, or are no sums of the same loops; a loop that passes a link twice; a
            bound that is no contraction; at a call, another lattice.
    """

    def __init__(self, shape: Sequence[int], before: LoopAction, after: LoopAction, bound: float = 0.9) -> None:
        super().__init__()
        check_bound(bound)
        if not (is_loop_sum(before) and is_loop_sum(after)):
            raise UserError(f"stout step: expected two actions made of Wilson loops, got {before} and {after}")
        self.shape, self.bound = tuple(shape), bound
        self.links, parts = _parts(self.shape, before, after)
        self._row, self._parts = _compact(parts)
        """The links that move or stand in staples, of which the parts are made."""
        count = 1 + max(int(part.kinds.max()) for part in self._parts)
        self.coefficients = nn.Parameter(torch.zeros(count, dtype=torch.float64))
        """Of each kind, before they are bounded."""

    def region(self, shape: tuple[int, ...]) -> Tensor:
        """Which links move, a :class:`~gaugeflow.kernels.Region`: bool ``(D, *shape)``. Raises UserError as a call."""
        if tuple(shape) != self.shape:
            raise UserError(f"stout step: expected links on the lattice {self.shape}, got {tuple(shape)}")
        return self.links

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        self.region(lattice_shape(z))
        group, total = group_of(z), zero_log_det(z)
        row = flat_links(group, z).index_select(1, self._row.to(z.device))
        for part in self._parts:
            numbers = part.numbers.to(z.device)
            new, log_det = stout(group, row.index_select(1, numbers), self._staples(part, row, z))
            row, total = _replaced(group, row, numbers, new), total + log_det
        return self._placed(z, row), total

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.region(lattice_shape(x))
        group, total = group_of(x), zero_log_det(x)
        row = flat_links(group, x).index_select(1, self._row.to(x.device))
        for part in reversed(self._parts):
            numbers = part.numbers.to(x.device)
            target = row.index_select(1, numbers)
            active, log_det = unstout(group, target, self._staples(part, row, x), self.bound)
            row, total = _replaced(group, row, numbers, active), total + log_det
        return self._placed(x, row), total

    def _placed(self, links: Tensor, row: Tensor) -> Tensor:
        """The links with those of the row in their places."""
        return flat_links(group_of(links), links).index_copy(1, self._row.to(links.device), row).view(links.shape)

    def _staples(self, part: "_Part", row: Tensor, links: Tensor) -> Tensor:
        """``sum_j c_j S_j`` of the links of a part, ``(batch, n, N, N)``."""
        group = group_of(links)
        raw = self.coefficients[part.kinds.to(links.device)].to(links.real.dtype)
        each = [link_matrices(product_of(group, walk.links(row), walk.backward)) for walk in part.walks]
        return torch.einsum("nj,jbnkl->bnkl", bounded(raw, self.bound).to(each[0].dtype), torch.stack(each))

    def extra_repr(self) -> str:
        return f"{int(self.links.sum())} links of the lattice {self.shape}"


class _Part(NamedTuple):
    """Links of one direction and colour, n of them, each with as many staples."""

    numbers: Tensor
    """Of the links, in one row, ``(n,)``."""
    walks: list[Walk]
    """Each staple of all of them."""
    kinds: Tensor
    """Number of the coefficient of each staple, ``(n, staples)``."""


def _parts(shape: tuple[int, ...], before: LoopAction, after: LoopAction) -> tuple[Tensor, list[_Part]]:
    """Which links are on loops that differ, ``(D, *shape)``, and these by direction and colour."""
    paths = [[path for path, _ in row] for row in before.staples]
    if paths != [[path for path, _ in row] for row in after.staples]:
        raise UserError(f"stout step: expected two actions of the same loops, got {before} and {after}")
    links, parts, kinds = [], [], dict[tuple[int, ...], int]()
    for axis, colours in enumerate(colour_links(before.staples, shape)):
        differs = torch.stack(
            [_weights(before, shape, axis, k) != _weights(after, shape, axis, k) for k in range(len(paths[axis]))]
        )
        count = differs.sum(0)
        links.append(count > 0)
        for colour in range(int(colours.max()) + 1):
            sites = torch.nonzero(links[-1] & (torch.from_numpy(colours) == colour))
            if len(sites):
                place = tuple(sites.T)
                rows = [
                    [kinds.setdefault((many, int(mine)), len(kinds)) for mine in of_link]
                    for many, of_link in zip(count[place].tolist(), differs[:, *place].T.tolist(), strict=True)
                ]
                start = [int(a == axis) for a in range(len(shape))]
                walks = [Walk.along(path, start, sites, shape) for path in paths[axis]]
                parts.append(_Part(link_numbers(axis, sites, shape), walks, torch.tensor(rows)))
    if not parts:
        raise UserError("stout step: expected two actions that differ on this lattice")
    return torch.stack(links), parts


def _compact(parts: list[_Part]) -> tuple[Tensor, list[_Part]]:
    """The numbers of all links of the parts, sorted, and the parts in terms of places among these."""
    row = torch.cat(
        [torch.cat([part.numbers, *(walk.places.flatten() for walk in part.walks)]) for part in parts]
    ).unique()
    found = [
        _Part(
            torch.searchsorted(row, part.numbers),
            [walk._replace(places=torch.searchsorted(row, walk.places)) for walk in part.walks],
            part.kinds,
        )
        for part in parts
    ]
    return row, found


def _weights(action: LoopAction, shape: tuple[int, ...], axis: int, staple: int) -> Tensor:
    """Of the loop that a staple makes with each link of an axis, float64 ``shape``."""
    path, coefficient = action.staples[axis][staple]
    if action.profile is None:
        return torch.full(shape, coefficient, dtype=torch.float64)
    return coefficient * action.profile(shape, (axis + 1, *path))


def _replaced(group: Group, flat: Tensor, numbers: Tensor, links: Tensor) -> Tensor:
    """The links in one row with some of them replaced; angles are wrapped."""
    return flat.index_copy(1, numbers, links if group.element_shape else group.project(links))
