"""Networks in use: potentials with forces, conditioners of frozen links, learned smearing."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice import hot_start, loop_traces, stout_smear
from gaugeflow.montecarlo import HMC
from gaugeflow.nn import (
    LCNN,
    Block,
    GaugeTheory,
    LConv,
    LExp,
    Loops,
    Plaq,
    Poly,
    Potential,
    Smearing,
    Sources,
)
from gaugeflow.nn.layers.sources import link_matrices
from gaugeflow.symmetry import Links, SiteScalars, assert_equivariant

SETTINGS = {"u1": (3, 4), "su2": (3, 2, 3), "su3": (4, 3)}


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(23)


@pytest.mark.parametrize("group", SETTINGS)
def test_forces_of_potentials_are_their_gradients(group: str, rng: torch.Generator) -> None:
    theory, shape = GaugeTheory(group, len(SETTINGS[group])), SETTINGS[group]
    potential = Potential.of(theory, 2, generator=rng, source=Sources(Plaq(theory), Poly(theory)), hidden=(3,))
    with torch.no_grad():
        potential.assert_force(hot_start(theory.group, shape, rng, chains=2), rng)


@pytest.mark.parametrize("group", ["u1", "su3"])
def test_forces_have_derivatives_in_links_parameters_and_coefficients(group: str, rng: torch.Generator) -> None:
    theory = GaugeTheory(group, 2)
    potential = Potential.of(theory, 2, generator=rng, channels=(1,), hidden=(2,), paths=["+x", "-y"])
    links = hot_start(theory.group, (2, 2), rng)
    names = [f"potential.{name}" for name, _ in potential.named_parameters()]
    w = torch.zeros(potential.space.tangent_shape(links), dtype=torch.float64)
    inputs = [w, torch.randn(1, 2, generator=rng, dtype=torch.float64), *potential.parameters()]

    def force(w: Tensor, coefficients: Tensor, *parameters: Tensor) -> Tensor:
        moved = potential.space.displace(links, w), coefficients
        return torch.func.functional_call(Forced(potential), dict(zip(names, parameters, strict=True)), moved)

    assert torch.autograd.gradcheck(force, [x.detach().clone().requires_grad_() for x in inputs], fast_mode=True)


class Forced(torch.nn.Module):
    """The force as a module's output, for ``functional_call``."""

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self.potential = potential

    def forward(self, links: Tensor, coefficients: Tensor) -> Tensor:
        return self.potential.force(links, coefficients)


