"""The answer of loops to the coupling: exact in two dimensions with and without the flow, and what it saves."""

import numpy as np
import pytest
import torch
from mpmath import mp

from gaugeflow.errors import UserError
from gaugeflow.flows import Response, response_terms
from gaugeflow.lattice import Defect, RectangleAction, WilsonAction, hot_start, wilson_loop
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
    found = Response(torch.stack(rows, -1).numpy())
    above, below = (float(Exact2D(name, shape, beta + h).plaquette) for h in (H, -H))
    exact = (above - below) / (2 * H)
    for way in (found.connected, found.flowed):
        assert abs(way.value - exact) < 4 * way.error
    assert found.flowed.error < 0.02 * exact
    assert found.saved > saved
    mean = found.terms[1].mean(1)
    assert abs(mean.mean()) < 4 * mean.std() / len(mean) ** 0.5, "A has no mean"


def potential(solved: Exact2D) -> float:
    return float(mp.log(solved.wilson_loop(1, 1) / solved.wilson_loop(1, 2)))


def test_loops_and_ratios_are_exact_too(generator: torch.Generator) -> None:
    """The loop 1 x 2, the potential log W(1, 1) / W(1, 2), and the Creutz ratio of four loops, from the same fields."""
    shape, beta, action = (4, 4), 2.0, WilsonAction(2, 2.0)
    sides = ((2, 2), (1, 1), (2, 1), (1, 2))
    loops = [lambda links, r=r, t=t: wilson_loop(links, r, t) for r, t in sides]
    field, rows = hot_start("su2", shape, generator, 300), []
    for update in range(35):
        field, _ = HeatBath(action).update(field, generator)
        if update >= 5:
            rows.append(torch.stack(response_terms(action, field, loops)))
    terms = torch.stack(rows, -1).numpy()
    for found, exact, relative, saved in (
        (Response(terms[[0, 1, 5, 9]]), lambda solved: solved.wilson_loop(1, 2), 0.02, 4.0),
        (
            Response(terms[[0, 1, 3, 5, 7, 9]], (1, -1)),
            lambda solved: mp.log(solved.wilson_loop(1, 1) / solved.wilson_loop(1, 2)),
            0.05,
            2.0,
        ),
        (Response(terms, (-1, -1, 1, 1)), lambda solved: solved.creutz_ratio(2, 2), 0.3, 1.2),
    ):
        above, below = (exact(Exact2D("su2", shape, beta + h)) for h in (H, -H))
        slope = float(above - below) / (2 * H)
        for way in (found.connected, found.flowed):
            assert abs(way.value - slope) < 4 * way.error
        assert found.flowed.error < relative * abs(slope)
        assert found.saved > saved


def test_powers_of_other_observables_are_refused() -> None:
    with pytest.raises(UserError, match="expected 6 terms for powers"):
        Response(np.zeros((4, 2, 10)), (1, -1))


def test_a_variate_of_another_coupling_is_not_exact(generator: torch.Generator) -> None:
    """A belongs to the ensemble: with that of half the coupling its mean is not 0."""
    field = hot_start("u1", (4, 4), generator, 200)
    for _ in range(20):
        field, _ = HeatBath(WilsonAction(2, 1.0)).update(field, generator)
    _, wrong, *_ = response_terms(WilsonAction(2, 0.5), field)
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
