"""Coordinates of the loop L in a cell with boundary loop M: what the law of L depends on, and what it does not.

With ``M = S^2`` and ``L = S X``, conjugation of L and M together conjugates X and S, and leaves those coordinates of X
unchanged that are taken relative to the eigenvectors of S. Each of them runs from 0 to an end that the chart names;
Haar measure is ``prod_i sin^p_i(a_i) da_i`` with the powers p of the chart (coordinates of power 0 are uniform), times
that of the rest: signs, directions and phases that the law does not see.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from gaugeflow.flows.refinement.quaternions import conjugate, matrix, multiply, quaternion
from gaugeflow.groups.u1 import wrap_angle

__all__ = ["Chart", "Coordinate", "Frame", "SU2Chart", "U1Chart", "feature"]

Frame = tuple[Tensor, ...]


class Coordinate(NamedTuple):
    """Runs from 0 to `end`; `power` is p above, `narrow` whether its law is narrow about 0 at a large coupling."""

    power: int
    narrow: bool = False
    end: float = math.pi


class Chart(Protocol):
    """Coordinates ``(n, len(coordinates))`` of n loops.

    Attributes:
        coordinates: what is known of each.
        features: how many numbers describe the conjugacy class of M.
    """

    coordinates: tuple[Coordinate, ...]
    features: int

    def learned(self, area: int, centred: bool) -> tuple[int, ...]:
        """The coordinates whose law is not Haar's with halves of `area`, or where L has a law of its own."""
        ...

    def context(self, features: Tensor, found: Sequence[Tensor]) -> Tensor:
        """What the law of the next coordinate depends on: numbers of M, ``(n, features)``, and coordinates before."""
        ...

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        """What `read` and `write` need of M, and the invariants of M, ``(n, features)``."""
        ...

    def centred(self, m: Tensor) -> tuple[Frame, Tensor]:
        """The frame for ``L = X`` that takes only the eigenvectors from M, and the invariants of the unit element."""
        ...

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        """Coordinates and the rest."""
        ...

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        """Inverse of `read`."""
        ...


class _PlainChart:
    """Every coordinate has a law, which is given the coordinates before it."""

    coordinates: tuple[Coordinate, ...]

    def learned(self, area: int, centred: bool) -> tuple[int, ...]:
        return tuple(range(len(self.coordinates)))

    def context(self, features: Tensor, found: Sequence[Tensor]) -> Tensor:
        return torch.cat((features, *(feature(a, math.pi) for a in found)), -1)


class U1Chart(_PlainChart):
    """X is an angle; its law is even."""

    coordinates: tuple[Coordinate, ...] = (Coordinate(0, narrow=True),)
    features = 1

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        half = wrap_angle(m) / 2
        return (half,), torch.cos(half)[:, None]

    def centred(self, m: Tensor) -> tuple[Frame, Tensor]:
        return (torch.zeros_like(m),), torch.ones_like(m)[:, None]

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        x = wrap_angle(loops - frame[0])
        return x.abs()[:, None], (torch.where(x < 0, -1.0, 1.0).to(x),)

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        return frame[0] + rest[0] * coordinates[:, 0]


class SU2Chart(_PlainChart):
    """The class angle of X and the cosine c between its axis and that of M; the law is even in c."""

    coordinates: tuple[Coordinate, ...] = (Coordinate(2), Coordinate(0))
    features = 1

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        q = quaternion(m)
        sine = q[:, 1:].norm(dim=-1)
        half = torch.atan2(sine, q[:, 0]) / 2
        axis = torch.where((sine > 0)[:, None], q[:, 1:] / sine.clamp_min(1e-300)[:, None], _like_x(q))
        root = torch.cat((half.cos()[:, None], half.sin()[:, None] * axis), -1)
        return (root, axis), half.cos()[:, None]

    def centred(self, m: Tensor) -> tuple[Frame, Tensor]:
        (root, axis), cosine = self.frame(m)
        one = torch.eye(4, dtype=root.dtype, device=root.device)[:1].expand_as(root)
        return (one, axis), torch.ones_like(cosine)

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        root, axis = frame
        x = multiply(conjugate(root), quaternion(loops))
        length = x[:, 1:].norm(dim=-1)
        along = (x[:, 1:] * axis).sum(-1)
        across = x[:, 1:] - along[:, None] * axis
        cosine = (along.abs() / length.clamp_min(1e-300)).clamp(0, 1)
        direction = across / across.norm(dim=-1, keepdim=True).clamp_min(1e-300)
        coordinates = torch.stack((torch.atan2(length, x[:, 0]), math.pi * cosine), -1)
        return coordinates, (torch.where(along < 0, -1.0, 1.0).to(along), direction)

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        root, axis = frame
        sign, direction = rest
        angle, cosine = coordinates[:, 0], coordinates[:, 1] / math.pi
        sine = ((1 - cosine) * (1 + cosine)).clamp_min(0).sqrt()
        unit = (sign * cosine)[:, None] * axis + sine[:, None] * direction
        x = torch.cat((angle.cos()[:, None], angle.sin()[:, None] * unit), -1)
        return matrix(multiply(root, x))


def feature(a: Tensor, end: float) -> Tensor:
    """A coordinate that ends at `end` as networks are given it."""
    return (2 * a / end - 1)[:, None]


def _like_x(q: Tensor) -> Tensor:
    return torch.tensor([1.0, 0, 0], dtype=q.dtype, device=q.device).expand(len(q), 3)
