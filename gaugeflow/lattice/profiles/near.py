"""The loops of an action that pass links of a region: all that changes where only these links move."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.kernels import Path, Profile, Region
from gaugeflow.kernels.tables import visited_links
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.lattice.profiles.difference import Difference

__all__ = ["loops_through"]


@dataclass(frozen=True)
class _Elsewhere:
    """The profile in which loops that pass a link of the region have no weight."""

    region: Region
    profile: Profile | None

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        inside, axes = self.region(shape), tuple(range(len(shape)))
        away = torch.ones(shape, dtype=torch.bool)
        for axis, _, place in visited_links(loop, [0] * len(shape)):
            away &= ~inside[axis].roll([-d for d in place], axes)
        return away * self.profile(shape, loop) if self.profile else away.double()


def loops_through(action: LoopAction, region: Region) -> Difference:
    """The terms of an action whose loops pass a link of the region, as a function of fields; one number for each."""
    return Difference(action.weighted(_Elsewhere(region, action.profile)), action)
