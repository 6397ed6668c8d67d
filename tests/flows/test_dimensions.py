"""Couplings by parity masks in three and four dimensions: they learn there, on lattices that masks serve."""

from typing import Any

import pytest
import torch

from gaugeflow import flows
from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.flow.models.coupling import CouplingFlow

pytestmark = pytest.mark.slow

SAMPLES = 512
CASES: dict[str, tuple[str, tuple[int, ...], float, dict[str, Any], tuple[int, int, float]]] = {
    "u1 in 3D": ("u1", (4, 2, 2), 0.5, {"layers": 6, "transform": "mixture", "knots": 2}, (10, 16, 0.1)),
    "su2 in 3D": ("su2", (2, 2, 2), 1.2, {"layers": 6, "knots": 3}, (12, 24, 0.05)),
    "u1 in 4D": ("u1", (2, 2, 2, 2), 0.5, {"layers": 8, "transform": "mixture", "knots": 2}, (12, 24, 0.06)),
    "su3 in 4D": ("su3", (2, 2, 2, 2), 1.0, {"layers": 8, "knots": 3}, (8, 8, 0.03)),
}
"""Group, lattice, beta, model, and the steps, batch and rate of its training."""


def built(group: str, shape: tuple[int, ...], beta: float, **keys: Any) -> flows.GaugeFlow:
    section = CouplingFlow(name="coupling", hidden=[8], kernel=1, **keys)
    on_cpu = torch.float64, torch.device("cpu"), torch.Generator().manual_seed(1)
    return section.build(Setting(WilsonAction(len(shape), beta), get_group(group), shape, *on_cpu))


@torch.no_grad()
def ess(flow: flows.GaugeFlow) -> float:
    x, log_q = flow.sample(SAMPLES, torch.Generator().manual_seed(2))
    return flows.batch_ess(flow.log_weight(x, log_q))


@pytest.mark.parametrize("name", CASES)
def test_a_short_training_doubles_what_samples_are_worth(name, generator):
    group, shape, beta, keys, (steps, batch, rate) = CASES[name]
    flow = built(group, shape, beta, **keys)
    before = ess(flow)
    optimizer = torch.optim.Adam(flow.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        z, log_q = flow.q0(batch, generator)
        flows.path(flow, flow.action, flows.Batch(z, log_q, batch, batch))
        optimizer.step()
    assert ess(flow) > 2 * before
    assert before > 4 / SAMPLES  # no single sample decides


@pytest.mark.parametrize(
    ("shape", "keys", "message"),
    [
        ((4, 2, 3), {"layers": 6}, r"multiple of 2 along axis 2, got 3 on the lattice \(4, 2, 3\)"),
        ((2, 5, 2, 2), {"layers": 8}, r"multiple of 2 along axis 1, got 5 on the lattice \(2, 5, 2, 2\)"),
        ((4, 4, 4), {"layers": 4, "mask": "blocks"}, r"expected a lattice of 2 axes, got the extents \(4, 4, 4\)"),
        ((4, 4), {"layers": 4, "mask": "blocks", "block": [8, 4]}, "multiple of 8 along axis 0, got 4"),
    ],
)
def test_a_lattice_that_a_mask_cannot_serve_is_named(shape, keys, message):
    with pytest.raises(UserError, match=message):
        built("su2", shape, 1.0, **keys)


def test_extents_need_not_be_equal_nor_powers_of_two(generator):
    flow = built("u1", (6, 2, 4), 0.5, layers=12, knots=2)
    x, log_q = flow.sample(2, generator)
    assert x.shape == (2, 3, 6, 2, 4)
    torch.testing.assert_close(flow.log_prob(x), log_q)
