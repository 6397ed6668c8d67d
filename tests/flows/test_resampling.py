"""Resampling: fair counts, Z without bias in small populations, fields of the target, and what it wins."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow, HaarBase, Resampled, StochasticFlow, Updates, systematic
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HeatBath

BETA, SHAPE = 4.0, (2, 2)
EXACT = Exact2D("u1", SHAPE, BETA)


def ladder(steps: int = 3) -> tuple[GaugeFlow, dict[int, list[Updates]]]:
    """Too few steps from Haar measure, so that weights differ."""
    actions = [WilsonAction(2, BETA * k / (steps + 1)) for k in range(1, steps + 1)]
    return GaugeFlow(HaarBase(get_group("u1"), SHAPE), [], WilsonAction(2, BETA)), {
        0: [Updates(HeatBath(action), action) for action in actions]
    }


def test_each_goes_on_as_often_as_it_weighs(generator: torch.Generator) -> None:
    weights = torch.tensor([[0.5, 0.3, 0.15, 0.05]], dtype=torch.float64)
    drawn = systematic(weights.log().expand(4000, 4) + 7, generator)
    counts = torch.stack([(drawn == k).sum(1) for k in range(4)], 1)
    expected = 4 * weights
    assert bool(((counts >= expected.floor()) & (counts <= expected.ceil())).all())
    torch.testing.assert_close(counts.double().mean(0, keepdim=True), expected, rtol=0, atol=0.04)
    whole = torch.tensor([[0.0, -math.inf, -math.inf]], dtype=torch.float64)
    assert systematic(whole, generator).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("below", [0.5, 0.9])
def test_z_has_no_bias_and_fields_are_those_of_the_target(below: float, generator: torch.Generator) -> None:
    """In populations of four, where a bias of one over their size would be seen."""
    flow = Resampled(*ladder(), below=below, population=4)
    links, log_w = flow.sample(4000, generator)
    assert 0.2 < float(flow.resampled.mean()) <= 3
    w = (log_w - float(EXACT.log_z)).exp()
    error = float(w.std()) / len(w) ** 0.5
    assert error < 0.03
    assert abs(float(w.mean()) - 1) < 4 * error
    shares = w * (plaquette(links) - float(EXACT.plaquette))
    assert abs(float(shares.mean())) < 4 * float(shares.std()) / len(w) ** 0.5


def test_at_equal_cost_it_wins_where_weights_differ(generator: torch.Generator) -> None:
    """Sixteen evolutions together against the mean of sixteen."""
    flow, updates = ladder(8)
    together = Resampled(flow, updates, below=0.7, population=16).sample(400, generator)[1].exp()
    alone = StochasticFlow(flow, updates).sample(6400, generator)[1].exp().view(400, 16).mean(1)  # type: ignore[arg-type]
    assert float(together.var() / together.mean() ** 2) < 0.7 * float(alone.var() / alone.mean() ** 2)


def test_there_is_no_way_back_and_what_does_not_fit_is_refused(generator: torch.Generator) -> None:
    flow, updates = ladder()
    assert not Resampled(flow, updates).reversible  # type: ignore[arg-type]
    for options in ({"below": 0.0}, {"below": 1.0}, {"population": 1}):
        with pytest.raises(UserError, match="0 < below < 1 and a population of two"):
            Resampled(flow, updates, **options)  # type: ignore[arg-type]
