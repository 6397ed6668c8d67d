"""Permutations of sites and the exchange of spins, how they act on configurations, and their characters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.symmetry.actions.groups import Group, Parameters, represent
from gaugeflow.symmetry.actions.scalars import SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value
from gaugeflow.wavefunctions.occupation.lattices import Lattice
from gaugeflow.wavefunctions.point_groups import PointGroup

__all__ = ["Occupations", "SiteGroup", "moved", "sector"]


def moved(x: Tensor, orders: Tensor, flips: Tensor) -> tuple[Tensor, Tensor]:
    """``U_g |x> = sign |g x>``, where site i goes to ``order[i]`` and spins are exchanged after it if `flips` is true.

    The sign is that of bringing the creation operators back to their order: of the particles of each spin after the
    permutation, and of all up behind all down after the exchange.

    Args:
        x: occupations ``(..., 2, sites)``.
        orders: of each configuration, ``(..., sites)``; axes in front are broadcast, so that ``(batch, 1, 2, sites)``
            and ``(|G|, sites)`` give all images of each.
        flips: ``(...)``, boolean.

    Returns:
        Occupations ``(..., 2, sites)``, and signs ``(...)``.
    """
    crossed = (orders[..., :, None] > orders[..., None, :]).triu(1).to(x.dtype)
    crossings = torch.einsum("...si,...ij,...sj->...", x, crossed, x)
    counts = x.sum(-1)
    crossings = crossings + flips * counts[..., 0] * counts[..., 1]
    index = orders[..., None, :].expand(*crossings.shape, *x.shape[-2:])
    y = torch.zeros_like(x).expand_as(index).scatter(-1, index, x.expand_as(index))
    return torch.where(flips[..., None, None], y.flip(-2), y), 1 - 2 * crossings.round().remainder(2)


@dataclass(frozen=True, eq=False)
class Occupations(Value):
    """Configurations ``(batch, 2, sites)`` with a sign each ``(batch,)``: the states ``sign |x>``.

    A function under test takes both, and a wavefunction gives ``sign psi(x)``.
    """

    sign: Tensor

    def validate(self) -> None:
        if self.data.ndim != 3 or self.data.shape[1] != 2 or self.sign.shape != self.data.shape[:1]:
            raise ValueError(
                f"occupations: expected (batch, 2, sites) and signs (batch,), got {tuple(self.data.shape)} and "
                f"{tuple(self.sign.shape)}"
            )

    def random_like(self, generator: torch.Generator) -> Self:
        """The same particles somewhere else; both spins in the same order where no site of the example has two."""
        keys = torch.rand(self.data.shape, generator=generator).to(self.data.device)
        alone = bool((self.data.sum(1) <= 1).all())
        order = (keys[:, :1].expand_as(keys) if alone else keys).argsort(-1)
        return replace(self, data=self.data.gather(-1, order))


class SiteGroup(Group):
    """A finite group of permutations of sites, with or without an exchange of spins, and one of its characters.

    A wavefunction of this character transforms as ``psi(g x) sign(g, x) = character(g) psi(x)``.

    Args:
        orders: where each site goes, ``(|G|, sites)``.
        flips: whether spins are exchanged, ``(|G|,)``; never by default.
        characters: real ones of one dimension, ``(|G|,)``; 1 by default.
    """

    name = "site group"

    def __init__(self, orders: Tensor, flips: Tensor | None = None, characters: Tensor | None = None) -> None:
        self.orders = orders
        self.flips = torch.zeros(len(orders), dtype=torch.bool) if flips is None else flips
        self.characters = torch.ones(len(orders), dtype=torch.float64) if characters is None else characters.double()

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        chosen = torch.randint(len(self.orders), (size,), generator=generator)
        return {key: t[chosen] for key, t in self.every(x).items()}

    def every(self, x: Tree) -> Parameters:
        return {"order": self.orders, "flip": self.flips, "character": self.characters}

    def inverse(self, g: Parameters) -> Parameters:
        return g | {"order": g["order"].argsort(1)}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {
            "order": g["order"].gather(1, h["order"]),
            "flip": g["flip"] ^ h["flip"],
            "character": g["character"] * h["character"],
        }

    def order(self, x: Tree) -> int:
        return len(self.orders)

    def times(self, other: SiteGroup) -> SiteGroup:
        """All products, where those of `other` act first."""
        one, two = torch.cartesian_prod(torch.arange(len(self.orders)), torch.arange(len(other.orders))).unbind(1)
        mine = {key: t[one] for key, t in self.every(()).items()}
        both = self.compose(mine, {key: t[two] for key, t in other.every(()).items()})
        return SiteGroup(both["order"], both["flip"], both["character"])


@represent(SiteGroup, Occupations)
def _(g: Parameters, value: Occupations) -> Occupations:
    y, sign = moved(value.data, g["order"], g["flip"])
    return Occupations(y, value.sign * sign)


@represent(SiteGroup, SignedLog)
def _(g: Parameters, value: SignedLog) -> SignedLog:
    return SignedLog(value.sign * g["character"].to(value.sign), value.data)


def sector(
    lattice: Lattice,
    momentum: tuple[int, ...] | None = None,
    point_group: str | None = None,
    spin_flip: int | None = None,
) -> SiteGroup:
    """The group of what is given and its character.

    Args:
        momentum: in units of pi along each axis, 0 or 1: of translations with real characters.
        point_group: an irreducible part of one dimension of the turns and mirrors about site 0, as "A1" or "B1".
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
    if point_group is not None:
        found = _turns(lattice, point_group).times(found)
    return found if momentum is None else _translations(lattice, momentum).times(found)


def _translations(lattice: Lattice, momentum: tuple[int, ...]) -> SiteGroup:
    wanted = torch.tensor(momentum, dtype=torch.float64) / 2
    places = torch.from_numpy(lattice.places).double()
    momenta = [tuple(k) for k in lattice.momenta()]
    if len(momentum) != lattice.dimension or set(momentum) - {0, 1} or tuple(wanted.tolist()) not in momenta:
        own = sorted(tuple(int(2 * c) for c in k) for k in momenta if all(float(2 * c).is_integer() for c in k))
        raise UserError(f"sector: expected a momentum in units of pi among {own}, came {tuple(momentum)}")
    orders = lattice.translations
    if len(orders) < lattice.sites:
        raise UserError("sector: expected a lattice that is periodic in all directions for a momentum")
    return SiteGroup(orders, characters=(1 - 2 * (places @ (2 * wanted)).round().remainder(2)))


def _turns(lattice: Lattice, part: str) -> SiteGroup:
    orders = lattice.point_group
    symbol = {(2, 1): "D1", (8, 2): "D4", (12, 2): "D6", (4, 2): "C4", (6, 2): "C6"}.get(
        (len(orders), lattice.dimension), ""
    )
    if not symbol:
        raise UserError("sector: expected a lattice with all turns, or all turns and mirrors, for a point group")
    group = PointGroup(symbol, torch.zeros(2))
    ones = {name: w * len(orders) for name, w in group.sectors.items() if not name.startswith("E")}
    if part not in ones:
        raise UserError(f"sector: expected one of {', '.join(ones)} of {symbol}, came {part!r}")
    return SiteGroup(orders, characters=ones[part])