def test_coefficients_weigh_the_terms_of_each_configuration(rng: torch.Generator) -> None:
    theory = GaugeTheory("su2", 2)
    potential = Potential.of(theory, 3, generator=rng)
    links = hot_start(theory.group, (3, 3), rng, chains=2)
    terms = potential.network(links)
    torch.testing.assert_close(potential(links), terms.sum(1))
    c = torch.tensor([1.0, -2.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(potential(links, c), terms[:, 0] - 2 * terms[:, 1])
    torch.testing.assert_close(potential(links, torch.stack((c, 2 * c)))[1], 2 * potential(links, c)[1])
    with pytest.raises(UserError, match=r"coefficients \(3,\) or \(2, 3\), got \(2,\)"):
        potential(links, c[:2])


def test_hamiltonian_dynamics_runs_on_a_learned_potential(rng: torch.Generator) -> None:
    """Detailed balance holds for any action, so ``<exp(-dH)> = 1``; a wrong force would be rejected."""
    theory = GaugeTheory("su2", 2)
    sampler = HMC(Potential.of(theory, generator=rng, size=0.3), length=0.5, step_size=0.05)
    sampler.warmup = False
    links, info = sampler.update(hot_start(theory.group, (4, 4), rng, chains=8), rng)
    assert float(info["acceptance"].mean()) > 0.9
    assert not links.requires_grad


@pytest.mark.parametrize("group", SETTINGS)
def test_features_depend_on_frozen_links_alone(group: str, rng: torch.Generator) -> None:
    shape = SETTINGS[group]
    theory = GaugeTheory(group, len(shape))
    source = Sources(Plaq(theory), Poly(theory))
    network = LCNN.of(theory, 2, generator=rng, source=source, channels=(2, 2))
    links = hot_start(theory.group, shape, rng, chains=2)
    frozen = torch.rand(theory.ndim, *shape, generator=rng) < 0.9
    mask = frozen.reshape(*frozen.shape, *[1] * len(theory.group.element_shape))
    others = torch.where(mask, links, hot_start(theory.group, shape, rng, chains=2))
    features = network(links, frozen)
    torch.testing.assert_close(network(others, frozen), features, rtol=0, atol=0)
    assert not torch.allclose(network(others), network(links))
    assert not torch.allclose(features[0], features[1])
    torch.testing.assert_close(network(links, torch.ones_like(frozen)), network(links))
    assert_equivariant(lambda u: network(u, frozen), Links(links), "gauge", out=SiteScalars, trials=4)


def test_loops_are_seen_where_all_their_links_are(rng: torch.Generator) -> None:
    theory = GaugeTheory("u1", 2)
    frozen = torch.ones(2, 3, 4, dtype=torch.bool)
    frozen[0, 1, 2] = False  # from (1, 2) to (2, 2): in the plaquettes at (1, 2) and (1, 1), and in one line along x
    seen = Sources(Plaq(theory), Poly(theory)).seen(frozen)
    assert [place.tolist() for place in (~seen[0]).nonzero()] == [[1, 1], [1, 2]]
    assert [place.tolist() for place in (~seen[1]).nonzero()] == [[0, 2], [1, 2], [2, 2]]
    assert bool(seen[2].all())


def test_the_channels_of_a_mask_are_those_of_the_loops() -> None:
    """Paths with a common end are multiplied together, in another order than they are given in."""
    frozen = torch.ones(2, 3, 4, dtype=torch.bool)
    frozen[0, 1, 2] = False
    loops = Loops(GaugeTheory("u1", 2), ["+y +x -y -x", "+x +y -x -y", "+y +y +x -y -y -x"])
    unseen = [[place.tolist() for place in (~channel).nonzero()] for channel in loops.seen(frozen)]
    assert unseen == [[[1, 1], [1, 2]], [[1, 1], [1, 2]], [[1, 0], [1, 2]]]


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
def test_smearing_is_learned_through_an_observable(group: str, rng: torch.Generator) -> None:
    """From the 2 x 2 loops behind stout smearing the smeared links themselves are found, to 1e-10."""
    theory = GaugeTheory(group, 2, rotations="all")
    links = hot_start(theory.group, (4, 4), rng, chains=4)
    smearing, stout = Smearing.of(theory, generator=rng), stout_smear(links, 0.12)
    torch.testing.assert_close(smearing(links), links)
    truth = loop_traces(stout, "2x2").real
    optimiser = torch.optim.LBFGS(
        smearing.parameters(),
        max_iter=200,
        tolerance_grad=1e-15,
        tolerance_change=1e-18,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        error = 1e4 * (loop_traces(smearing(links), "2x2").real - truth).square().mean()
        error.backward()
        return error

    assert float(loss().detach()) > 1  # there is something to learn
    optimiser.step(loss)
    torch.testing.assert_close(link_matrices(smearing(links)), link_matrices(stout), rtol=0, atol=1e-10)


SU2 = GaugeTheory("su2", 2)
RNG = torch.Generator().manual_seed(0)
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "density": (lambda: Potential(LCNN.of(SU2, generator=RNG)), "over_sites='sum'"),
    "no readout": (lambda: Potential(LCNN(Plaq(SU2), LConv(SU2, 1, 1, generator=RNG))), "a readout that sums"),
    "no step": (lambda: Smearing(), "at least one step"),
    "step that reads out": (lambda: Smearing(LCNN.of(SU2, generator=RNG)), "got one with a readout"),
    "step that blocks": (lambda: Smearing(LCNN(Plaq(SU2), Block(SU2, 1))), "stride 2"),
    "mixed steps": (
        lambda: Smearing(*[LCNN(Plaq(t), LExp(t, 1, generator=RNG)) for t in (SU2, GaugeTheory("su3", 2))]),
        "one gauge theory",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_refused_at_construction(case: str) -> None:
    build, message = WRONG[case]
    with pytest.raises(UserError, match=message):
        build()


def test_masks_of_another_kind_are_refused(rng: torch.Generator) -> None:
    links = hot_start(SU2.group, (3, 3), rng)
    network = LCNN.of(SU2, generator=rng)
    for mask in (torch.ones(2, 3, 3), torch.ones(3, 3, dtype=torch.bool)):
        with pytest.raises(UserError, match=r"bool \(2, 3, 3\), got a readout"):
            network(links, mask)
    bare = LCNN(Plaq(SU2), LConv(SU2, 1, 1, generator=rng))
    with pytest.raises(UserError, match="got no readout"):
        bare(links, torch.ones(2, 3, 3, dtype=torch.bool))
