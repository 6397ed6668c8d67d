"""Angular momentum and parity about a centre, from psi at turned configurations."""

import math

import torch
from torch import Tensor

from gaugeflow.wavefunctions.analysis.identity import Identity, absent, found
from gaugeflow.wavefunctions.analysis.sampled import Sampled

__all__ = ["angular_momentum", "parity"]

ANGLE = 2e-3
"""Of a turn in the second difference, whose error is of fourth order in it."""
ONE_CENTRE = "expected one centre, about which the system is round"


def angular_momentum(sampled: Sampled) -> Identity:
    """The local ``L^2 psi / psi``, in two dimensions ``L_z^2``; it has no variance in a state of one L.

    ``L_n^2 psi = -d^2/da^2 psi(R_n(a) x)`` by a difference of fourth order. Expected is the nearest l (l + 1), or m^2.
    """
    d = sampled.particles.dimension
    name, says = "angular momentum", {1: "", 2: "L_z^2 = m^2", 3: "L^2 = l(l+1)"}[d]
    if d == 1:
        return absent(name, "L^2", "expected two or three dimensions")
    if len(sampled.hamiltonian.centres) != 1:
        return absent(name, says, ONE_CENTRE)
    planes = [(0, 1)] if d == 2 else [(0, 1), (1, 2), (2, 0)]
    local = sampled.by_walker(sum((_second_difference(sampled, plane) for plane in planes), torch.zeros(())))
    value = float(local.mean())
    levels = [float(m**2 if d == 2 else m * (m + 1)) for m in range(1 + math.ceil(math.sqrt(abs(value)) + 1))]
    nearest = min(levels, key=lambda level: abs(level - value)) if math.isfinite(value) else 0.0
    return found(name, says, local, nearest, pure=True)


def parity(sampled: Sampled) -> Identity:
    """``psi(-x)/psi(x)``, +1 or -1 everywhere in a state of one parity."""
    name, says = "parity", "psi(-x) = +psi(x) or -psi(x)"
    centres = sampled.hamiltonian.centres.double()
    if len(centres) != 1:
        return absent(name, says, ONE_CENTRE)
    local = sampled.by_walker(sampled.ratio(2 * centres[0].to(sampled.x) - sampled.x))
    return found(name, says, local, 1.0 if float(local.mean()) > 0 else -1.0, pure=True)


def _second_difference(sampled: Sampled, plane: tuple[int, int]) -> Tensor:
    """``-psi''/psi`` along a turn in the plane: (-f(2h) + 16 f(h) - 30 f(0) + 16 f(-h) - f(-2h)) / 12 h^2."""
    near = sampled.ratio(_turned(sampled, plane, ANGLE)) + sampled.ratio(_turned(sampled, plane, -ANGLE))
    far = sampled.ratio(_turned(sampled, plane, 2 * ANGLE)) + sampled.ratio(_turned(sampled, plane, -2 * ANGLE))
    return (far - 16 * near + 30) / (12 * ANGLE**2)


def _turned(sampled: Sampled, plane: tuple[int, int], angle: float) -> Tensor:
    centre = sampled.hamiltonian.centres[0].to(sampled.x)
    x = sampled.x - centre
    i, j = plane
    turned = x.clone()
    turned[..., i] = math.cos(angle) * x[..., i] - math.sin(angle) * x[..., j]
    turned[..., j] = math.sin(angle) * x[..., i] + math.cos(angle) * x[..., j]
    return turned + centre
