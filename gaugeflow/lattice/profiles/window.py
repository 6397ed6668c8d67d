"""A box of the lattice that is worked on as a lattice of its own."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from gaugeflow.kernels import Path, Profile, Region
from gaugeflow.kernels.tables import Staples, visited_links

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """The sites of a box on the torus.

    Where it spans a whole axis it is periodic there, as the lattice is. Along the others it is so long that no staple
    of the links for which it was made leaves it.
    """

    shape: tuple[int, ...]
    """Extents of the lattice."""
    first: tuple[int, ...]
    """The lowest corner."""
    extents: tuple[int, ...]
    """Of the box."""

    @classmethod
    def about(cls, region: Region, shape: tuple[int, ...], staples: Staples) -> Self:
        """The smallest box with the links of a region and all links of their staples."""
        links, axes = region(shape), range(len(shape))
        owners = [
            place
            for mu, row in enumerate(staples)
            for path, _ in row
            for _, _, place in visited_links(path, [int(axis == mu) for axis in axes])
        ]
        first, extents = [], []
        for axis in axes:
            others = tuple(k for k in range(len(shape) + 1) if k != axis + 1)
            start, size = _span(links.any(dim=others))
            below, above = (max(0, *(sign * place[axis] for place in owners)) for sign in (-1, 1))
            whole = size + below + above >= shape[axis]
            first.append(0 if whole else (start - below) % shape[axis])
            extents.append(shape[axis] if whole else size + below + above)
        return cls(shape, tuple(first), tuple(extents))

    def crop(self, field: Tensor, lead: int = 0) -> Tensor:
        """What a field is in the box; its sites come after `lead` other axes."""
        return field[self._places(lead)]

    def paste(self, field: Tensor, piece: Tensor, lead: int = 0) -> Tensor:
        """A copy of a field with another content of the box."""
        out = field.clone()
        out[self._places(lead)] = piece
        return out

    def profile(self, profile: Profile | None) -> Profile | None:
        """Factors of loops that start in the box, for the box as a lattice."""
        return _Cropped(self, profile) if profile else None

    def region(self, region: Region) -> Region:
        """Links in the box, for the box as a lattice."""
        return _CroppedRegion(self, region)

    def _places(self, lead: int) -> tuple[slice | Tensor, ...]:
        places = []
        for axis, (extent, first, size) in enumerate(zip(self.shape, self.first, self.extents, strict=True)):
            numbers = (first + torch.arange(size)) % extent
            places.append(numbers.view(-1, *[1] * (len(self.shape) - axis - 1)))
        return (*[slice(None)] * lead, *places)


@dataclass(frozen=True)
class _Cropped:
    window: Window
    whole: Profile

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        assert shape == self.window.extents
        return self.window.crop(self.whole(self.window.shape, loop))


@dataclass(frozen=True)
class _CroppedRegion:
    window: Window
    whole: Region

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        assert shape == self.window.extents
        return self.window.crop(self.whole(self.window.shape), 1)


def _span(occupied: Tensor) -> tuple[int, int]:
    """The shortest stretch of a circle ``(extent,)`` with all places that are occupied: its start and length."""
    places = torch.nonzero(occupied).flatten().tolist()
    if not places:
        return 0, 0
    gaps = [
        (after - before, after) for before, after in zip(places, [*places[1:], places[0] + len(occupied)], strict=True)
    ]
    gap, start = max(gaps)
    return start % len(occupied), len(occupied) - gap + 1
