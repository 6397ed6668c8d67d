"""The errors of all trials in one precision, channel by channel, and the units in which they are told."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, leaves
from gaugeflow.symmetry.checks.trials.subject import compare

__all__ = ["Samples", "common_unit"]


@dataclass
class Samples:
    """For every chunk of trials, with one row for each channel of each leaf of the output:

    distance  |f(D(g) x) - D(g) f(x)|, `(rows, trials)`,
    unit      the size of the output,
    spread    how far f(x) is from its value on the first input,
    counted   whether g moves x at all, `(trials,)`.
    """

    distance: list[Tensor] = field(default_factory=list)
    unit: list[Tensor] = field(default_factory=list)
    spread: list[Tensor] = field(default_factory=list)
    counted: list[Tensor] = field(default_factory=list)
    leaf_of_row: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    names: tuple[str, ...] = ()

    def add(self, y: Tree, y_g: Tree, expected: Tree, reference: Tree, counted: Tensor) -> None:
        pairs = compare(y_g, expected)
        self.distance.append(torch.cat([distance for distance, _ in pairs]).cpu())
        self.unit.append(torch.cat([unit for _, unit in pairs]).cpu())
        self.spread.append(torch.cat([distance for distance, _ in compare(y, reference)]).cpu())
        self.counted.append(counted.cpu())
        self.names = tuple(leaf.name for leaf in leaves(y))
        rows = torch.tensor([len(distance) for distance, _ in pairs])
        self.leaf_of_row = torch.arange(len(pairs)).repeat_interleave(rows)

    def constant_leaves(self, unit: Tensor, rounding: float, beside_errors: bool) -> list[int]:
        """The leaves of which no row varies by more than rounding, nor (`beside_errors`) by more than a few times its
        own errors."""
        spread, error = (torch.cat(part, 1).amax(1) for part in (self.spread, self.distance))
        still = spread <= torch.maximum(rounding * unit.amax(1), 10 * error * beside_errors)
        return [k for k in range(len(self.names)) if bool(still[self.leaf_of_row == k].all())]

    def size(self, row: int) -> float:
        """The largest size of one row of the output."""
        return float(torch.cat(self.unit, 1)[row].max())


def common_unit(samples: Samples, by_leaf: bool) -> Tensor:
    """The unit of every row and trial, `(rows, trials)`, the same for both precisions.

    Outputs that are small for some inputs count in units of a millionth of the row's largest, and a row that is zero
    throughout in units of one. `by_leaf` gives all channels of a leaf the unit of the largest: without a second
    precision to compare with, a channel that vanishes but for rounding must not be judged by its own size.
    """
    unit = torch.cat(samples.unit, 1)
    if by_leaf:
        leaf = samples.leaf_of_row
        unit = torch.stack([unit[leaf == k].amax(0) for k in leaf.unique()])[leaf]
    unit = torch.maximum(unit, 1e-6 * unit.amax(1, keepdim=True))
    return torch.where(unit > 0, unit, torch.ones_like(unit))
