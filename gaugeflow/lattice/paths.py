"""Paths on the lattice as sequences of signed directions: parsing, images, and the staples of closed loops.

A path is a tuple of signed integers: ``+(mu + 1)`` steps forward along axis mu, ``-(mu + 1)`` back. It does not know
where it starts; :mod:`gaugeflow.lattice.loops` evaluates it at every site at once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import permutations, product
from numbers import Integral

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path, Staples

__all__ = [
    "Loops",
    "displacement",
    "is_closed",
    "lattice_images",
    "parse_path",
    "path_name",
    "rectangle",
    "reverse",
    "staple_paths",
]

Loops = tuple[tuple[Path, float], ...]
"""Closed loops with coefficients c_l: the action is ``sum_x sum_l c_l (1 - (1/N) Re tr W_l(x))``."""


def axis_of(name: str, ndim: int) -> int:
    """Axis of a direction name: x, y, z are 0, 1, 2, t is the last one, digits count in any dimension."""
    axes = {letter: axis for axis, letter in enumerate("xyz") if axis < ndim} | {"t": ndim - 1}
    axes |= {str(axis): axis for axis in range(ndim)}
    if name not in axes:
        raise UserError(f"direction {name!r} does not exist in {ndim} dimensions; expected one of {', '.join(axes)}")
    return axes[name]


def parse_path(text: str | Sequence[int], ndim: int) -> Path:
    """Reads ``"+x +y -x -y"`` (spaces optional) or ``"2x3"``, or checks a sequence of signed integers.

    ``"RxT"`` is the rectangle of W(R, T): R steps along x, T along t, and back.

    Raises:
        UserError: a direction does not exist in ``ndim`` dimensions, a sign is missing, or the path is empty.
    """
    if not isinstance(text, str):
        if not all(isinstance(step, Integral) and not isinstance(step, bool) for step in text):
            raise UserError(f"path: expected text or whole numbers, got {list(text)}")
        path = tuple(int(step) for step in text)
        if not path or any(step == 0 or abs(step) > ndim for step in path):
            raise UserError(f"path: expected steps +-1 ... +-{ndim} in {ndim} dimensions, got {list(path)}")
        return path
    sides = re.fullmatch(r"(\d+)x(\d+)", text.strip())
    if sides:
        return rectangle(0, ndim - 1, int(sides[1]), int(sides[2]))
    symbols = text.replace(" ", "").replace(",", "")
    if not symbols or len(symbols) % 2 or any(sign not in "+-" for sign in symbols[::2]):
        raise UserError(f"path: expected signed directions such as '+x +y -x -y', or a rectangle '2x3', got {text!r}")
    steps = zip(symbols[::2], symbols[1::2], strict=True)
    return tuple((1 if sign == "+" else -1) * (axis_of(name, ndim) + 1) for sign, name in steps)


def path_name(path: Path, ndim: int) -> str:
    """The text that :func:`parse_path` reads, with letters up to four dimensions."""
    letters = "xyz"[: ndim - 1] + "t" if ndim <= 4 else "0123456789"[:ndim]
    return " ".join(("+" if step > 0 else "-") + letters[abs(step) - 1] for step in path)


def rectangle(mu: int, nu: int, r: int, t: int) -> Path:
    """The r x t rectangle: r steps along axis mu, t along axis nu, and back."""
    if not (all(isinstance(k, Integral) for k in (mu, nu, r, t)) and mu != nu and min(mu, nu) >= 0 and min(r, t) >= 1):
        raise UserError(f"rectangle: expected two different axes >= 0 and sides >= 1, got {mu}, {nu} and {r} x {t}")
    return (mu + 1,) * r + (nu + 1,) * t + (-mu - 1,) * r + (-nu - 1,) * t


def reverse(path: Path) -> Path:
    """The same path walked backwards; its product is the Hermitian conjugate."""
    return tuple(-step for step in reversed(path))


def displacement(path: Path, ndim: int) -> tuple[int, ...]:
    """Where the path ends relative to its start."""
    return tuple(path.count(axis + 1) - path.count(-axis - 1) for axis in range(ndim))


def is_closed(path: Path, shape: Sequence[int] | None = None) -> bool:
    """Whether the path returns to its start; on a torus of extents ``shape`` it may wind round it."""
    if shape is None:
        return not any(displacement(path, max(map(abs, path))))
    return not any(steps % extent for steps, extent in zip(displacement(path, len(shape)), shape, strict=True))


def lattice_images(path: str | Path, ndim: int) -> tuple[Path, ...]:
    """All different images of ``path`` under the permutations and reflections of the axes.

    Open paths are told apart by their steps. Closed ones count as the same when they differ by the starting point or
    the orientation, since a sum over all sites of ``Re tr`` does not see these: the plaquette has D(D-1)/2 images,
    the 1 x 2 rectangle D(D-1).
    """
    path = parse_path(path, ndim)
    closed = is_closed(path)
    images: dict[Path, Path] = {}
    for axes in permutations(range(1, ndim + 1)):
        for signs in product((1, -1), repeat=ndim):
            image = tuple((1 if s > 0 else -1) * signs[axes[abs(s) - 1] - 1] * axes[abs(s) - 1] for s in path)
            images.setdefault(_canonical(image) if closed else image, image)
    return tuple(sorted(images.values(), key=_forward_first))


def staple_paths(loops: Iterable[tuple[Path, float]], ndim: int) -> Staples:
    """The staples of a sum of loops: for each axis the paths that close a link to one of the loops.

    A loop that passes the link twice gives two staples (the product rule of the force); a backward passage is turned
    into a forward one by reversing the loop, which leaves ``Re tr`` as it is. Equal paths are merged.
    """
    staples: list[Counter[Path]] = [Counter() for _ in range(ndim)]
    for loop, coefficient in loops:
        for oriented in (loop, reverse(loop)):
            for k, step in enumerate(oriented):
                if step > 0:
                    staples[step - 1][oriented[k + 1 :] + oriented[:k]] += coefficient  # type: ignore[assignment]
    return tuple(tuple(sorted(found.items())) for found in staples)


def _canonical(loop: Path) -> Path:
    both = (loop, reverse(loop))
    return min(walk[k:] + walk[:k] for walk in both for k in range(len(walk)))


def _forward_first(path: Path) -> tuple[tuple[bool, int], ...]:
    return tuple((step < 0, abs(step)) for step in path)
