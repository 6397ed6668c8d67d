"""The model `symmetrized`: a flow that another run has trained, its density averaged over symmetries of the target."""

from collections.abc import Sequence
from typing import Literal

import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, Operations, Symmetrized, choose_operations
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import hot_start
from gaugeflow.random import stream
from gaugeflow.runs import Count
from gaugeflow.symmetry.actions.fields import Links, SiteScalars
from gaugeflow.tasks.flow.base import NamedRun
from gaugeflow.tasks.flow.models import ModelSection, Setting

__all__ = ["SymmetrizedRun"]

KEPT = {"gauge", "charge", "translations", "z2", "centre"}
"""What stays a symmetry of the density whatever operations it is averaged over: these keep such groups as a whole."""
TRIED = 256
"""So many of the operations are tried on the action."""


class SymmetrizedRun(ModelSection):
    """The flow that another run has trained, its density averaged over symmetries of the target.

    `log q(x)` becomes the logarithm of the mean of q over the fields `g x`, and samples are moved by random g: exact,
    and never further from the target. There is nothing to train. A field costs as many evaluations of the flow as
    there are elements. Once this run has begun it does not need the other any more.
    """

    name: Literal["symmetrized"]
    base: NamedRun
    """The name of a shipped run or the directory of one, from the folder of this file."""
    group: str = "hypercubic * translations"
    """A finite group of `gaugeflow.symmetry`; of a product the first factor acts first."""
    elements: Count | None = None
    """Operations to average over; by default all. With fewer, as many of the first factors as fit are taken whole, and
    the density is exactly symmetric under these; then the smallest of the next factor."""

    @property
    def integrated(self) -> bool:  # type: ignore[override]  # a property where others have a constant
        """As the layers of the other run."""
        return self.base.integrated

    @property
    def bounded(self) -> bool:
        return self.base.bounded

    def build(self, setting: Setting) -> GaugeFlow:
        """Raises UserError where the action does not have the symmetries, or the other model does not serve."""
        flow = self.base.build(setting)
        assert isinstance(flow, GaugeFlow)  # a run of the task `flow` has one
        example = _example(setting.group, setting.shape, setting.dtype, setting.device)
        chosen = choose_operations(self.group, example, self.elements)
        _require_invariant(setting.action, chosen, example)
        return GaugeFlow(Symmetrized(flow, chosen.elements, example), [], setting.action).to(setting.device)

    def operations(self, group: str | None, shape: Sequence[int]) -> Operations:
        """On a lattice of this shape."""
        return choose_operations(self.group, _example(group, shape), self.elements)

    def symmetry_on(self, group: str | None, shape: Sequence[int]) -> str:
        """Under what the density is invariant: the factors that are there as a whole, and what operations keep."""
        kept = [name for name in self.base.symmetry.split(" * ") if name in KEPT]
        return " * ".join(dict.fromkeys([*kept, *self.operations(group, shape).whole]))


def _example(
    group: Group | str | None,
    shape: Sequence[int],
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
) -> Links | SiteScalars:
    """A random field `(1, ...)`, always the same."""
    generator = stream("symmetrized", device=device)
    if group is None:
        field = torch.randn((1, *shape), generator=generator, dtype=dtype, device=device)
        return SiteScalars(field, channels=0)
    return Links(hot_start(group, shape, generator, 1, dtype))


def _require_invariant(action: Action, chosen: Operations, example: Links | SiteScalars) -> None:
    tried = chosen.elements.take(slice(None, None, -(-len(chosen.elements) // TRIED)))
    same = example.map(lambda t: t.expand(len(tried), *t.shape[1:]))
    before, after = action(example.data), action(tried(same).data)
    change = float((after - before).abs().max())
    if not change <= torch.finfo(before.dtype).eps ** 0.5 * (1 + float(before.abs())):
        raise UserError(
            f"model.group: expected symmetries of the action, which changes by {change:.2g} under an operation of it"
        )
