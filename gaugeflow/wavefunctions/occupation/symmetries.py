"""Permutations of sites and the exchange of spins, how they act on configurations, and their characters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Group, Parameters, represent
from gaugeflow.symmetry.actions.scalars import SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value

__all__ = ["Occupations", "SiteGroup", "moved"]

ROUNDING = 1e-12
"""Of characters, which are of modulus one."""


def _plain(characters: Tensor) -> Tensor:
    """In double precision, real where no imaginary part is more than rounding."""
    if characters.is_complex() and float(characters.imag.abs().max()) > ROUNDING:
        return characters.to(torch.complex128).resolve_conj()
    return characters.real.double()


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
        characters: of one dimension, real or complex, ``(|G|,)``; 1 by default. Complex ones that have no imaginary
            part are real.
    """

    name = "site group"

    def __init__(self, orders: Tensor, flips: Tensor | None = None, characters: Tensor | None = None) -> None:
        self.orders = orders
        self.flips = torch.zeros(len(orders), dtype=torch.bool) if flips is None else flips
        self.characters = torch.ones(len(orders), dtype=torch.float64) if characters is None else _plain(characters)

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        chosen = torch.randint(len(self.orders), (size,), generator=generator)
        return {key: t[chosen] for key, t in self.every(x).items()}

    def every(self, x: Tree) -> Parameters:
        return {"order": self.orders, "flip": self.flips, "character": self.characters}

    def inverse(self, g: Parameters) -> Parameters:
        return g | {"order": g["order"].argsort(1), "character": g["character"].conj()}

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
    return SignedLog(value.sign * g["character"], value.data)
