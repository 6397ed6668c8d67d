"""The local energy ``E_L = H psi / psi``, by a forward Laplacian or by plain autograd."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.laplacian import determinants as jet_determinants  # noqa: F401  (the rules of the operations)
from gaugeflow.wavefunctions.laplacian import own_and_pairs as jet_sums  # noqa: F401  (the rules of the operations)
from gaugeflow.wavefunctions.laplacian import rules as jet_rules  # noqa: F401  (the rules of the operations)
from gaugeflow.wavefunctions.laplacian.jet import Jet
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["METHODS", "gradient_and_laplacian", "keep_memory", "local_energy"]

Psi = Callable[[Any], LogPsi]


def local_energy(
    psi: Psi, hamiltonian: Hamiltonian, x: Tensor, *, method: str = "forward", chunk_size: int | None = None
) -> Tensor:
    """``-(1/2) (Lap log|psi| + |grad log|psi||^2) + V`` for each configuration.

    Args:
        psi: a wavefunction made of plain operations of torch.
        x: coordinates ``(batch, n, d)``.
        method: "forward" carries value, gradient and Laplacian through one pass; "autograd" differentiates twice,
            coordinate by coordinate.
        chunk_size: configurations at a time; all by default.

    Returns:
        Energies ``(batch,)`` in Hartree, without a graph.

    Raises:
        UserError: an unknown method or coordinates of other particles.
    """
    hamiltonian.particles.check(x)
    parts = []
    for part in x.split(chunk_size or max(len(x), 1)):
        gradient, laplacian = gradient_and_laplacian(psi, part, method)
        kinetic = -0.5 * (laplacian + gradient.square().sum((1, 2)))
        parts.append(kinetic + hamiltonian.potential(part))
    return torch.cat(parts)


def gradient_and_laplacian(psi: Psi, x: Tensor, method: str = "forward") -> tuple[Tensor, Tensor]:
    """Of log|psi|: ``(batch, n, d)`` and ``(batch,)``. Raises UserError for an unknown method."""
    if method not in METHODS:
        raise UserError(f"local energy: expected one of {', '.join(METHODS)}, came {method!r}")
    return METHODS[method](psi, x.detach())


@cache
def keep_memory() -> None:
    """Lets this process keep up to 64 MB that it has freed, where memory comes from the C library of GNU.

    Freeing a large block raises the limits above which blocks are given back to the system and, when they are needed
    again a moment later, come back page by page: half of the time of a pass through a small network.
    """
    torch.empty((32 << 20) - (1 << 16), dtype=torch.uint8)  # 32 MB is the largest block that counts


@torch.no_grad()
def _forward(psi: Psi, x: Tensor) -> tuple[Tensor, Tensor]:
    keep_memory()
    log: Any = psi(Jet.variables(x)).log
    return log.gradient.movedim(0, -1).reshape(x.shape), log.laplacian


def _autograd(psi: Psi, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        x = x.requires_grad_()
        (gradient,) = torch.autograd.grad(psi(x).log.sum(), x, create_graph=True)
        laplacian = torch.zeros(len(x), dtype=gradient.dtype, device=x.device)
        for i in range(x[0].numel()):
            (row,) = torch.autograd.grad(gradient.flatten(1)[:, i].sum(), x, retain_graph=True)
            laplacian += row.flatten(1)[:, i]
    return gradient.detach(), laplacian


METHODS: dict[str, Callable[[Psi, Tensor], tuple[Tensor, Tensor]]] = {"forward": _forward, "autograd": _autograd}
