"""Local updates and fields of a flow in turn."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo import IndependenceMetropolis, Sampler
from gaugeflow.montecarlo.sampler import Within

__all__ = ["FlowProposals"]


class FlowProposals(Within):
    """Updates by another sampler, then whole fields of a flow in the place of the chain's, accepted by their weights.

    The local updates move within a topological sector and bring fields of small weight back to where the flow draws;
    its proposals change the sector. Both keep `exp(-S)`, up to the steps of layers that integrate an equation
    (`Integrated`); alone, the proposals are :class:`~gaugeflow.montecarlo.IndependenceMetropolis`, arXiv:1904.12072.

    Args:
        flow: for the target or one near to it; its layers are inverted to know the weight of the present field.
        within: the sampler between the proposals; it has the action.
        action: S.
        proposals: how many after each update.

    Raises:
        UserError: fewer than one proposal; on update fields that the flow does not serve.
    """

    def __init__(self, flow: GaugeFlow, within: Sampler, action: Action, proposals: int = 1) -> None:
        if proposals < 1:
            raise UserError(f"flow proposals: expected at least one, got {proposals}")
        super().__init__(within)
        self.flow, self.action, self.proposals = flow, action, proposals

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """An update and its proposals; beside the diagnostics of the former ``flow_acceptance``, each ``(batch,)``."""
        field, diagnostics = self.within.update(field, generator)
        chain = IndependenceMetropolis(self.flow, self.action)  # weighs the field once for all its proposals
        accepted = torch.zeros(len(field), dtype=torch.float64, device=field.device)
        for _ in range(self.proposals):
            field, found = chain.update(field, generator)
            accepted += found["acceptance"]
        return field, {**diagnostics, "flow_acceptance": accepted / self.proposals}

    def state_dict(self) -> dict[str, Any]:
        """The state of the other sampler, and the parameters of the flow."""
        return {"within": super().state_dict(), "flow": self.flow.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state["within"])
        self.flow.load_state_dict(state["flow"])
