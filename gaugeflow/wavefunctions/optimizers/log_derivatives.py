"""Derivatives of log|psi| with respect to the parameters."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["log_derivatives", "trained", "weighted_gradient"]


def trained(psi: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are learned, by name. Raises UserError for a wavefunction that is not to be trained."""
    if getattr(psi, "untrained", ""):
        raise UserError(f"optimizer: expected a wavefunction to train, came one that is not: {psi.untrained}")
    return {name: parameter for name, parameter in psi.named_parameters() if parameter.requires_grad}


def log_derivatives(psi: Wavefunction, x: Tensor, chunk_size: int | None = None) -> Tensor:
    """``O_bp = d log|psi(x_b)| / d theta_p``, float64 ``(batch, parameters)``, in the order of `trained`.

    Args:
        chunk_size: walkers at a time; all by default.
    """
    parameters = {name: parameter.detach() for name, parameter in trained(psi).items()}

    def log(values: dict[str, Tensor], walker: Tensor) -> Tensor:
        # with tie_weights a module that stands in two places would be left without its own parameters afterwards
        return functional_call(psi, values, (walker[None],), tie_weights=False).log[0]

    rows: Callable[..., dict[str, Tensor]] = vmap(grad(log), (None, 0), chunk_size=chunk_size)
    found = rows(parameters, x)
    return torch.cat([found[name].reshape(len(x), -1).double() for name in parameters], 1)


def weighted_gradient(psi: Wavefunction, x: Tensor, weights: Tensor) -> list[Tensor]:
    """``sum_b weights_b d log|psi(x_b)| / d theta`` for each learned parameter, by one backward pass."""
    parameters = list(trained(psi).values())
    with torch.enable_grad():
        total = (psi(x).log * weights).sum()
        found = torch.autograd.grad(total, parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
