"""The heat-bath sampler: what it serves, what it refuses, and that it does not touch its input."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import LoopAction, Phi4Action, RectangleAction, WilsonAction, hot_start, unitarity_violation
from gaugeflow.montecarlo import HeatBath


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
def test_the_same_seed_gives_the_same_chain_and_the_input_is_kept(group, generator):
    links = hot_start(get_group(group), (3, 4), generator, 2)
    before = links.clone()
    sampler = HeatBath(WilsonAction(2, 2.0), overrelaxation=1)
    results = []
    for _ in range(2):
        g = torch.Generator().manual_seed(7)
        field = links
        for _ in range(3):
            field, _ = sampler.update(field, g)
        results.append(field)
    assert torch.equal(*results)
    once, _ = HeatBath(WilsonAction(2, 2.0)).update(links, torch.Generator().manual_seed(7))
    again, _ = sampler.update(links, torch.Generator().manual_seed(7))
    assert not torch.equal(once, again)  # the overrelaxation sweep
    other, _ = HeatBath(WilsonAction(2, 2.0)).update(links, torch.Generator().manual_seed(8))
    assert not torch.equal(once, other)
    assert torch.equal(links, before)
    assert (results[0] - links).abs().max() > 0.1


def test_chains_of_a_batch_are_independent(generator):
    """Two chains that start from the same links part at once."""
    links = hot_start(get_group("su2"), (4, 4), generator).expand(2, -1, -1, -1, -1, -1)
    field, _ = HeatBath(WilsonAction(2, 1.0)).update(links, generator)
    assert (field[0] - field[1]).abs().max() > 0.5


def test_links_stay_in_the_group(generator, dtype):
    field = hot_start(get_group("su3"), (4, 4), generator, 2, dtype)
    sampler = HeatBath(WilsonAction(2, 6.0), overrelaxation=3)
    for _ in range(50):
        field, _ = sampler.update(field, generator)
    assert unitarity_violation(field).max() < 50 * torch.finfo(dtype).eps


@pytest.mark.parametrize(
    ("action", "shape"),
    [
        (WilsonAction(2, 1.0), (1, 4)),
        (RectangleAction(2, 1.0, -0.1), (2, 4)),
        (LoopAction.of_orbits(2, {"+x +t -x -t +x +t -x -t": 1.0}), (4, 4)),
    ],
    ids=["one site wide", "rectangle round the torus", "loop passed twice"],
)
def test_what_is_not_linear_in_a_link_is_refused(action, shape, generator):
    with pytest.raises(UserError, match=r"HMC|hmc"):
        HeatBath(action).update(hot_start(get_group("su2"), shape, generator), generator)


def test_wrong_settings_are_refused():
    with pytest.raises(UserError, match="off by"):
        HeatBath(WilsonAction(2, 1.0)).update(
            2 * hot_start("su2", (4, 4), torch.Generator()), torch.Generator().manual_seed(1)
        )
    with pytest.raises(UserError, match="Wilson loops"):
        HeatBath(Phi4Action(1.0, 1.0))
    with pytest.raises(UserError, match="overrelaxation >= 0"):
        HeatBath(WilsonAction(2, 1.0), overrelaxation=-1)
    with pytest.raises(UserError, match="backend"):
        HeatBath(WilsonAction(2, 1.0), backend="fortran").update(
            hot_start(get_group("su2"), (4, 4), torch.Generator()), torch.Generator()
        )
