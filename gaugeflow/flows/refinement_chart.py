"""Coordinates of the loop L in a cell with boundary loop M: what the law of L depends on, and what it does not.

With ``M = S^2`` and ``L = S X``, conjugation of L and M together conjugates X and S, and leaves those coordinates of X
unchanged that are taken relative to the eigenvectors of S. Each of them lies in [0, pi]; Haar measure is
``prod_i sin^p_i(a_i) da_i`` with the powers p of the chart (coordinates of power 0 are uniform), times that of the
rest: a sign, directions and phases that the law does not see.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.groups.u1 import wrap_angle
from gaugeflow.lattice.refinement_root import square_root_spectrum

__all__ = ["Chart", "Frame", "chart_of"]

Frame = tuple[Tensor, ...]


class Chart(Protocol):
    """Coordinates ``(n, len(powers))`` of n loops.

    Attributes:
        powers: the p_i.
        narrow: which coordinates have a law that is narrow about 0 where the coupling is large.
        features: how many numbers describe the conjugacy class of M.
    """

    powers: tuple[int, ...]
    narrow: tuple[bool, ...]
    features: int

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        """What `read` and `write` need of M, and the invariants of M, ``(n, features)``."""
        ...

    def centred(self, m: Tensor) -> Frame:
        """The frame for ``L = X`` that takes only the eigenvectors from M: of laws that do not depend on M."""
        ...

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        """Coordinates and the rest."""
        ...

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        """Inverse of `read`."""
        ...


class U1Chart:
    """X is an angle; its law is even."""

    powers: tuple[int, ...] = (0,)
    narrow: tuple[bool, ...] = (True,)
    features = 1

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        half = wrap_angle(m) / 2
        return (half,), torch.cos(half)[:, None]

    def centred(self, m: Tensor) -> Frame:
        return (torch.zeros_like(m),)

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        x = wrap_angle(loops - frame[0])
        return x.abs()[:, None], (torch.where(x < 0, -1.0, 1.0).to(x),)

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        return frame[0] + rest[0] * coordinates[:, 0]


class SU2Chart:
    """The class angle of X and the cosine c between its axis and that of M; the law is even in c."""

    powers: tuple[int, ...] = (2, 0)
    narrow: tuple[bool, ...] = (False, False)
    features = 1

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        q = _quaternion(m)
        sine = q[:, 1:].norm(dim=-1)
        half = torch.atan2(sine, q[:, 0]) / 2
        axis = torch.where((sine > 0)[:, None], q[:, 1:] / sine.clamp_min(1e-300)[:, None], _like_x(q))
        root = torch.cat((half.cos()[:, None], half.sin()[:, None] * axis), -1)
        return (root, axis), half.cos()[:, None]

    def centred(self, m: Tensor) -> Frame:
        (root, axis), _ = self.frame(m)
        return torch.eye(4, dtype=root.dtype, device=root.device)[:1].expand_as(root), axis

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        root, axis = frame
        x = _multiply(_conjugate(root), _quaternion(loops))
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
        return _matrix(_multiply(root, x))


class SU3Chart:
    """X in the basis of M, as its first column v and an SU(2) element h that mixes the other two.

    A diagonal tau with ``X = tau X' tau^dagger`` makes v_2 = w a and v_3 = w b real and positive, w^2 = 1 - |v_1|^2;

        X' = [1, (a, -b; b, a)] [(v_1, -w; w, v_1^*), 1] [1, h]

    Coordinates are those of v on the sphere S^5, and of ``h' = g h`` its class angle and direction, where g is the
    SU(2) part of the lower block K of ``cos(Theta/2) X'(h = 1)``: at one plaquette the law is ``exp(k tr h')`` in h'.
    """

    powers: tuple[int, ...] = (4, 3, 0, 2, 0, 0)
    narrow: tuple[bool, ...] = (False,) * 6
    features = 3

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        half, basis = square_root_spectrum(m)
        middle_first = torch.tensor([1, 0, 2], device=m.device)
        half, basis = half[:, middle_first], basis[..., middle_first]
        root = basis * torch.polar(torch.ones_like(half), half)[:, None, :]
        return (root, basis, half.cos()), torch.cat((half.cos()[:, :1], half.sin()[:, 1:]), -1)

    def centred(self, m: Tensor) -> Frame:
        (_, basis, cosine), _ = self.frame(m)
        return basis, basis, torch.ones_like(cosine)

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        root, basis, cosine = frame
        x = root.mH @ loops @ basis
        first, second, third = x[:, 0, 0], x[:, 1, 0], x[:, 2, 0]
        lengths = torch.stack((second.abs(), third.abs()), -1)
        w = lengths.norm(dim=-1)
        phases = torch.stack((torch.zeros_like(w), second.angle(), third.angle()), -1)
        tau = torch.polar(torch.ones_like(phases), phases - phases.mean(-1, keepdim=True))
        a, b = (lengths / w.clamp_min(1e-300)[:, None]).unbind(-1)
        column = _column(first, w, a, b)
        x = tau.conj()[:, :, None] * x * tau[:, None, :]
        h = _quaternion((column.mH @ x)[:, 1:, 1:])
        turned = _multiply(_su2_part(cosine, column), h)
        length = turned[:, 1:].norm(dim=-1)
        coordinates = (
            torch.atan2((first.imag**2 + w**2).sqrt(), first.real),
            torch.atan2(w, first.imag),
            math.pi * (lengths[:, 0] / w.clamp_min(1e-300)) ** 2,
            torch.atan2(length, turned[:, 0]),
            math.pi / 2 * (1 + turned[:, 3] / length.clamp_min(1e-300)),
            (math.pi + torch.atan2(turned[:, 2], turned[:, 1])) / 2,
        )
        return torch.stack(coordinates, -1), (tau,)

    def write(self, coordinates: Tensor, rest: Frame, frame: Frame) -> Tensor:
        root, basis, cosine = frame
        alpha, beta, share, eta, height, turn = coordinates.unbind(-1)
        first = torch.complex(alpha.cos(), alpha.sin() * beta.cos())
        share = (share / math.pi).clamp(0, 1)
        column = _column(first, alpha.sin() * beta.sin(), share.sqrt(), (1 - share).sqrt())
        height = (2 * height / math.pi - 1).clamp(-1, 1)
        flat, turn = (1 - height * height).sqrt(), 2 * turn - math.pi
        unit = torch.stack((flat * turn.cos(), flat * turn.sin(), height), -1)
        turned = torch.cat((eta.cos()[:, None], eta.sin()[:, None] * unit), -1)
        h = _multiply(_conjugate(_su2_part(cosine, column)), turned)
        x = torch.cat((column[..., :1], column[..., 1:] @ _matrix(h)), -1)
        (tau,) = rest
        x = tau[:, :, None] * x * tau.conj()[:, None, :]
        return root @ x @ basis.mH


def chart_of(group: Group) -> Chart:
    """The chart of U(1), SU(2) or SU(3). Raises UserError for another group."""
    charts: dict[str, Chart] = {"u1": U1Chart(), "su2": SU2Chart(), "su3": SU3Chart()}
    if group.name not in charts:
        raise UserError(f"refinement: expected u1, su2 or su3, got {group.name}")
    return charts[group.name]


def _column(first: Tensor, w: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """X' for h = 1."""
    zero, w, a, b = (part.to(first.dtype) for part in (torch.zeros_like(a), w, a, b))
    rows = (first, -w, zero, w * a, first.conj() * a, -b, w * b, first.conj() * b, a)
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _su2_part(cosine: Tensor, column: Tensor) -> Tensor:
    """The unit quaternion of the lower block of ``diag(cosine) column``."""
    q = _quaternion(cosine[:, 1:, None] * column[:, 1:, 1:])
    length = q.norm(dim=-1, keepdim=True)
    one = torch.tensor([1.0, 0, 0, 0], dtype=q.dtype, device=q.device)
    return torch.where(length > 0, q / length.clamp_min(1e-300), one)


