"""The second derivative of log|psi| along one direction: one pass in place of one for each coordinate."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.laplacian.jet import Jet
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["curvature_along"]

Psi = Callable[[Any], LogPsi]


def curvature_along(psi: Psi, x: Tensor, direction: Tensor, method: str = "forward") -> Tensor:
    """``v . (Hessian of log|psi|) . v`` for each configuration, ``(batch,)``, without a graph.

    Args:
        psi: a wavefunction made of plain operations of torch.
        x: coordinates ``(batch, n, d)``.
        direction: v, ``(batch, n, d)``, of any length.
        method: as for `local_energy`.

    Raises:
        UserError: an unknown method.
    """
    if method not in METHODS:
        raise UserError(f"curvature: expected one of {', '.join(METHODS)}, came {method!r}")
    return METHODS[method](psi, x.detach(), direction)


@torch.no_grad()
def _forward(psi: Psi, x: Tensor, direction: Tensor) -> Tensor:
    """The Laplacian along one coordinate is the second derivative along it."""
    log: Any = psi(Jet(x, direction[None], torch.zeros_like(x))).log
    return log.laplacian


def _autograd(psi: Psi, x: Tensor, direction: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x.requires_grad_()
        (gradient,) = torch.autograd.grad(psi(x).log.sum(), x, create_graph=True)
        (row,) = torch.autograd.grad((gradient * direction).sum(), x)
    return (row * direction).sum((1, 2))


METHODS: dict[str, Callable[[Psi, Tensor, Tensor], Tensor]] = {"forward": _forward, "autograd": _autograd}
