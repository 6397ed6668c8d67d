"""Coordinates of SU(3) loops for the laws of refinement."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.flows.refinement.chart import Coordinate, Frame, feature
from gaugeflow.flows.refinement.quaternions import conjugate, matrix, multiply, quaternion
from gaugeflow.lattice.refinement.root import square_root_spectrum

__all__ = ["SU3Chart"]


class SU3Chart:
    """X in the basis of M, as its first column v and an SU(2) element h that mixes the other two.

    The law of X^* is that of X, so that ``Im v_1 >= 0`` can be had by a conjugation. A diagonal tau with
    ``X = tau X' tau^dagger`` makes v_2 = w a and v_3 = w b real and positive, w^2 = 1 - |v_1|^2;

        X' = [1, (a, -b; b, a)] [(v_1, -w; w, v_1^*), 1] [1, h]

    Coordinates are those of v on the sphere S^5, and of ``h' = g h`` its class angle and direction, where g is the
    SU(2) part of the lower block K of ``cos(Theta/2) X'(h = 1)``: K = s g and a part that does not enter. At one
    plaquette the law is ``exp(s k tr h')`` in h', and all that it knows of the coordinates before is s. The
    invariants of M are ``sin(theta_j / 2)`` and ``cos(theta_j / 2)``, each but for one.
    """

    coordinates: tuple[Coordinate, ...] = (
        Coordinate(4),
        Coordinate(3, end=math.pi / 2),
        Coordinate(0),
        Coordinate(2),
        Coordinate(0),
        Coordinate(0),
    )
    features = 5

    def learned(self, area: int, centred: bool) -> tuple[int, ...]:
        if centred:
            return (0, 1, 3)
        return (0, 1, 2, 3) if area == 1 else (0, 1, 2, 3, 4, 5)

    def context(self, features: Tensor, found: Sequence[Tensor]) -> Tensor:
        before = [feature(a, of.end) for a, of in zip(found, self.coordinates, strict=False)]
        strength = [_strength(features[:, 3], features[:, 4], *found[:3])[:, None]] if len(found) > 2 else []
        return torch.cat((features, *before, *strength), -1)

    def frame(self, m: Tensor) -> tuple[Frame, Tensor]:
        half, basis = square_root_spectrum(m)
        middle_first = torch.tensor([1, 0, 2], device=m.device)
        half, basis = half[:, middle_first], basis[..., middle_first]
        root = basis * torch.polar(torch.ones_like(half), half)[:, None, :]
        cosine = half.cos()
        return (root, basis, cosine), torch.cat((cosine[:, :1], half.sin()[:, 1:], cosine[:, 1:]), -1)

    def centred(self, m: Tensor) -> tuple[Frame, Tensor]:
        (_, basis, cosine), features = self.frame(m)
        of_unit = torch.tensor([1, 0, 0, 1, 1], dtype=features.dtype, device=features.device)
        return (basis, basis, torch.ones_like(cosine)), of_unit.expand_as(features)

    def read(self, loops: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        root, basis, cosine = frame
        x = root.mH @ loops @ basis
        below = x[:, 0, 0].imag < 0
        x = torch.where(below[:, None, None], x.conj(), x)
        first, second, third = x[:, 0, 0], x[:, 1, 0], x[:, 2, 0]
        lengths = torch.stack((second.abs(), third.abs()), -1)
        w = lengths.norm(dim=-1)
        phases = torch.stack((torch.zeros_like(w), second.angle(), third.angle()), -1)
        tau = torch.polar(torch.ones_like(phases), phases - phases.mean(-1, keepdim=True))
        a, b = (lengths / w.clamp_min(1e-300)[:, None]).unbind(-1)
        column = _column(first, w, a, b)
        x = tau.conj()[:, :, None] * x * tau[:, None, :]
        h = quaternion((column.mH @ x)[:, 1:, 1:])
        turned = multiply(_su2_part(cosine, column), h)
        length = turned[:, 1:].norm(dim=-1)
        coordinates = torch.stack(
            (
                torch.atan2((first.imag**2 + w**2).sqrt(), first.real),
                torch.atan2(w, first.imag),
                math.pi * (lengths[:, 0] / w.clamp_min(1e-300)) ** 2,
                torch.atan2(length, turned[:, 0]),
                math.pi / 2 * (1 + turned[:, 3] / length.clamp_min(1e-300)),
                (math.pi + torch.atan2(turned[:, 2], turned[:, 1])) / 2,
            ),
            -1,
        )
        return coordinates, (tau, below)

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
        h = multiply(conjugate(_su2_part(cosine, column)), turned)
        x = torch.cat((column[..., :1], column[..., 1:] @ matrix(h)), -1)
        tau, below = rest
        x = tau[:, :, None] * x * tau.conj()[:, None, :]
        x = torch.where(below[:, None, None], x.conj(), x)
        return root @ x @ basis.mH


def _strength(c2: Tensor, c3: Tensor, alpha: Tensor, beta: Tensor, share: Tensor) -> Tensor:
    """s = |a (c_2 v_1^* + c_3), b (c_2 + c_3 v_1)| / 2."""
    real, square = alpha.cos(), 1 - (alpha.sin() * beta.sin()) ** 2
    share = share / math.pi
    upper, lower = c2**2 * square + c3**2, c2**2 + c3**2 * square
    total = share * upper + (1 - share) * lower + 2 * c2 * c3 * real
    return total.clamp_min(1e-30).sqrt() / 2


def _column(first: Tensor, w: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """X' for h = 1."""
    zero, w, a, b = (part.to(first.dtype) for part in (torch.zeros_like(a), w, a, b))
    rows = (first, -w, zero, w * a, first.conj() * a, -b, w * b, first.conj() * b, a)
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _su2_part(cosine: Tensor, column: Tensor) -> Tensor:
    """The unit quaternion of the lower block of ``diag(cosine) column``."""
    q = quaternion(cosine[:, 1:, None] * column[:, 1:, 1:])
    length = q.norm(dim=-1, keepdim=True)
    one = torch.tensor([1.0, 0, 0, 0], dtype=q.dtype, device=q.device)
    return torch.where(length > 0, q / length.clamp_min(1e-300), one)
