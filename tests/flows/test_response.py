"""The answer of the plaquette to the coupling: exact in two dimensions with and without the flow, and what it saves."""

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import Response, response_terms
from gaugeflow.lattice import Defect, RectangleAction, WilsonAction, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HeatBath

H = 1e-3


@pytest.mark.parametrize(("name", "beta", "saved"), [("u1", 0.7, 4.0), ("su2", 1.0, 10.0), ("su3", 1.5, 10.0)])
def test_both_ways_are_exact_and_the_flow_saves_variance(
    name: str, beta: float, saved: float, generator: torch.Generator
) -> None:
    shape, action = (4, 4), WilsonAction(2, beta)
    field, rows = hot_start(name, shape, generator, 200), []
    for update in range(35):
        field, _ = HeatBath(action).update(field, generator)
        if update >= 5:
            rows.append(torch.stack(response_terms(action, field)))
    found = Response(*torch.stack(rows, -1).numpy(), shape)
    above, below = (float(Exact2D(name, shape, beta + h).plaquette) for h in (H, -H))
    exact = (above - below) / (2 * H)
    for way in (found.connected, found.flowed):
        assert abs(way.value - exact) < 4 * way.error
    assert found.flowed.error < 0.02 * exact
    assert found.saved > saved
    mean = found.variate.mean(1)
    assert abs(mean.mean()) < 4 * mean.std() / len(mean) ** 0.5, "A has no mean"


def test_a_variate_of_another_coupling_is_not_exact(generator: torch.Generator) -> None:
    """A belongs to the ensemble: with that of half the coupling its mean is not 0."""
    field = hot_start("u1", (4, 4), generator, 200)
    for _ in range(20):
        field, _ = HeatBath(WilsonAction(2, 1.0)).update(field, generator)
    _, wrong, _ = response_terms(WilsonAction(2, 0.5), field)
    assert abs(float(wrong.mean())) > 10 * float(wrong.std()) / len(wrong) ** 0.5


def test_other_actions_and_lattices_are_refused(generator: torch.Generator) -> None:
    links = hot_start("u1", (4, 4), generator)
    for action, field in (
        (RectangleAction(2, 1.0, -0.1), links),
        (WilsonAction(2, 1.0).weighted(Defect(1, 0.5)), links),
        (WilsonAction(2, 1.0), hot_start("u1", (1, 4), generator)),
    ):
        with pytest.raises(UserError, match="expected Wilson's action, the same everywhere"):
            response_terms(action, field)  # type: ignore[arg-type]
    assert np.isfinite(response_terms(WilsonAction(2, 1.0), links)[0].numpy()).all()
