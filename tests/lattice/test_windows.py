"""Work on a part of the lattice: windows see the staples of the whole; loops through a region are all that changes."""

import pytest
import torch
from torch import Tensor

from gaugeflow.groups import get_group
from gaugeflow.kernels import Region
from gaugeflow.lattice import SYMANZIK, Defect, LoopAction, OpenTime, RectangleAction, WilsonAction, hot_start
from gaugeflow.lattice.profiles.near import loops_through
from gaugeflow.lattice.profiles.window import Window
from gaugeflow.montecarlo import HeatBath

ACTIONS = {
    "plaquettes": lambda ndim: WilsonAction(ndim, 2.0),
    "rectangles": lambda ndim: RectangleAction(ndim, 2.0, SYMANZIK),
    "one way only": lambda ndim: LoopAction(ndim, [("+x +x +y -x -x -y", 1.5)]),
    "defect": lambda ndim: WilsonAction(ndim, 2.0).weighted(Defect(2, 0.3)),
    "open": lambda ndim: RectangleAction(ndim, 2.0, SYMANZIK).weighted(OpenTime()),
}


class Links:
    """A region of given links."""

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        return self.mask


def some_links(shape: tuple[int, ...], generator: torch.Generator) -> Region:
    """One to three links near one another, anywhere on the torus."""
    mask = torch.zeros(len(shape), *shape, dtype=torch.bool)
    corner = [int(torch.randint(extent, (), generator=generator)) for extent in shape]
    for _ in range(3):
        place = [(c + int(torch.randint(2, (), generator=generator))) % e for c, e in zip(corner, shape, strict=True)]
        mask[(int(torch.randint(len(shape), (), generator=generator)), *place)] = True
    return Links(mask)


@pytest.mark.parametrize("shape", [(9, 8), (4, 11), (7, 3, 8)], ids=str)
@pytest.mark.parametrize("name", ACTIONS)
def test_links_of_a_region_have_in_the_window_the_staples_that_they_have_on_the_lattice(name, shape, generator):
    action, sizes = ACTIONS[name](len(shape)), []
    for _ in range(6):
        region, field = some_links(shape, generator), hot_start("su2", shape, generator, 2)
        window = Window.about(region, shape, action.staples)
        sizes.append(torch.Size(window.extents).numel())
        found = []
        for links, acting in (
            (field, action),
            (window.crop(field, 2), action.weighted(window.profile(action.profile))),
        ):
            kernels = acting.kernels(links)
            found.append(kernels.unpack_staples(kernels.staples(kernels.pack(links))))
        inside = window.region(region)(window.extents)
        assert inside.sum() == region(shape).sum()
        assert (window.crop(found[0], 2) - found[1]).abs()[:, inside].max() < 1e-12
    assert min(sizes) < torch.Size(shape).numel()


@pytest.mark.parametrize("shape", [(9, 8), (5, 3, 6)], ids=str)
def test_what_is_pasted_is_what_is_cropped_and_the_rest_stays(shape, generator):
    field = hot_start("u1", shape, generator, 2)
    window = Window.about(Defect(1, 0.0, axis=1).around(1), shape, WilsonAction(len(shape), 1.0).staples)
    piece = window.crop(field, 2)
    assert torch.equal(window.paste(field, piece, 2), field)
    other = window.paste(field, piece + 1, 2)
    assert torch.equal(window.crop(other, 2), piece + 1)
    assert int((other != field).sum()) == piece.numel()


def test_an_empty_region_changes_nothing(generator):
    field = hot_start("su2", (4, 4), generator, 2)
    nothing = Links(torch.zeros(2, 4, 4, dtype=torch.bool))
    updated, _ = HeatBath(WilsonAction(2, 1.0), 1, region=nothing).update(field, generator)
    assert (updated - field).abs().max() < 1e-12


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
@pytest.mark.parametrize("name", ACTIONS)
def test_loops_through_a_region_hold_all_of_the_action_that_an_update_changes(name, group, generator):
    shape = (5, 4, 4)
    action, field = ACTIONS[name](3), hot_start(group, shape, generator, 2)
    region = some_links(shape, generator)
    other = hot_start(group, shape, generator, 2)
    chosen = region(shape)[(None, ..., *[None] * len(get_group(group).element_shape))]
    moved = torch.where(chosen, other, field)
    part = loops_through(action, region)
    assert (part(moved) - part(field) - action(moved) + action(field)).abs().max() < 1e-9
    assert (part(field) - action(field)).abs().min() > 1e-3, "it is a part"
