"""Backflow on sites: its sums by hand, what keeps a closed shell in its sector, and messages."""

from typing import Any

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.symmetry import SignedLog
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.wavefunctions import Determinants, occupation
from gaugeflow.wavefunctions.occupation.site_backflow import SiteBackflow, _ways
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives, trained
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import recorded_derivatives
from tests.registry.occupation import SHELL, backflow, backflow_claims, seeded, signed, states


@pytest.mark.parametrize(
    ("lattice", "reach", "wanted"),
    [
        (occupation.lattice("chain", [6]), 1, {0, 1, 5}),
        (occupation.lattice("chain", [6]), 2, {0, 1, 2, 4, 5}),
        (occupation.lattice("chain", [4]), 2, {0, 1, 2, 3}),
        (occupation.lattice("square", [4, 4]), 1, {0, 1, 3, 4, 12}),
        (occupation.lattice("chain", [5], boundary="open"), 2, {0, 1, 2, 5}),
    ],
    ids=str,
)
def test_each_way_is_there_once(lattice: occupation.Lattice, reach: int, wanted: set[int]) -> None:
    """From the first site; beyond an open end lies the number of sites, once for each way there."""
    ways = _ways(lattice.steps, reach)
    assert ways[:, 0].tolist() == list(range(lattice.sites))
    assert set(ways[0].tolist()) == wanted
    assert len({tuple(way.tolist()) for way in ways.T}) == ways.shape[1]


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_orbitals_are_sums_over_the_ways(boundary: str) -> None:
    chain = occupation.hubbard(occupation.lattice("chain", [5], boundary=boundary), 2, 1, 3.0)
    particles, start = chain.particles, occupation.lowest_orbitals(chain.one_body)
    base = occupation.SiteOrbitals(particles, 2, particles.counts, start, seeded())
    backbone = occupation.SiteDense(particles, 4, 3, seeded())
    made = SiteBackflow(backbone, base, chain.lattice, 1, seeded())
    x = particles.draw(3, seeded(1))
    h, sites, tables = backbone.of_sites(x), occupation.to_lists(x, particles), base.of_sites()
    for spin, found in enumerate(made(x)):
        of_spin = sites[:, :2] if spin == 0 else sites[:, 2:]
        for walker, particle, term in ((0, 0, 0), (2, 0, 1)):
            i = int(of_spin[walker, particle])
            weights = made.weights[spin](h[walker, i]).unflatten(0, (2, 3))[term]
            wanted = tables[spin][term, i] * (1 + weights[0])
            for weight, step in zip(weights[1:], (1, -1), strict=True):
                if boundary == "periodic" or 0 <= i + step < 5:
                    wanted = wanted + weight * tables[spin][term, (i + step) % 5]
            torch.testing.assert_close(found[walker, term, particle], wanted)


def test_a_closed_shell_stays_in_its_sector_and_what_breaks_it_is_found() -> None:
    (claim,) = backflow_claims()
    assert claim.verify(seed=1).holds
    group, particles = occupation.sector(SHELL.lattice, (0,)), SHELL.particles

    def holds(psi: Any) -> bool:
        return Equivariance(signed(psi), states(SHELL), "broken", group, SignedLog).verify(seed=1).holds

    assert not holds(backflow(occupation.SiteDense(particles, 4, 3, seeded())))  # features that stay behind
    open_shell = occupation.hubbard(SHELL.lattice, 2, 1, 3.0)
    convolution = occupation.SiteConvolution(open_shell.particles, SHELL.lattice, 3, 2, seeded())
    psi = signed(backflow(convolution, open_shell))
    assert not Equivariance(psi, states(open_shell), "an open shell", group, SignedLog).verify(seed=1).holds
    learned = backflow(occupation.SiteConvolution(particles, SHELL.lattice, 3, 2, seeded()))
    torch.nn.init.normal_(learned.orbitals.base.tables[0].weight, generator=seeded())
    assert not holds(learned)


@pytest.mark.parametrize("fixed", [True, False])
def test_its_derivatives_are_recorded(fixed: bool) -> None:
    """Fixed orbitals have none."""
    particles, start = SHELL.particles, occupation.lowest_orbitals(SHELL.one_body)
    base = occupation.SiteOrbitals(particles, 1, particles.counts, start, seeded(), fixed)
    convolution = occupation.SiteConvolution(particles, SHELL.lattice, 3, 1, seeded())
    psi = Determinants(SiteBackflow(convolution, base, SHELL.lattice, 1, seeded()))
    assert any("tables" in name for name in trained(psi)) != fixed
    x = particles.draw(6, seeded(2))
    torch.testing.assert_close(recorded_derivatives(psi, x).matrix(slice(None)), log_derivatives(psi, x))


@pytest.mark.parametrize(
    ("boundary", "reach", "message"),
    [
        ("antiperiodic", 1, "periodic or open boundaries on sites, came antiperiodic"),
        ("periodic", 0, "at least one bond"),
    ],
)
def test_refuses(boundary: str, reach: int, message: str) -> None:
    chain = occupation.hubbard(occupation.lattice("chain", [6], boundary=boundary), 3, 1, 3.0)
    with pytest.raises(UserError, match=message):
        backflow(occupation.SiteConvolution(chain.particles, chain.lattice, 3, 1, seeded()), chain, reach)
