"""Pfaffians as sign and logarithm, with derivatives of any order in every mode of automatic differentiation."""

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from gaugeflow.errors import UserError
from gaugeflow.linalg.pivoting import largest_entry, natural_scale, swap, swap_sign
from gaugeflow.linalg.scaled import Scaled, SignedLog, signed_log

__all__ = ["bordered", "eliminated_pfaffian", "scaled_pfaffian", "signed_log_pfaffian"]


def signed_log_pfaffian(a: Tensor) -> SignedLog:
    """Sign and logarithm of the modulus of Pfaffians, ``Pf [[0, x], [-x, 0]] = x``, ``Pf(a)^2 = det(a)``.

    Args:
        a: real or complex matrices ``(..., n, n)`` with even n >= 0; their antisymmetric part ``(a - a^T)/2`` is
            what counts.

    Returns:
        Two tensors ``(...)``. At an exact zero see :func:`gaugeflow.linalg.signed_log`.

    Raises:
        UserError: the matrices are not square, or n is odd (see :func:`bordered`).
    """
    return signed_log(scaled_pfaffian(a))


def bordered(a: Tensor, border: Tensor) -> Tensor:
    """``[[a, v], [-v^T, 0]]``: particles in pairs but for k of them in the orbitals v, as many as make n + k even.

    Args:
        a: antisymmetric matrices ``(..., n, n)``.
        border: v, shape ``(..., n, k)``.
    """
    corner = torch.zeros(*border.shape[:-2], border.shape[-1], border.shape[-1], dtype=border.dtype).to(border.device)
    return torch.cat((torch.cat((a, border), -1), torch.cat((-border.mT, corner), -1)), -2)


def scaled_pfaffian(a: Tensor) -> Scaled:
    """:func:`eliminated_pfaffian`, or what a class with `__torch_function__` has in its place.

    Args:
        a: antisymmetric, ``(..., n, n)``, as for :func:`signed_log_pfaffian`.
    """
    _check(a)
    if has_torch_function_unary(a):
        found: Scaled = handle_torch_function(scaled_pfaffian, (a,), a)
        return found
    return eliminated_pfaffian(a)


def eliminated_pfaffian(a: Tensor) -> Scaled:
    """Pfaffians whose first and second derivatives are right on every node, at any rank.

    The elimination of Parlett and Reid (as in M. Wimmer, arXiv:1102.3440) with complete pivoting in plain steps:
    with the largest entry x brought to the corner and r, s the rests of the first two rows, ``Pf(a) = x Pf(c)`` with
    ``c = rest + (s^T r - r^T s)/x``. The last four by four matrix is taken in closed form, as the last two by two one
    of a determinant, see :func:`gaugeflow.linalg.scaled_det`.

    Args:
        a: antisymmetric, ``(..., n, n)``, as for :func:`signed_log_pfaffian`.
    """
    a = (a - a.mT) / 2
    n = a.shape[-1]
    constant = torch.ones(a.shape[:-2], dtype=a.dtype, device=a.device)
    mantissa, scale, exponent = constant, constant.abs(), torch.zeros_like(constant.abs())
    for _ in range((n - 4) // 2):
        row, column = largest_entry(a.detach().triu(1))
        for place, source in ((0, row), (1, column)):
            a = swap(swap(a, place, source, -2), place, source, -1)
        pivot = a[..., 0, 1]
        scale = natural_scale(pivot, scale)
        mantissa = mantissa * (pivot / scale) * (swap_sign(0, row, a.dtype) * swap_sign(1, column, a.dtype))
        exponent = exponent + scale.log()
        divisor = torch.where(pivot.detach() == 0, 1.0, pivot)[..., None, None]
        r, s = a[..., :1, 2:] / divisor, a[..., 1:2, 2:]
        a = a[..., 2:, 2:] + (s.mT * r - r.mT * s)
    return Scaled(mantissa, exponent) * _closed_form(a, scale) if n else Scaled(mantissa, exponent)


def _check(a: Tensor) -> None:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise UserError(f"Pfaffian: expected square matrices (..., n, n), came the shape {tuple(a.shape)}")
    if a.shape[-1] % 2:
        raise UserError(
            f"Pfaffian: expected an even number of rows, came {a.shape[-1]}; an odd one needs a border, see `bordered`"
        )


def _closed_form(a: Tensor, previous: Tensor) -> Scaled:
    """Pfaffians of two by two and four by four matrices."""
    scale = natural_scale(a.detach().abs().amax((-2, -1)), previous)
    b = a / scale[..., None, None]
    if a.shape[-1] == 2:
        return Scaled(b[..., 0, 1], scale.log())
    pairings = b[..., 0, 1] * b[..., 2, 3] - b[..., 0, 2] * b[..., 1, 3] + b[..., 0, 3] * b[..., 1, 2]
    return Scaled(pairings, 2 * scale.log())
