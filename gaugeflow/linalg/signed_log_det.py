"""Determinants as sign and logarithm, with derivatives of any order in every mode of automatic differentiation."""

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from gaugeflow.errors import UserError
from gaugeflow.linalg.pivoting import largest_entry, natural_scale, swap, swap_sign
from gaugeflow.linalg.scaled import Scaled, SignedLog, signed_log

__all__ = ["eliminated_det", "scaled_det", "signed_log_det"]


def signed_log_det(a: Tensor) -> SignedLog:
    """Sign and logarithm of the modulus of determinants.

    Args:
        a: real or complex matrices ``(..., n, n)``, n >= 0; the determinant of the empty matrix is 1.

    Returns:
        Two tensors ``(...)``. At an exact zero see :func:`gaugeflow.linalg.signed_log`.

    Raises:
        UserError: the matrices are not square.
    """
    return signed_log(scaled_det(a))


def scaled_det(a: Tensor) -> Scaled:
    """:func:`eliminated_det`, or what a class with `__torch_function__` has in its place.

    Args:
        a: real or complex matrices ``(..., n, n)``.
    """
    if has_torch_function_unary(a):
        found: Scaled = handle_torch_function(scaled_det, (a,), a)
        return found
    return eliminated_det(a)


def eliminated_det(a: Tensor) -> Scaled:
    """Determinants whose first and second derivatives are right on every node, at any rank.

    Gaussian elimination with complete pivoting in plain steps, so that each mode of differentiation and each order
    is that of products and quotients; the decompositions of torch have silently wrong second derivatives in
    forward-over-forward mode. With complete pivoting a pivot vanishes only if all that is left does, and the last two
    by two block is taken in closed form: nothing is divided by zero on a node of first or second order, and a node
    of higher order has vanishing first and second derivatives, which is what comes out.

    Args:
        a: real or complex matrices ``(..., n, n)``.
    """
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise UserError(f"determinant: expected square matrices (..., n, n), came the shape {tuple(a.shape)}")
    n = a.shape[-1]
    constant = torch.ones(a.shape[:-2], dtype=a.dtype, device=a.device)
    mantissa, scale, exponent = constant, constant.abs(), torch.zeros_like(constant.abs())
    for _ in range(n - 2):
        row, column = largest_entry(a)
        a = swap(swap(a, 0, row, -2), 0, column, -1)
        pivot = a[..., 0, 0]
        scale = natural_scale(pivot, scale)
        mantissa = mantissa * (pivot / scale) * (swap_sign(0, row, a.dtype) * swap_sign(0, column, a.dtype))
        exponent = exponent + scale.log()
        divisor = torch.where(pivot.detach() == 0, 1.0, pivot)[..., None, None]
        a = a[..., 1:, 1:] - a[..., 1:, :1] * (a[..., :1, 1:] / divisor)
    return Scaled(mantissa, exponent) * _closed_form(a, scale) if n else Scaled(mantissa, exponent)


def _closed_form(a: Tensor, previous: Tensor) -> Scaled:
    """Determinants of one by one and two by two matrices."""
    if a.shape[-1] == 1:
        scale = natural_scale(a[..., 0, 0], previous)
        return Scaled(a[..., 0, 0] / scale, scale.log())
    scale = natural_scale(a.detach().abs().amax((-2, -1)), previous)
    b = a / scale[..., None, None]
    return Scaled(b[..., 0, 0] * b[..., 1, 1] - b[..., 0, 1] * b[..., 1, 0], 2 * scale.log())
