"""Real weights whose entries are tied where a lattice rotation maps their labels onto one another."""

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Label, generators, turned
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Weight"]


class Weight(nn.Module):
    """A real tensor with one label for each index of each axis, equal on the orbits of the rotations.

    A layer whose weights satisfy ``alpha[R i, R j, R k] = alpha[i, j, k]`` for channels and paths i, j, k commutes
    with the rotation R. Calling the module gives the full tensor, with an axis of the shape for each list of labels;
    ``free`` holds its independent entries.

    Args:
        theory: which rotations, and the dtype.
        axes: the labels of each axis.

    Raises:
        UserError: a rotation leads out of the labels of an axis, so that no weight could be equivariant.
    """

    index: Tensor | None
    """The number of the free entry that stands at each place; none without rotations."""

    def __init__(self, theory: GaugeTheory, *axes: list[Label]) -> None:
        super().__init__()
        index = _orbit_numbers(theory, axes)
        self.register_buffer("index", index, persistent=False)
        shape = tuple(map(len, axes)) if index is None else (int(index.max()) + 1,)
        self.free = nn.Parameter(torch.zeros(shape, dtype=theory.dtype))

    def forward(self) -> Tensor:
        """Raises ``UserError`` if the module was cast to another precision than single or double."""
        if self.free.dtype not in (torch.float32, torch.float64):
            raise UserError(f"weights: expected float32 or float64, got {self.free.dtype}")
        return self.free if self.index is None else self.free[self.index]

    def draw(self, generator: torch.Generator) -> Tensor:
        """Standard normal numbers of the full shape, equal where they are tied."""
        drawn = torch.randn(self.free.shape, dtype=self.free.dtype, generator=generator, device=generator.device)
        return drawn if self.index is None else drawn[self.index.to(drawn.device)]

    def multiplicity(self) -> Tensor:
        """For each entry how many entries with the same first index are tied to it, itself included."""
        if self.index is None:
            return torch.ones_like(self.free)
        rows = self.index.flatten(1)
        counts = [torch.bincount(row, minlength=len(self.free))[row] for row in rows]
        return torch.stack(counts).reshape(self.index.shape).to(self.free.dtype)

    @torch.no_grad()
    def set_(self, value: Tensor) -> "Weight":
        """Takes the full tensor ``value``, which is equal where entries are tied."""
        if self.index is None:
            self.free.copy_(value)
        else:
            self.free[self.index.flatten()] = value.to(self.free).flatten()
        return self


def _orbit_numbers(theory: GaugeTheory, axes: tuple[list[Label], ...]) -> Tensor | None:
    """For each entry the number of its orbit; ``None`` without rotations.

    Every entry takes the smallest number among its images under the generators until nothing changes.
    """
    if not theory.turned_axes:
        return None
    moves = [[_permutation(labels, g) for labels in axes] for g in generators(theory)]
    shape = [len(labels) for labels in axes]
    numbers, before = torch.arange(int(torch.Size(shape).numel())).reshape(shape), None
    while before is None or not torch.equal(numbers, before):
        before = numbers
        for move in moves:
            image = numbers
            for axis, permutation in enumerate(move):
                image = image.index_select(axis, permutation)
            numbers = torch.minimum(numbers, image)
    return numbers.unique(return_inverse=True)[1]


def _permutation(labels: list[Label], rotation: dict[int, int]) -> Tensor:
    place = {label: index for index, label in enumerate(labels)}
    images = [(name, tuple(turned(path, rotation) for path in paths)) for name, paths in labels]
    missing = [image for image in images if image not in place]
    if missing:
        raise UserError(f"channels: expected a set that the rotations map onto itself, but {missing[0]} is missing")
    return torch.tensor([place[image] for image in images])
