"""U(1), stored as angles."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.groups.group import Group

__all__ = ["U1", "wrap_angle"]


def wrap_angle(angle: Tensor) -> Tensor:
    """The representative of ``angle`` in (-pi, pi]; gradient one."""
    wrapped = math.pi - torch.remainder(math.pi - angle, 2 * math.pi)
    inside = (angle > -math.pi) & (angle <= math.pi)  # kept to the last digit; the remainder rounds small angles
    return torch.where(inside, angle, torch.where(wrapped <= -math.pi, wrapped + 2 * math.pi, wrapped))


class U1(Group):
    """U(1): an element is its real angle, the product is the sum, the generator is ``T = 1``.

    Products are not wrapped, so that they stay differentiable and windings stay visible; :meth:`project` wraps.
    """

    name = "u1"
    n = 1
    dim = 1
    element_shape: tuple[int, ...] = ()
    algebra_shape: tuple[int, ...] = ()

    def element_dtype(self, dtype: torch.dtype) -> torch.dtype:
        return dtype

    def basis(self, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None) -> Tensor:
        return torch.ones(1, 1, 1, dtype=dtype.to_complex(), device=device)

    def identity(
        self,
        size: Sequence[int] = (),
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> Tensor:
        return torch.zeros(tuple(size), dtype=dtype, device=device)

    def haar(self, size: Sequence[int], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Tensor:
        uniform = torch.rand(tuple(size), generator=generator, dtype=dtype, device=generator.device)
        return math.pi * (1 - 2 * uniform)  # uniform in [0, 1) becomes (-pi, pi]

    def exp(self, w: Tensor) -> Tensor:
        return wrap_angle(w)

    def log(self, u: Tensor) -> Tensor:
        return wrap_angle(u)

    def algebra(self, w: Tensor) -> Tensor:
        return w

    def coefficients(self, h: Tensor) -> Tensor:
        return h

    def project(self, u: Tensor) -> Tensor:
        return wrap_angle(u)

    def eigenangles(self, u: Tensor) -> Tensor:
        return wrap_angle(u)[..., None]

    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    def dagger(self, u: Tensor) -> Tensor:
        return -u

    def trace(self, u: Tensor) -> Tensor:
        return torch.polar(torch.ones_like(u), u)

    def violation(self, u: Tensor) -> Tensor:
        return torch.zeros_like(u)
