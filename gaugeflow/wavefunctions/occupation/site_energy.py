"""The local energy of fermions on sites."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import by_value
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.operators import Operators
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["local_value"]

AT_ONCE = 1024
"""Configurations at a time where nobody asks for others: what they need stays in the cache of a processor."""


@torch.no_grad()
def local_value(
    psi: Any, operators: Operators, particles: SiteFermions, x: Tensor, chunk_size: int | None = None
) -> Tensor:
    """``(O psi)(x) / psi(x) = sum_y O_xy psi(y) / psi(x)`` of a hermitian sum of products, ``(batch,)``.

    For the Hamiltonian it is the local energy, for any other observable its local value: complex where psi is, with a
    real mean.

    Args:
        psi: ``psi(x) -> (sign, log|psi|)``.
        x: occupations ``(batch, 2, sites)``.
        chunk_size: configurations whose psi is calculated at a time, `AT_ONCE` by default. What comes twice counts
            once.

    Raises:
        UserError: complex coefficients for a real psi, or configurations of other particles.
    """
    particles.check(x)
    found = operators.connected(x)
    keep = particles.allowed(found.y)
    walkers, y, elements = found.walkers[keep], found.y[keep], found.elements[keep]
    here, there = _evaluated(psi, x, chunk_size), _evaluated(psi, y, chunk_size)
    ratio = there.sign * here.sign[walkers].conj() * (there.log - here.log[walkers]).exp()
    if elements.is_complex() and not ratio.is_complex():
        raise UserError("local value: expected a complex wavefunction for complex hoppings, came a real one")
    return found.diagonal.to(ratio.dtype).index_add(0, walkers, elements.conj().to(ratio.dtype) * ratio)


def _evaluated(psi: Any, x: Tensor, chunk_size: int | None) -> LogPsi:
    """psi of each configuration, calculated once where it comes several times."""
    if not len(x):
        return LogPsi(x.new_zeros(0, dtype=torch.float64), x.new_zeros(0, dtype=torch.float64))
    distinct, place = torch.unique(x, dim=0, return_inverse=True)
    parts = [by_value(psi)(part) for part in distinct.split(chunk_size or AT_ONCE)]
    return LogPsi(torch.cat([p[0] for p in parts])[place], torch.cat([p[1] for p in parts])[place])
