"""Energies of particles with a contact repulsion in one dimension, to all digits: Bethe's equations, two in a trap."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jacrev

from gaugeflow.errors import UserError

__all__ = ["gaudin_yang_energy", "lieb_liniger_energy", "two_in_a_trap_energy"]

STEPS = 200
"""Of Newton's method, which takes about ten."""
LAST_STEP = 1e-12
"""A step so small, relative to the solution, is the last one: the next would be its square."""


def lieb_liniger_energy(n: int, length: float, strength: float) -> float:
    """Of n bosons on a ring under ``-(1/2) sum d_i^2 + c sum_{i<j} delta(x_i - x_j)``, in Hartree.

    ``E = sum k_j^2 / 2`` with ``k_j L = 2 pi I_j - 2 sum_l arctan((k_j - k_l)/c)`` and I_j = -(n-1)/2, ..., (n-1)/2
    (E. H. Lieb and W. Liniger, Phys. Rev. 130 (1963) 1605).
    """
    numbers = _symmetric_numbers(n)

    def equations(k: Tensor) -> Tensor:
        scattered = 2 * torch.atan((k[:, None] - k) / strength).sum(1)
        return k * length - 2 * math.pi * numbers + scattered

    return float(_solved(equations, numbers * (math.pi / length)).square().sum()) / 2


def gaudin_yang_energy(n_up: int, n_down: int, length: float, strength: float) -> float:
    """Of fermions of spin 1/2 on a ring, of which unlike ones repel each other by ``c delta``, in Hartree.

    The equations of M. Gaudin, Phys. Lett. A 24 (1967) 55, and C. N. Yang, Phys. Rev. Lett. 19 (1967) 1312, with
    momenta k and, for each spin down, a rapidity: for odd numbers, or none, of both spins the ground state is not
    degenerate.

    Raises:
        UserError: an even number of either.
    """
    if any(count and count % 2 == 0 for count in (n_up, n_down)):
        raise UserError(f"Gaudin and Yang: expected odd numbers of both spins, or none, came {(n_up, n_down)}")
    charges, spins = _symmetric_numbers(n_up + n_down), _symmetric_numbers(min(n_up, n_down))

    def equations(unknown: Tensor) -> Tensor:
        k, rapidity = unknown[: len(charges)], unknown[len(charges) :]
        between = 2 * torch.atan((k[:, None] - rapidity) / (strength / 2))
        among = 2 * torch.atan((rapidity[:, None] - rapidity) / strength)
        of_charges = k * length - 2 * math.pi * charges + between.sum(1)
        of_spins = -between.sum(0) - 2 * math.pi * spins - among.sum(1)
        return torch.cat((of_charges, of_spins))

    start = torch.cat((charges * (math.pi / length), spins * (math.pi / length)))
    return float(_solved(equations, start)[: len(charges)].square().sum()) / 2


def two_in_a_trap_energy(omega: float, strength: float) -> float:
    """Of two particles that meet, in a harmonic trap on a line, in Hartree.

    ``E = omega (1 + nu)`` where ``c = -2 sqrt(2 omega) Gamma((1 - nu)/2) / Gamma(-nu/2)`` with 0 < nu < 1 (T. Busch et
    al., Found. Phys. 28 (1998) 549): the relative motion is a parabolic cylinder function with the slope of the cusp.
    """
    low, high = 0.0, 1.0
    for _ in range(100):
        nu = (low + high) / 2
        found = -2 * math.sqrt(2 * omega) * math.gamma((1 - nu) / 2) / math.gamma(-nu / 2) if 0 < nu < 1 else math.inf
        low, high = (nu, high) if found < strength else (low, nu)
    return omega * (1 + (low + high) / 2)


def _symmetric_numbers(count: int) -> Tensor:
    """-(count-1)/2, ..., (count-1)/2."""
    return torch.arange(count, dtype=torch.float64) - (count - 1) / 2


def _solved(equations: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """By Newton's method; steps are halved until what is left over falls."""
    for _ in range(STEPS):
        left = equations(x)
        step = torch.linalg.solve(jacrev(equations)(x), left)
        if float(step.norm()) <= LAST_STEP * float(x.norm()):
            return x - step
        while float(step.norm()) > 0 and not float(equations(x - step).norm()) < float(left.norm()):
            step = step / 2
        x = x - step
    raise UserError("Bethe's equations: expected Newton's method to end, came no solution for this repulsion")
