"""How many fermions there are, of which spin, or how many bosons, in how many dimensions."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["Particles", "Statistics"]

Statistics = Literal["fermion", "boson"]


@dataclass(frozen=True)
class Particles:
    """Fermions of spin 1/2 with coordinates ``(batch, n, dimension)``, of which the first ``n_up`` are spin up.

    Bosons have no spin: there are ``n_up`` of them.

    Raises:
        UserError: a negative number of them, none at all, not one to three dimensions, or bosons with spin down.
    """

    n_up: int
    n_down: int
    dimension: int
    statistics: Statistics = field(default="fermion", kw_only=True)

    def __post_init__(self) -> None:
        if min(self.n_up, self.n_down) < 0 or self.n < 1:
            raise UserError(f"particles: expected n_up, n_down >= 0 and at least one of 1, came {self.counts}")
        if self.dimension not in (1, 2, 3):
            raise UserError(f"particles: expected one to three dimensions, came {self.dimension}")
        if self.bosons and self.n_down:
            raise UserError(f"bosons: expected n_down = 0, as they have no spin, came n_up, n_down = {self.counts}")

    @property
    def n(self) -> int:
        return self.n_up + self.n_down

    @property
    def counts(self) -> tuple[int, int]:
        return self.n_up, self.n_down

    @property
    def bosons(self) -> bool:
        return self.statistics == "boson"

    @property
    def exclude(self) -> bool:
        """Whether two of them must not meet: fermions of equal spin, which give psi nodes."""
        return not self.bosons and max(self.counts) > 1

    @cached_property
    def spins(self) -> Tensor:
        """+1 and -1, shape ``(n,)``, in float64."""
        return torch.tensor([1.0] * self.n_up + [-1.0] * self.n_down, dtype=torch.float64)

    @cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """The indices i < j of every pair, each ``(n (n-1)/2,)``."""
        first, second = torch.triu_indices(self.n, self.n, offset=1)
        return first, second

    @cached_property
    def others(self) -> Tensor:
        """The indices of the other particles for each one, ``(n, n - 1)``."""
        rows = [[j for j in range(self.n) if j != i] for i in range(self.n)]
        return torch.tensor(rows, dtype=torch.long).reshape(self.n, self.n - 1)

    @cached_property
    def like(self) -> Tensor:
        """Which of `pairs` are fermions of equal spin, boolean; psi is zero where they meet."""
        first, second = self.pairs
        return (self.spins[first] == self.spins[second]) & (not self.bosons)

    def check(self, x: Any) -> None:
        """Raises UserError if x is not ``(batch, n, dimension)``."""
        if len(x.shape) != 3 or tuple(x.shape[1:]) != (self.n, self.dimension):
            raise UserError(
                f"expected coordinates of shape (batch, {self.n}, {self.dimension}) for {self}, came {tuple(x.shape)}"
            )

    def same_as(self, other: "Particles", where: str) -> None:
        """Raises UserError if the other part of a composition is made for other particles."""
        if self != other:
            raise UserError(f"{where}: expected parts made for {self}, came one for {other}")

    def __str__(self) -> str:
        what = f"{self.n} bosons" if self.bosons else f"{self.n_up} up and {self.n_down} down"
        return f"{what} in {self.dimension}D"