def _quaternion(u: Tensor) -> Tensor:
    """``(b_0, b)`` of the part ``b_0 + i b.sigma`` of 2 x 2 matrices, ``(n, 4)``."""
    total, difference = u[:, 0, 0] + u[:, 1, 1], u[:, 0, 0] - u[:, 1, 1]
    b1, b2 = (u[:, 0, 1] + u[:, 1, 0]).imag, (u[:, 0, 1] - u[:, 1, 0]).real
    return torch.stack((total.real, b1, b2, difference.imag), -1) / 2


def _matrix(q: Tensor) -> Tensor:
    h0, h1, h2, h3 = q.unbind(-1)
    upper, first = torch.complex(h2, h1), torch.complex(h0, h3)
    return torch.stack((first, upper, -upper.conj(), first.conj()), -1).unflatten(-1, (2, 2))


def _conjugate(q: Tensor) -> Tensor:
    return torch.cat((q[:, :1], -q[:, 1:]), -1)


def _multiply(p: Tensor, q: Tensor) -> Tensor:
    """``(p_0 + i p.sigma)(q_0 + i q.sigma)``."""
    scalar = p[:, :1] * q[:, :1] - (p[:, 1:] * q[:, 1:]).sum(-1, keepdim=True)
    return torch.cat((scalar, p[:, :1] * q[:, 1:] + q[:, :1] * p[:, 1:] - torch.linalg.cross(p[:, 1:], q[:, 1:])), -1)


def _like_x(q: Tensor) -> Tensor:
    return torch.tensor([1.0, 0, 0], dtype=q.dtype, device=q.device).expand(len(q), 3)
