"""Symmetry sectors of a lattice: a momentum, a part of the point group that keeps it, and a sign of the spin flip."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.lattices import Lattice
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup
from gaugeflow.wavefunctions.point_groups import PointGroup

__all__ = ["sector"]

NEAR = 1e-3
"""In units of pi: 0.667 is two thirds."""


def sector(
    lattice: Lattice,
    momentum: Sequence[float] | None = None,
    point_group: str | None = None,
    spin_flip: int | None = None,
) -> SiteGroup:
    """The group of what is given and its character.

    A translation by a has the character ``exp(i k a)``: a particle alone is a wave ``exp(i k x)``. Of the point group
    those turns and mirrors take part that keep k, with the character of one of their parts of one dimension.

    Args:
        momentum: k in units of pi along each axis, one of those that the lattice has.
        point_group: an irreducible part of the turns and mirrors about site 0, as "A1" or "B1"; "E+" and "E-" are the
            complex parts of turns without mirrors.
        spin_flip: +1 or -1 under the exchange of spins.

    Raises:
        UserError: nothing given, a momentum or a part that the lattice does not have, or a sign that is none.
    """
    found = SiteGroup(torch.arange(lattice.sites)[None])
    if (momentum, point_group, spin_flip) == (None, None, None):
        raise UserError("sector: expected a momentum, a part of the point group or a sign of the spin flip, came none")
    if spin_flip is not None:
        if spin_flip not in (1, -1):
            raise UserError(f"sector: expected +1 or -1 for spin_flip, came {spin_flip}")
        both = torch.arange(lattice.sites).expand(2, -1)
        found = SiteGroup(both, torch.tensor([False, True]), torch.tensor([1, spin_flip]))
    k = torch.zeros(lattice.dimension, dtype=torch.float64) if momentum is None else _momentum(lattice, momentum)
    if point_group is not None:
        found = _turns(lattice, point_group, k).times(found)
    return found if momentum is None else _translations(lattice, k).times(found)


def _momentum(lattice: Lattice, given: Sequence[float]) -> Tensor:
    """That of the lattice, ``(d,)`` in units of 2 pi, for one in units of pi that may be rounded."""
    own = torch.from_numpy(lattice.momenta())
    if len(given) == lattice.dimension:
        apart = own - torch.tensor(given, dtype=torch.float64) / 2
        nearest = (apart - apart.round()).abs().amax(1)
        if float(nearest.min()) < NEAR:
            return own[int(nearest.argmin())]
    names = ", ".join(f"({', '.join(f'{2 * part:.4g}' for part in k)})" for k in own.tolist())
    raise UserError(f"sector: expected a momentum in units of pi among {names}, came {tuple(given)}")


def _translations(lattice: Lattice, k: Tensor) -> SiteGroup:
    orders = lattice.translations
    if len(orders) < lattice.sites:
        raise UserError("sector: expected a lattice that is periodic in all directions for a momentum")
    return SiteGroup(orders, characters=_waves(lattice, k))


def _waves(lattice: Lattice, k: Tensor) -> Tensor:
    """``exp(i k r)`` at each site, for k in units of 2 pi."""
    angles = 2 * math.pi * (torch.from_numpy(lattice.places).double() @ k)
    return torch.polar(torch.ones_like(angles), angles)


def _turns(lattice: Lattice, part: str, k: Tensor) -> SiteGroup:
    """Those of the point group that keep k: turns ``r^j`` and mirrors ``r^j s``."""
    waves, kept = _waves(lattice, k), []
    for turn, mirrored, order in zip(*lattice.point_motions, strict=True):
        if float((waves[order] - waves).abs().max()) < NEAR:
            kept.append((int(mirrored), int(turn), order))
    kept.sort(key=lambda motion: motion[:2])
    turns = sum(not mirrored for mirrored, _, _ in kept)
    mirrors = len(kept) > turns
    symbol = f"{'D' if mirrors else 'C'}{turns}"
    parts = _parts(PointGroup(symbol, torch.zeros(2)))
    if part not in parts:
        raise UserError(
            f"sector: expected one of {', '.join(parts)} of {symbol}, the turns and mirrors that keep the lattice and "
            f"the momentum, came {part!r}"
        )
    return SiteGroup(torch.stack([order for _, _, order in kept]), characters=parts[part])


def _parts(group: PointGroup) -> dict[str, Tensor]:
    """The characters of one dimension, turns first, then mirrors; those of turns alone are complex."""
    size = len(group.matrices)
    found = {name: w * size for name, w in group.sectors.items() if not name.startswith("E")}
    if group.mirrors:
        return found
    turns = torch.arange(group.turns, dtype=torch.float64)
    for number, name in enumerate((name for name in group.sectors if name.startswith("E")), 1):
        right = torch.polar(torch.ones_like(turns), 2 * math.pi * number / group.turns * turns)
        found |= {f"{name}+": right, f"{name}-": right.conj()}
    return found
