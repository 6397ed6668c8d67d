"""Channels and how lattice rotations permute them.

A channel carries a path as its label, ``()`` for a scalar one, and a rotation maps it to the channel with the rotated
path: the plaquettes that start at x in directions s1, s2 are permuted as the loops ``s1 s2 -s1 -s2`` are. A field with
one channel for each rotation of a label is a function on the group modulo the label's stabiliser: the regular
representation of arXiv:2303.11448 where no rotation but the unit keeps the label.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.lattice import parse_path
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Channels", "Label", "axis_paths", "generators", "orbit", "read_paths", "turned"]

Label = tuple[Hashable, tuple[Path, ...]]
"""A name that rotations leave alone, and paths that they turn."""


def generators(theory: GaugeTheory) -> list[dict[int, int]]:
    """Involutions that generate the rotations and reflections of a theory, as maps of signed steps."""
    axes = [axis + 1 for axis in theory.turned_axes]
    maps = [{a: b, b: a, -a: -b, -b: -a} for a, b in pairwise(axes)]
    return maps + [{a: -a, -a: a} for a in axes[:1]]


def turned(path: Path, rotation: dict[int, int]) -> Path:
    """The image of a path."""
    return tuple(rotation.get(step, step) for step in path)


def orbit(path: Path, theory: GaugeTheory) -> tuple[Path, ...]:
    """The path and all its images under the rotations of a theory."""
    found, new = {path: None}, [path]
    while new:
        images = [turned(p, g) for p in new for g in generators(theory)]
        new = [p for p in dict.fromkeys(images) if p not in found]
        found |= dict.fromkeys(new)
    return tuple(found)


@dataclass(frozen=True)
class Channels:
    """The channels of a field of site matrices: a copy number and a path for each."""

    entries: tuple[tuple[int, Path], ...]

    @classmethod
    def scalars(cls, count: int) -> "Channels":
        """``count`` channels that rotations leave alone."""
        return cls(tuple((copy, ()) for copy in range(count)))

    @classmethod
    def orbits(cls, paths: Sequence[Path], theory: GaugeTheory, copies: int = 1) -> "Channels":
        """For each of ``copies`` one channel for each image of each path under the rotations of ``theory``.

        Without rotations a path is its only image, and the channels are as good as scalars.
        """
        images = tuple(dict.fromkeys(image for path in paths for image in orbit(path, theory)))
        return cls(tuple((copy, image) for copy in range(copies) for image in images))

    @classmethod
    def of(cls, spec: "Channels | int") -> "Channels":
        """``spec`` itself, or that many scalars.

        Raises:
            UserError: fewer than one channel, or neither a number nor channels.
        """
        if not isinstance(spec, int | Channels):
            raise UserError(f"channels: expected a whole number or Channels, got {spec!r}")
        channels = spec if isinstance(spec, Channels) else cls.scalars(spec)
        if len(channels) < 1:
            raise UserError(f"channels: expected at least one, got {len(channels)}")
        return channels

    def __len__(self) -> int:
        return len(self.entries)

    def __add__(self, other: "Channels") -> "Channels":
        """Both behind one another; the copies of ``other`` are counted on."""
        first = 1 + max(copy for copy, _ in self.entries)
        return Channels(self.entries + tuple((first + copy, path) for copy, path in other.entries))

    def __str__(self) -> str:
        scalars = sum(path == () for _, path in self.entries)
        return f"{len(self)} channels" + (f" ({scalars} scalar)" if scalars < len(self) else "")

    def labels(self, name: Hashable = "channel", *paths: Path) -> Iterator[Label]:
        """One label for each channel, extended by further paths that turn with it."""
        for copy, path in self.entries:
            yield (name, copy), (path, *paths)


def axis_paths(
    ndim: int, reach: int = 1, dilation: int = 1, backward: bool = True, local: bool = True
) -> tuple[Path, ...]:
    """Straight paths of ``dilation, 2 dilation, ..., reach dilation`` steps along every axis.

    Args:
        ndim: the number of axes.
        reach: how many sites of the dilated lattice; the kernel size of arXiv:2012.12901 is ``reach + 1``.
        dilation: the distance of neighbours.
        backward: negative shifts as well.
        local: the empty path in front, which leaves a matrix where it is.

    Raises:
        UserError: ``reach`` or ``dilation`` below one.
    """
    if reach < 1 or dilation < 1:
        raise UserError(f"paths: expected reach and dilation >= 1, got {reach} and {dilation}")
    signs = (1, -1) if backward else (1,)
    straight = [
        (sign * (axis + 1),) * (length * dilation)
        for axis in range(ndim)
        for sign in signs
        for length in range(1, reach + 1)
    ]
    return (((),) if local else ()) + tuple(straight)


def read_paths(paths: Sequence[str | Sequence[int]] | None, theory: GaugeTheory) -> tuple[Path, ...]:
    """Paths of a kernel as steps; all nearest neighbours and the site itself where none are chosen.

    Raises:
        UserError: no path, one twice, one that :func:`~gaugeflow.lattice.parse_path` refuses, or a set that the
            rotations of the theory do not map onto itself.
    """
    if paths is None:
        return axis_paths(theory.ndim)
    chosen = tuple(parse_path(path, theory.ndim) if len(path) else () for path in paths)
    if not chosen or len(set(chosen)) < len(chosen):
        raise UserError(f"paths: expected at least one and each once, got {list(paths)}")
    missing = [image for path in chosen for image in orbit(path, theory) if image not in chosen]
    if missing:
        raise UserError(
            f"paths: expected a set that rotations ({theory.rotations}) map onto itself, got {list(chosen)}, "
            f"which lacks {missing[0]}"
        )
    return chosen
