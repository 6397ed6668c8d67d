"""Finite groups of motions about a point, and their irreducible parts."""

import math
import re

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Parameters
from gaugeflow.symmetry.actions.values import Tree

__all__ = ["PointGroup"]


class PointGroup(Euclidean):
    """C_n, D_n or C_i about a centre, a group of `gaugeflow.symmetry` that acts on points ``(batch, n, d)``.

    C_n turns the first two axes by multiples of 2 pi / n; D_n also mirrors the second one (in three dimensions it is
    what chemists call C_nv, which keeps a molecule along the third axis); C_i inverts all axes. The elements are
    ``r^k s^m`` with k before m in the list: turns first, then the mirrors.

    Args:
        symbol: such as "D4", "C2", "D1" (a single mirror) or "Ci".
        centre: what stays in its place, ``(d,)``; its length is the dimension.

    Raises:
        UserError: another symbol, or turns on a line.
    """

    name = "point group"
    listed = True

    def __init__(self, symbol: str, centre: Tensor) -> None:
        super().__init__()
        found = re.fullmatch(r"([CD])([1-9]\d*)|Ci", symbol)
        if found is None:
            raise UserError(f"point group: expected C or D with a number as in D4, or Ci, came {symbol!r}")
        self.symbol, self.centre = symbol, torch.as_tensor(centre).double()
        self.turns, self.mirrors = (2, False) if symbol == "Ci" else (int(found[2]), found[1] == "D")
        if symbol != "Ci" and len(self.centre) < 2:
            raise UserError(f"point group: expected two dimensions or more for {symbol}, came one, which has Ci alone")

    def label(self) -> str:
        return self.symbol

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        chosen = torch.randint(len(self.matrices), (size,), generator=generator)
        return {key: t[chosen] for key, t in self.every(x).items()}

    def every(self, x: Tree) -> Parameters:
        turned = (self.matrices @ self.centre.cpu()[:, None]).squeeze(-1)
        return {"rotation": self.matrices, "shift": self.centre.cpu() - turned}

    def order(self, x: Tree) -> int:
        return len(self.matrices)

    @property
    def matrices(self) -> Tensor:
        """The motions about the origin, ``(|G|, d, d)``."""
        d, mirror = len(self.centre), torch.eye(len(self.centre), dtype=torch.float64)
        if self.symbol == "Ci":
            return torch.stack((mirror, -mirror))
        angles = 2 * math.pi / self.turns * torch.arange(self.turns, dtype=torch.float64)
        turns = mirror.repeat(self.turns, 1, 1)
        turns[:, :2, :2] = torch.stack((angles.cos(), -angles.sin(), angles.sin(), angles.cos()), -1).reshape(-1, 2, 2)
        mirror = torch.diag(torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)[:d])
        return torch.cat((turns, turns @ mirror)) if self.mirrors else turns

    @property
    def sectors(self) -> dict[str, Tensor]:
        """For each irreducible part over the real numbers, the weights ``d chi(g) / |G|`` of its projection,
        ``P = sum_g weight_g U_g``, in the order of the elements; their sum over all parts is 1 on the identity."""
        n, copies = self.turns, 2 if self.mirrors else 1
        k = torch.arange(n, dtype=torch.float64).repeat(copies)
        m = torch.arange(copies).repeat_interleave(n)
        mirrored, alternating = 1 - 2 * m.double(), 1 - 2 * k.remainder(2)
        whole = torch.ones_like(k)
        if self.symbol == "Ci":
            parts = {"Ag": whole, "Au": alternating}
        elif self.mirrors:
            parts = {"A1": whole, "A2": mirrored}
            parts |= {"B1": alternating, "B2": alternating * mirrored} if n % 2 == 0 else {}
        else:
            parts = {"A": whole} | ({"B": alternating} if n % 2 == 0 else {})
        doubled = range(1, (n + 1) // 2) if self.symbol != "Ci" else range(0)
        parts |= {
            "E" if n < 5 else f"E{j}": copies * 2 * torch.cos(2 * math.pi * j * k / n) * (m == 0) for j in doubled
        }
        return {name: part / (n * copies) for name, part in parts.items()}

    def over_sectors(self, orbit: Tensor) -> dict[str, Tensor]:
        """Of a function's values on orbits ``(batch, |G|)``, ``f(g x)``, the share of each part in the sum of their
        squares, ``(batch,)``; together they are 1. Of a function that is 0 on all of an orbit they are NaN."""
        n = self.turns
        place = torch.arange(orbit.shape[1], device=orbit.device)
        k, m = place % n, place // n
        same = m[:, None] ^ m  # g h^-1 = r^(k -+ l) s^(m + p), minus for p = m
        turn = k[:, None] - k * (1 - 2 * same)
        between = turn % n + n * same
        squares = orbit.square().sum(1)
        shares = {}
        for name, weights in self.sectors.items():
            projected = orbit @ weights.to(orbit)[between].T
            shares[name] = (orbit * projected).sum(1) / squares
        return shares
