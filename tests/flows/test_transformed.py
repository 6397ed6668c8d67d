"""Samplers through a flow: balance, reversibility, exact fields, a state that goes on."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows import FTHMC, FlowProposals, GaugeFlow, GaussianBase, HaarBase, PulledBack, parity_masks
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, hot_start, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo import HMC, Sampler
from gaugeflow.symmetry import Links, Verdict
from gaugeflow.symmetry.checks.markov import check_detailed_balance
from tests.registry.coupling_flows import coupling
from tests.tasks.flow.models import SIGMA, Bend, Harmonic, Scale

ACTION = WilsonAction(2, 1.0)


def flow_of(*layers: nn.Module, name: str = "u1") -> GaugeFlow:
    """Far from the identity, and from any action."""
    return GaugeFlow(HaarBase(get_group(name), (2, 2)), layers or [Bend()])


class Forgotten(PulledBack):
    """Without its log-determinant."""

    def __call__(self, field: Tensor) -> Tensor:
        return self.action(self.flow.forward_and_log_det(field)[0])


class Inverted(PulledBack):
    """With that of the inverse map."""

    def __call__(self, field: Tensor) -> Tensor:
        x, log_det = self.flow.forward_and_log_det(field)
        return self.action(x) + log_det


@pytest.mark.parametrize("kind", [Forgotten, Inverted])
def test_the_log_determinant_is_part_of_the_balance(kind: type[PulledBack]) -> None:
    """As it is, the registry has it in balance."""
    sampler = FTHMC(flow_of(), ACTION, length=1.0, step_size=0.5)
    sampler.action, sampler.warmup = kind(sampler.flow, ACTION), False
    links = Links(hot_start("u1", (2, 2), torch.Generator().manual_seed(1), 2))
    found = check_detailed_balance(sampler.update, lambda u: -ACTION(u), links, samples=2_000, chunk_size=2_000)
    assert found.verdict is Verdict.BROKEN


@pytest.mark.parametrize("name", ["u1", "su2"])
def test_a_trajectory_is_reversible_and_its_force_is_the_derivative(name: str, generator: torch.Generator) -> None:
    layer = coupling(name, parity_masks(2)[0])
    sampler = FTHMC(GaugeFlow(HaarBase(get_group(name), (2, 4)), [layer]), ACTION, length=0.3, step_size=0.1)
    links = hot_start(name, (2, 4), generator, 2)
    sampler.action.assert_force(links, generator)
    momenta = tangent_noise(ACTION.space, links, generator)
    there, turned = sampler.trajectory(links, momenta)
    back, final = sampler.trajectory(there, -turned)
    turns = (back - links).abs() if name == "su2" else torch.remainder(back - links + torch.pi, 2 * torch.pi) - torch.pi
    assert turns.abs().max() < 1e-11
    torch.testing.assert_close(final, -momenta, rtol=0, atol=1e-11)


def test_the_plaquette_is_exact(generator: torch.Generator) -> None:
    """U(1) on 2 x 2, with steps so large that a part is refused; from whatever field, and back from it."""
    action = WilsonAction(2, 2.0)
    sampler, rows = FTHMC(flow_of(), action, length=1.5, step_size=0.5), []
    field = hot_start("u1", (2, 2), generator, 1000)
    sampler.warmup, accepted = False, 0.0
    for update in range(30):
        field, found = sampler.update(field.clone() if update % 5 == 0 else field, generator)
        accepted += float(found["acceptance"].mean()) / 30
        rows.append(plaquette(field))
    chains = torch.stack(rows[8:]).mean(0)
    assert 0.3 < accepted < 0.97
    exact = float(Exact2D("u1", (2, 2), 2.0).plaquette)
    assert abs(float(chains.mean()) - exact) < 4 * float(chains.std()) / len(chains) ** 0.5
    assert float(chains.std()) / len(chains) ** 0.5 < 0.01


def test_through_a_map_that_makes_it_flat_a_gaussian_is_exact(generator: torch.Generator) -> None:
    """x = SIGMA z: S_f is that of unit width, whatever SIGMA; <x^2> = SIGMA^2."""
    layer = Scale(torch.float64)
    with torch.no_grad():
        layer.a.fill_(torch.tensor(SIGMA).log())
    sampler = FTHMC(GaugeFlow(GaussianBase((1, 2)), [layer]), Harmonic(), length=1.5, step_size=0.75)
    sampler.warmup, field = False, torch.zeros(4000, 1, 2, dtype=torch.float64)
    for _ in range(6):
        field, _ = sampler.update(field, generator)
    squares = field.square().flatten(1).mean(1)
    assert abs(float(squares.mean()) - SIGMA**2) < 4 * float(squares.std()) / len(squares) ** 0.5


@pytest.mark.parametrize(
    "make",
    [
        lambda flow: FTHMC(flow, ACTION, step_size=0.5),
        lambda flow: FlowProposals(flow, HMC(ACTION, step_size=0.5), ACTION),
    ],
    ids=["FTHMC", "proposals"],
)
def test_it_goes_on_bit_for_bit(make: Callable[[GaugeFlow], Sampler], generator: torch.Generator) -> None:
    first, second, other = make(flow_of(Bend(0.2))), make(flow_of(Bend(0.0))), torch.Generator()
    field = hot_start("u1", (2, 2), generator, 3)
    for _ in range(3):
        field, _ = first.update(field, generator)
    second.load_state_dict(first.state_dict())
    other.set_state(generator.get_state())
    one = two = field
    for update in range(4):
        first.warmup = second.warmup = update < 2
        one, two = first.update(one, generator)[0], second.update(two, other)[0]
        assert torch.equal(one, two)


def test_links_that_the_layers_do_not_serve_are_refused(generator: torch.Generator) -> None:
    sampler = FTHMC(flow_of(coupling("u1", parity_masks(2)[0])), ACTION)
    with pytest.raises(UserError, match="expected u1 links, got su2"):
        sampler.update(hot_start("su2", (2, 2), generator), generator)
