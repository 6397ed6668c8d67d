"""Numbers with a sign or phase and a very large range, written so that derivatives on their zeros stay finite."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Scaled", "SignedLog", "scaled_product", "signed_log", "signed_log_sum"]


class SignedLog(NamedTuple):
    """``sign * exp(log)``, two tensors of one shape; a zero has the sign 0 and a finite logarithm.

    The sign of a complex number is its phase, of modulus one; the logarithm is real.
    """

    sign: Tensor
    log: Tensor


class Scaled(NamedTuple):
    """``mantissa * exp(exponent)``, two tensors of one shape, the mantissa real or complex, the exponent real.

    The exponent is a constant under differentiation and the mantissa, of order one or zero, has all derivatives: those
    of the logarithm diverge on a zero, those of the number itself do not.
    """

    mantissa: Tensor
    exponent: Tensor

    def __mul__(self, other: "Scaled") -> "Scaled":  # type: ignore[override]
        return Scaled(self.mantissa * other.mantissa, self.exponent + other.exponent)


def signed_log(x: Scaled) -> SignedLog:
    """Sign and logarithm of each number.

    At an exact zero the sign is 0, the logarithm that of the smallest number of its scale, and its gradient is 0. A
    real sign is a constant; the phase of a complex number has derivatives.
    """
    value = x.mantissa.detach()
    tiny = torch.finfo(value.dtype).tiny
    sign = value.sgn()
    magnitude = (x.mantissa * sign.conj()).real if value.is_complex() else x.mantissa * sign
    log = torch.where(value == 0, tiny, magnitude).log() + x.exponent
    return SignedLog(x.mantissa.sgn() if value.is_complex() else sign, log)


def scaled_product(values: Tensor) -> Scaled:
    """The product along the last axis of ``(..., n)``, by halves: smooth in the factors also where they vanish."""
    size = values.detach().abs()
    scale = torch.where(size == 0, 1.0, size)
    factors = values / scale
    while factors.shape[-1] > 1:
        half = factors.shape[-1] // 2
        rest = factors[..., 2 * half :]
        factors = torch.cat((factors[..., :half] * factors[..., half : 2 * half], rest), -1)
    return Scaled(factors[..., 0], scale.log().sum(-1))


def signed_log_sum(x: Scaled, dim: int = -1) -> SignedLog:
    """Sign and logarithm of the sum along an axis, by a log-sum-exp with signs.

    Terms that are zero take part with their derivatives, so the sum is differentiable on the nodes of single terms.
    """
    top = x.exponent.amax(dim, keepdim=True)
    total = (x.mantissa * (x.exponent - top).exp()).sum(dim)
    return signed_log(Scaled(total, top.squeeze(dim)))
