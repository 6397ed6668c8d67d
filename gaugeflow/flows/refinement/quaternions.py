"""SU(2) as unit quaternions, and the SU(2) part of 2 x 2 matrices."""

import torch
from torch import Tensor

__all__ = ["conjugate", "matrix", "multiply", "quaternion"]


def quaternion(u: Tensor) -> Tensor:
    """``(b_0, b)`` of the part ``b_0 + i b.sigma`` of 2 x 2 matrices, ``(n, 4)``."""
    total, difference = u[:, 0, 0] + u[:, 1, 1], u[:, 0, 0] - u[:, 1, 1]
    b1, b2 = (u[:, 0, 1] + u[:, 1, 0]).imag, (u[:, 0, 1] - u[:, 1, 0]).real
    return torch.stack((total.real, b1, b2, difference.imag), -1) / 2


def matrix(q: Tensor) -> Tensor:
    """``b_0 + i b.sigma``, ``(n, 2, 2)``."""
    h0, h1, h2, h3 = q.unbind(-1)
    upper, first = torch.complex(h2, h1), torch.complex(h0, h3)
    return torch.stack((first, upper, -upper.conj(), first.conj()), -1).unflatten(-1, (2, 2))


def conjugate(q: Tensor) -> Tensor:
    """The quaternion of the inverse."""
    return torch.cat((q[:, :1], -q[:, 1:]), -1)


def multiply(p: Tensor, q: Tensor) -> Tensor:
    """The quaternion of ``(p_0 + i p.sigma)(q_0 + i q.sigma)``."""
    scalar = p[:, :1] * q[:, :1] - (p[:, 1:] * q[:, 1:]).sum(-1, keepdim=True)
    return torch.cat((scalar, p[:, :1] * q[:, 1:] + q[:, :1] * p[:, 1:] - torch.linalg.cross(p[:, 1:], q[:, 1:])), -1)
