"""The forward Laplacian of determinants and Pfaffians in closed form.

With ``M_k = A^-1 d_k A``, for a determinant s = 1 and for a Pfaffian s = 1/2,

    d_k log|D| = s tr M_k,        Lap log|D| = s (tr(A^-1 Lap A) - sum_k tr(M_k M_k)).

Elimination, whose derivatives are right on every node, takes over where A is close to a singular matrix.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.linalg import Scaled
from gaugeflow.linalg.pfaffian import eliminated_pfaffian
from gaugeflow.linalg.signed_log_det import eliminated_det
from gaugeflow.wavefunctions.laplacian.jet import Jet, rule

__all__ = ["CONDITION"]

CONDITION = 1e6
"""The largest ``|A| |A^-1|``, with rows and columns of A of size one, that is inverted: it costs six digits at most."""

Eliminated = Callable[[Any], Any]


@rule("scaled_det")
def determinant(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Scaled:
    (a,) = args
    return eliminated_det(a) if a.shape[-1] < 3 else _closed_form(a, 1.0, eliminated_det)


@rule("scaled_pfaffian")
def pfaffian(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Scaled:
    (a,) = args
    if a.shape[-1] < 4:
        return eliminated_pfaffian(a)
    return _closed_form((a - a.mT) / 2, 0.5, eliminated_pfaffian)


def _closed_form(a: Jet, share: float, eliminated: Eliminated) -> Scaled:
    """Of matrices ``(batch, ..., n, n)``."""
    found = eliminated(a.value)
    inverse, sound = _inverse(a.value)
    columns = a.gradient.movedim(0, -2)  # (batch, ..., n, K, n)
    m = (inverse @ columns.flatten(-2)).unflatten(-1, columns.shape[-2:])
    slopes = share * m.diagonal(dim1=-3, dim2=-1).sum(-1)  # (batch, ..., K)
    curvature = (inverse.mT * a.laplacian).sum((-2, -1)) - (m * m.transpose(-3, -1)).sum((-3, -2, -1))
    gradient = (found.mantissa * slopes.movedim(-1, 0)).contiguous()
    laplacian = found.mantissa * (share * curvature + slopes.square().sum(-1))
    bad = (~sound).flatten().nonzero().flatten()
    if len(bad):
        exact, scale = eliminated(a.flatten(0, -3)[bad])
        ratio = (scale - found.exponent.flatten()[bad]).exp()
        gradient.view(len(gradient), -1)[:, bad] = exact.gradient * ratio
        laplacian.view(-1)[bad] = exact.laplacian * ratio
    return Scaled(Jet(found.mantissa, gradient, laplacian), found.exponent)  # type: ignore[arg-type]


def _inverse(a: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse matrices, and which of them can be relied on."""
    rows = _or_one(a.abs().amax(-1, keepdim=True))
    columns = _or_one((a / rows).abs().amax(-2, keepdim=True))
    inverse, info = torch.linalg.inv_ex(a / rows / columns)
    sound = (info == 0) & (inverse.abs().amax((-2, -1)) < CONDITION)
    return inverse / columns.mT / rows.mT, sound


def _or_one(size: Tensor) -> Tensor:
    return torch.where(size == 0, 1.0, size)
