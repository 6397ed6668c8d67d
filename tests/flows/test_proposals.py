"""Local updates and fields of a flow in turn: exact, and through sectors that local moves do not leave."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import FlowProposals, GaugeFlow, HaarBase
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, charge_geometric, cold_start, hot_start, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath
from gaugeflow.montecarlo.errors import estimate
from tests.tasks.flow.models import Bend

BETA = 2.0
ACTION = WilsonAction(2, BETA)


def flow_of(*layers: torch.nn.Module) -> GaugeFlow:
    return GaugeFlow(HaarBase(get_group("u1"), (2, 2)), list(layers))


def test_a_chain_that_begins_in_one_sector_is_exact_in_all(generator: torch.Generator) -> None:
    """Trajectories so short that they stay where they begin; the flow is no good, and exact nevertheless."""
    sampler, rows = FlowProposals(flow_of(Bend(0.2)), HMC(ACTION, length=0.2, step_size=0.1), ACTION, 5), []
    field = cold_start(get_group("u1"), (2, 2), 400)
    for update in range(120):
        sampler.warmup = update < 20
        field, found = sampler.update(field, generator)
        rows.append(torch.stack([plaquette(field), charge_geometric(field) ** 2]))
    solution, kept = Exact2D("u1", (2, 2), BETA), torch.stack(rows[40:], -1).numpy()
    for series, exact in zip(kept, (solution.plaquette, solution.charge_squared), strict=True):
        measured = estimate(series)
        assert abs(measured.value - float(exact)) < 4 * measured.error
    assert 0 < float(found["flow_acceptance"].mean()) < 0.5
    assert "acceptance" in found  # of the trajectories


def test_weights_are_those_of_the_field_that_the_local_updates_leave(generator: torch.Generator) -> None:
    """A flow that is Haar measure accepts a proposal x' with min(1, exp(S(x) - S(x'))), x after the local update."""

    class Still(HeatBath):
        def update(self, field, generator):
            return cold_start(get_group("u1"), (2, 2), len(field)), {}

    sampler = FlowProposals(flow_of(), Still(ACTION), ACTION)
    _, found = sampler.update(hot_start("u1", (2, 2), generator, 20000), generator)
    proposed = hot_start("u1", (2, 2), generator, 20000)
    expected = torch.exp(-ACTION(proposed))
    difference = found["flow_acceptance"].mean() - expected.mean()
    assert abs(float(difference)) < 4 * float(expected.mean() / 20000) ** 0.5


def test_no_proposals_are_refused() -> None:
    with pytest.raises(UserError, match="expected at least one, got 0"):
        FlowProposals(flow_of(), HMC(ACTION), ACTION, 0)
