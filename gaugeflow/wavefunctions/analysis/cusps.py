"""Slopes of psi where particles meet, measured on psi itself (T. Kato, Comm. Pure Appl. Math. 10 (1957) 151)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.wavefunctions.analysis.identity import Identity, absent
from gaugeflow.wavefunctions.analysis.sampled import Sampled
from gaugeflow.wavefunctions.systems.potentials import Contact, Coulomb

__all__ = ["contact_cusp", "like_cusp", "nuclear_cusps", "unlike_cusp"]

STEP = 1e-2
"""Distance of the meeting particles in bohr, whose second order is what the slope is wrong by."""
FEW = 256
"""Configurations of each pair: where psi has the cusp they all agree."""
ACROSS = math.sqrt(math.pi / 2)
"""Error of a median over that of a mean, for normal numbers."""


def unlike_cusp(sampled: Sampled) -> Identity:
    """``d log|psi| / dr = 1/(d - 1)`` where particles of opposite spin meet."""
    d, name, says = sampled.particles.dimension, "cusp of unlike spins", "slope 1/(d - 1)"
    pair = _meeting(sampled)
    if not _repel(sampled) or d == 1 or pair is None:
        return absent(name, says, "expected electrons of both spins that repel each other by 1/r")
    return _pairs(sampled, name, says, pair, 0, 1 / (d - 1))


def contact_cusp(sampled: Sampled) -> list[Identity]:
    """``d log|psi| / dr = c/2`` where two particles meet under a repulsion ``c delta``; none without one."""
    pair = _meeting(sampled)
    terms = [term for term in sampled.hamiltonian.potentials if isinstance(term, Contact)]
    if not terms or pair is None:
        return []
    return [_pairs(sampled, "cusp at contact", "slope c/2", pair, 0, terms[0].strength / 2)]


def like_cusp(sampled: Sampled) -> Identity:
    """``d log|psi/r| / dr = 1/(d + 1)`` where particles of equal spin meet, psi being zero there."""
    d, up = sampled.particles.dimension, sampled.particles.n_up
    name, says = "cusp of equal spins", "slope 1/(d + 1) of psi/r"
    if not _repel(sampled) or d == 1 or not sampled.particles.exclude:
        return absent(name, says, "expected two electrons of equal spin that repel each other by 1/r")
    return _pairs(sampled, name, says, (0, 1) if up > 1 else (up, up + 1), 1, 1 / (d + 1))


def nuclear_cusps(sampled: Sampled) -> list[Identity]:
    """``d log|psi| / dr = -Z`` at each kind of nucleus; none in a trap."""
    charges, centres = sampled.hamiltonian.charges, sampled.hamiltonian.centres
    if charges is None:
        return []
    first = {float(z): place for place, z in reversed(list(enumerate(charges)))}
    return [_nucleus(sampled, z, centres[place].to(sampled.x)) for z, place in sorted(first.items())]


def _meeting(sampled: Sampled) -> tuple[int, int] | None:
    """The first pair that may meet: of opposite spins, or of bosons."""
    first, second = (index[~sampled.particles.like] for index in sampled.particles.pairs)
    return (int(first[0]), int(second[0])) if len(first) else None


def _repel(sampled: Sampled) -> bool:
    return any(isinstance(term, Coulomb) for term in sampled.hamiltonian.potentials)


def _pairs(sampled: Sampled, name: str, says: str, pair: tuple[int, int], power: int, expected: float) -> Identity:
    """Particles `pair` are brought about their middle, the others stay."""
    x, (i, j) = sampled.x[:FEW], pair
    middle, unit = (x[:, i] + x[:, j]) / 2, _directions(x)

    def at(distance: float) -> Tensor:
        moved = x.clone()
        moved[:, i], moved[:, j] = middle + distance / 2 * unit, middle - distance / 2 * unit
        return sampled.evaluated(moved).log - power * math.log(abs(distance))

    return _slope(at, name, says, expected)


def _nucleus(sampled: Sampled, z: float, centre: Tensor) -> Identity:
    x = sampled.x[:FEW]
    unit = _directions(x)

    def at(distance: float) -> Tensor:
        moved = x.clone()
        moved[:, 0] = centre + distance * unit
        return sampled.evaluated(moved).log

    return _slope(at, f"cusp at Z = {z:g}", "slope -Z", -z)


def _slope(at: Callable[[float], Tensor], name: str, says: str, expected: float) -> Identity:
    """The slope at zero of ``a + b r + c r^2`` through three distances, both ways along each direction: what is odd
    in the direction, as a gradient of psi, cancels. The median, because a node may pass by."""
    halves = [_median(_parabola(at, step)) for step in (STEP, STEP / 2)]
    (_, _), (value, spread) = halves
    return Identity(name, says, value, math.hypot(spread, halves[0][0] - value), expected)


def _parabola(at: Callable[[float], Tensor], step: float) -> Tensor:
    one, two, three = ((at(k * step) + at(-k * step)) / 2 for k in (1, 2, 3))
    return (-2.5 * one + 4 * two - 1.5 * three) / step


def _median(values: Tensor) -> tuple[float, float]:
    """With its error, from the median distance to it."""
    middle = values.median()
    spread = 1.4826 * (values - middle).abs().median()
    return float(middle), ACROSS * float(spread) / math.sqrt(len(values))


def _directions(x: Tensor) -> Tensor:
    """Fixed random unit vectors ``(batch, d)``."""
    normal = torch.randn(len(x), x.shape[2], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return (normal / normal.norm(dim=1, keepdim=True)).to(x)
