"""Derivatives of log psi with respect to the parameters, which are real; psi may be complex.

Two real numbers then belong to each sample, ``d log|psi|`` and the derivative of the angle of psi: the real and the
imaginary part of ``d log psi``, one after the other.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["in_turn", "log_derivatives", "log_parts", "trained", "weighted_gradient"]


def trained(psi: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are learned, by name. Raises UserError for a wavefunction that is not to be trained, or has
    none."""
    if getattr(psi, "untrained", ""):
        raise UserError(f"optimizer: expected a wavefunction to train, came one that is not: {psi.untrained}")
    found = {name: parameter for name, parameter in psi.named_parameters() if parameter.requires_grad}
    if not found:
        raise UserError("optimizer: expected a wavefunction with parameters to learn, came one that has none")
    return found


def log_parts(value: LogPsi) -> tuple[Tensor, ...]:
    """What has derivatives, each ``(batch,)``: log|psi|, and the angle of a complex psi but for a constant."""
    if not value.sign.is_complex():
        return (value.log,)
    return value.log, (value.sign.detach().conj() * value.sign).imag


def in_turn(numbers: Tensor) -> Tensor:
    """Real numbers as they are; of complex ones ``(batch,)`` real and imaginary parts in turn, ``(2 batch,)``."""
    return torch.view_as_real(numbers.resolve_conj()).flatten() if numbers.is_complex() else numbers


def log_derivatives(psi: Wavefunction, x: Tensor, chunk_size: int | None = None) -> Tensor:
    """``O_bp = d log|psi(x_b)| / d theta_p``, float64 ``(batch, parameters)``, in the order of `trained`.

    Of a complex psi ``(2 batch, parameters)``, real and imaginary part of each sample in turn.

    Args:
        chunk_size: walkers at a time; all by default.
    """
    parameters = {name: parameter.detach() for name, parameter in trained(psi).items()}

    def rows(part: int) -> Tensor:
        def log(values: dict[str, Tensor], walker: Tensor) -> Tensor:
            # with tie_weights a module that stands in two places would be left without its own parameters afterwards
            return log_parts(functional_call(psi, values, (walker[None],), tie_weights=False))[part][0]

        made: Callable[..., dict[str, Tensor]] = vmap(grad(log), (None, 0), chunk_size=chunk_size)
        found = made(parameters, x)
        return torch.cat([found[name].reshape(len(x), -1).double() for name in parameters], 1)

    with torch.no_grad():
        parts = len(log_parts(psi(x[:1])))
    return torch.stack([rows(part) for part in range(parts)], 1).flatten(0, 1)


def weighted_gradient(psi: Wavefunction, x: Tensor, weights: Tensor) -> list[Tensor]:
    """``Re sum_b weights_b* d log psi(x_b) / d theta`` for each learned parameter, by one backward pass.

    Args:
        weights: ``(batch,)``, complex where psi is.
    """
    parameters = list(trained(psi).values())
    with torch.enable_grad():
        total = (torch.stack(log_parts(psi(x)), 1).flatten() * in_turn(weights)).sum()
        found = torch.autograd.grad(total, parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
