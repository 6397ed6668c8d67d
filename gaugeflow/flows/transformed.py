"""Hybrid Monte Carlo in the variables of a flow: field transformation.

A field `x = f(z)`, f the layers of a flow, has the density `exp(-S)` where z has

    exp(-S_f(z)),    S_f(z) = S(f(z)) - log |det df/dz|,

both with respect to Haar or Lebesgue measure; M. Luescher, arXiv:0907.5491. Where f is near to a map that
makes S flat, trajectories of z meet no barriers; for flows of networks arXiv:2112.01586. The chain is exact whatever f
is, up to the steps of layers that integrate an equation (`Integrated`).
"""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.spaces import Space
from gaugeflow.montecarlo import HMC
from gaugeflow.montecarlo.sampler import check_start

__all__ = ["FTHMC", "PulledBack"]


class PulledBack(Action):
    """`S_f(z) = S(f(z)) - log |det df/dz|`, f the layers of a flow; its base plays no part.

    Args:
        flow: gives f, with the parameters that it has at each call.
        action: S.
    """

    def __init__(self, flow: GaugeFlow, action: Action) -> None:
        self.flow, self.action = flow, action

    @property
    def space(self) -> Space:  # type: ignore[override]  # a property where others have a constant
        return self.action.space

    def __call__(self, field: Tensor) -> Tensor:
        x, log_det = self.flow.forward_and_log_det(field)
        return self.action(x) - log_det


class FTHMC(HMC):
    """Trajectories of z, the field before the layers of a flow; the chain is one of `x = f(z)`.

    The z of the last field is kept, so that nothing hangs on how well the layers invert.

    Args:
        flow: its layers are f; any flow of the package, trained for whatever action.
        action: S, of x.
        options: as for :class:`~gaugeflow.montecarlo.HMC`.

    Raises:
        UserError: as HMC; on update also fields that the layers do not serve.
    """

    def __init__(self, flow: GaugeFlow, action: Action, **options: Any) -> None:
        super().__init__(PulledBack(flow, action), **options)
        self.flow = flow
        self._z: Tensor | None = None
        self._x: Tensor | None = None

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """One trajectory of every chain: the new `x` `(batch, ...)` and the diagnostics of HMC."""
        check_start(self.action.space, field, generator)
        self._z, found = super().update(self._variables(field), generator)
        x, _ = self.flow.forward_and_log_det(self._z)
        moved = found["acceptance"].view(-1, *[1] * (field.ndim - 1)) > 0
        self._x = torch.where(moved, x, field)
        return self._x, found

    def _variables(self, field: Tensor) -> Tensor:
        """Known for the field of the last update and for the first one after a checkpoint."""
        if self._z is not None and (self._x is None or self._x is field):
            return self._z.to(field.device)
        return self.flow.inverse_and_log_det(field)[0]

    def state_dict(self) -> dict[str, Any]:
        """The tuning, z, and the parameters of the flow."""
        return {**super().state_dict(), "variables": self._z, "flow": self.flow.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.flow.load_state_dict(state["flow"])
        self._z, self._x = state["variables"], None
