"""Which links a layer changes, and the two loops through each of them: the rest of the field stays as it is.

An active link U_mu(x) is closed by two staples, paths from x + mu back to x on either side of it. No active link of
the same layer lies on them, so both are frozen, and so is the loop ``S_1^dagger S_2`` round them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path

__all__ = ["Mask", "block_masks", "parity_masks"]


@dataclass(frozen=True)
class Mask:
    """Active links ``U_axis(x)`` of ``(batch, D, *shape, ...)``: ``x = offset mod periods`` for one of the offsets.

    Args:
        axis: direction of the active links.
        periods: of the pattern along every axis; the extents must be multiples of them.
        offsets: the active sites of one period.
        staples: two paths from x + axis back to x, which touch no active link.
    """

    axis: int
    periods: tuple[int, ...]
    offsets: tuple[tuple[int, ...], ...]
    staples: tuple[Path, Path]

    @property
    def ndim(self) -> int:
        """The number of lattice axes."""
        return len(self.periods)

    def surroundings(self) -> list[Path]:
        """All staples of an active link: those of the mask, and those of its plaquettes in the other planes."""
        step, used = self.axis + 1, {abs(s) for s in self.staples[0]}
        others = [s * (a + 1) for a in range(self.ndim) for s in (1, -1) if a != self.axis and a + 1 not in used]
        return [*self.staples, *((other, -step, -other) for other in others)]

    def plaquettes(self) -> list[Path]:
        """Those that begin at an active site in planes without the active direction, on both sides."""
        planes = [(a, b) for a in range(self.ndim) for b in range(a + 1, self.ndim) if self.axis not in (a, b)]
        return [(a + 1, s * (b + 1), -a - 1, -s * (b + 1)) for a, b in planes for s in (1, -1)]

    def check(self, shape: Sequence[int]) -> None:
        """Raises ``UserError`` unless the pattern fits a lattice of these extents."""
        if len(shape) != self.ndim:
            raise UserError(f"mask: expected a lattice of {self.ndim} axes, got the extents {tuple(shape)}")
        for axis, (extent, period) in enumerate(zip(shape, self.periods, strict=True)):
            if extent % period:
                raise UserError(
                    f"mask: expected an extent that is a multiple of {period} along axis {axis}, "
                    f"got {extent} on the lattice {tuple(shape)}"
                )

    def select(self, field: Tensor, displacement: Sequence[int] | None = None) -> Tensor:
        """What a site field ``(batch, *shape, ...)`` is at the active sites, or at ``displacement`` from them.

        ``(batch, n_offsets, *coarse, ...)`` with coarse = shape / periods.
        """
        steps = displacement or (0,) * self.ndim
        return torch.stack([self._seen(field, offset, steps) for offset in self.offsets], 1)

    def _seen(self, field: Tensor, offset: Sequence[int], displacement: Sequence[int]) -> Tensor:
        places = [o + d for o, d in zip(offset, displacement, strict=True)]
        window = tuple(slice(place % p, None, p) for place, p in zip(places, self.periods, strict=True))
        moves = {axis: -(place // p) for axis, (place, p) in enumerate(zip(places, self.periods, strict=True))}
        moved = {axis + 1: steps for axis, steps in moves.items() if steps}
        seen = field[(slice(None), *window)]
        return seen.roll(tuple(moved.values()), tuple(moved)) if moved else seen

    def place(self, field: Tensor, values: Tensor) -> Tensor:
        """A copy of ``field`` with :meth:`select` replaced by ``values``."""
        out = field.clone()
        for index, window in enumerate(self._windows()):
            out[window] = values[:, index]
        return out

    def active(self, shape: Sequence[int]) -> Tensor:
        """Which links change: boolean ``(D, *shape)``."""
        links = torch.zeros(1, *shape, dtype=torch.bool)
        ones = torch.ones_like(self.select(links))
        return torch.stack([self.place(links, ones)[0] if axis == self.axis else links[0] for axis in range(self.ndim)])

    def _windows(self) -> Iterator[tuple[slice, ...]]:
        for offset in self.offsets:
            yield (slice(None), *(slice(o, None, p) for o, p in zip(offset, self.periods, strict=True)))


def parity_masks(ndim: int) -> tuple[Mask, ...]:
    """Half of all links in one direction at once: those at sites whose other coordinates add up to an even number.

    Every plaquette holds one active link at most. The staples are those of the two plaquettes in one plane; the
    2 D(D-1) masks run through the directions, both parities and the planes, and 2 D of them reach every link. Extents
    must be even.

    Raises:
        UserError: fewer than two axes.
    """
    if ndim < 2:
        raise UserError(f"mask: expected D >= 2 lattice axes, got {ndim}")
    masks = []
    for turn, parity, axis in product(range(1, ndim), range(2), range(ndim)):
        other = (axis + turn) % ndim
        choices = [(0,) if a == axis else (0, 1) for a in range(ndim)]
        offsets = tuple(offset for offset in product(*choices) if sum(offset) % 2 == parity)
        periods = tuple(1 if a == axis else 2 for a in range(ndim))
        masks.append(Mask(axis, periods, offsets, _long_staples(axis, other, 1, 1)))
    return tuple(masks)


def block_masks(block: Sequence[int]) -> tuple[Mask, ...]:
    """From coarse to fine in two dimensions: each layer splits every cell into two by a wall with one active link.

    The cells of the first layer are blocks, those of the last hold two plaquettes. What an active link changes is how
    the flux of its cell is shared by the halves, the active loops; the flux of the cell, and of every larger one, is
    frozen. The other links of a wall are gauge freedom and never change, nor do loops that are larger than a block.
    In 2D, where areas add in the character expansion, the flux of a cell decides all about its halves.

    Args:
        block: extents of a block, powers of two, at least two plaquettes; lattice extents must be multiples of them.

    Raises:
        UserError: another block.
    """
    if len(block) != 2 or min(block) < 1 or max(block) < 2 or any(extent & (extent - 1) for extent in block):
        raise UserError(f"mask: expected two powers of two, at least one of them above 1, as block, got {list(block)}")
    cell, masks = list(block), []
    while max(cell) > 1:
        across = 1 if cell[1] >= cell[0] else 0  # the axis that is halved
        along = 1 - across
        half = cell[across] // 2
        offset = (0, half) if across == 1 else (half, 0)
        staples = _long_staples(along, across, cell[along], half)
        masks.append(Mask(along, (cell[0], cell[1]), (offset,), staples))
        cell[across] = half
    return tuple(masks)


def _long_staples(axis: int, other: int, length: int, height: int) -> tuple[Path, Path]:
    """The rest of the two ``length x height`` rectangles on either side of a wall that begins with the link."""
    a, b = axis + 1, other + 1
    ahead, back = (a,) * (length - 1), (-a,) * length
    up, down = (b,) * height, (-b,) * height
    return ahead + up + back + down, ahead + down + back + up
