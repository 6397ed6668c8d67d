"""The pieces of `scripts/routes.py` by closed forms: the integrator, counts along an orbit, networks side by side."""

import math

import pytest
import torch

from gaugeflow.groups import get_group
from gaugeflow.lattice import hot_start
from gaugeflow.symmetry import Cyclic, Image, Links
from tests.places import ROOT


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


def test_the_error_of_the_integrator_falls_as_the_square_of_the_step(generator: torch.Generator) -> None:
    from equivariance_routes.charges import energy, evolve, initial_state

    r, v, q = initial_state(8, 5, generator)
    off = [(energy(*evolve(r, v, q, 1.0, steps), q) - energy(r, v, q)).abs().mean().item() for steps in (100, 200, 400)]
    assert off[2] < 1e-4
    assert [math.log2(off[k] / off[k + 1]) for k in (0, 1)] == pytest.approx([2, 2], abs=0.1)


def test_momentum_is_conserved_and_motion_is_reversible(generator: torch.Generator) -> None:
    from equivariance_routes.charges import evolve, initial_state

    r, v, q = initial_state(8, 5, generator)
    later, speed = evolve(r, v, q, 1.0, 100)
    torch.testing.assert_close(speed.sum(1), v.sum(1))
    torch.testing.assert_close(evolve(later, -speed, q, 1.0, 100)[0], r)


def test_two_charges_fall_towards_each_other_and_equal_ones_apart() -> None:
    from equivariance_routes.charges import evolve

    r = torch.tensor([[[0.0, 0, 0], [1, 0, 0]]]).double()
    for q, grows in ((torch.tensor([[1.0, -1]]).double(), False), (torch.tensor([[1.0, 1]]).double(), True)):
        later = evolve(r, torch.zeros_like(r), q, 0.2, 20)[0]
        assert ((later[0, 1] - later[0, 0]).norm() > 1) == grows


def test_the_counter_along_an_orbit() -> None:
    """Class 0 where the first corner is bright: one corner for one of four turns, two opposite ones for two."""
    from equivariance_routes.orbits import orbit_outputs, same_predictions

    pictures = torch.tensor([[[1.0, 0], [0, 0]], [[0.0, 1], [0, 0]], [[1.0, 0], [0, 1]], [[1.0, 1], [1, 1]]])[:, None]
    here, orbit = orbit_outputs(
        lambda x: torch.stack((x[:, 0, 0, 0], 1 - x[:, 0, 0, 0]), 1), Image(pictures), Cyclic(4)
    )
    assert same_predictions(here, orbit).tolist() == [1, 3, 2, 4]


def test_the_spread_is_that_over_the_orbit_alone() -> None:
    from equivariance_routes.orbits import spread

    inputs = torch.tensor([5.0, -7.0])
    along = torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert float(spread(inputs + along[:, None] * torch.tensor([3.0, 4.0]))) == pytest.approx(math.sqrt(12.5))


def test_members_do_not_see_one_another(generator: torch.Generator) -> None:
    from equivariance_routes.stacked import StackedDense, descend

    x, y = torch.randn(20, 3, generator=generator), torch.randn(20, generator=generator)

    def trained(members: int) -> torch.Tensor:
        stack = StackedDense(2, [3, 4, 1], torch.Generator().manual_seed(1))
        descend(stack, lambda _: (stack(x)[:members, :, 0] - y).square().mean(1).sum(), 20, 0.01)
        return stack(x)[0]

    torch.testing.assert_close(trained(1), trained(2))


def test_a_slope_and_its_error(generator: torch.Generator) -> None:
    from equivariance_routes.seeds import bootstrap_slope, slope

    x = torch.tensor([1.0, 4.0, 16.0])
    assert float(slope(x, 3 * x**-0.5)) == pytest.approx(-0.5)
    exact, error = bootstrap_slope(x, (3 * x**-0.5).double().expand(4, 3), generator)
    assert exact == pytest.approx(-0.5)
    assert error == pytest.approx(0, abs=1e-12)
    noisy = (3 * x**-0.5).double() * torch.randn(40, 3, generator=generator).mul(0.1).exp()
    value, error = bootstrap_slope(x, noisy, generator)
    assert abs(value + 0.5) < 4 * error
    assert error == pytest.approx(0.1 / math.sqrt(40) / (math.log(16) / math.sqrt(2)), rel=0.3)


def test_a_plain_network_moves_with_its_lattice_and_sees_three_sites(generator: torch.Generator) -> None:
    from equivariance_routes.link_networks import LinkNetworks

    network = LinkNetworks(2, 5, generator).double()
    links = hot_start(get_group("su2"), (4, 6), generator, chains=2)
    out = network(links)
    torch.testing.assert_close(network(links.roll((1, 2), (2, 3))), out.roll((1, 2), (2, 3)))
    links[0, 1, 3, 3] *= -1
    changed = (network(links) - out)[0].abs().amax(0) > 1e-12
    assert changed.nonzero().tolist() == [[a, b] for a in (1, 2, 3) for b in (1, 2, 3)]


def test_no_class_and_no_number_of_the_charge_depends_on_the_gauge(generator: torch.Generator) -> None:
    from equivariance_routes.charge_classes import GROUPS, classes, features, fields, translations
    from equivariance_routes.orbits import images

    links = fields(2.0, 64, generator)
    assert {0, 1, 2} == set(classes(links).tolist())
    moved = features(links)[:, translations()[8 * 1 + 3]]
    torch.testing.assert_close(moved, features(links.roll((1, 3), (2, 3))))
    for group in GROUPS.values():
        for moved in images(Links(links), group):
            assert torch.equal(classes(moved), classes(links))
