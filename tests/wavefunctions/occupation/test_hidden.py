"""Hidden fermions: where they begin, and what a Pfaffian of them is in closed form."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.linalg import scaled_det, signed_log, signed_log_pfaffian
from gaugeflow.wavefunctions import Determinants, occupation
from tests.registry.occupation import RING, hidden, seeded

DOPED = occupation.hubbard(occupation.lattice("chain", [5], boundary="open"), 3, 1, 3.0)


def values(found) -> torch.Tensor:
    return (found[0] * found[1].exp()).detach()


def test_a_pfaffian_with_as_many_columns_as_rows_is_a_determinant() -> None:
    """``Pf(M A M^T) = det M Pf A``, for each configuration."""
    psi = hidden(RING, pairing=2, counts=2)
    x = RING.particles.every()
    wanted = values(signed_log(scaled_det(psi.matrix(x)))) * values(signed_log_pfaffian(psi.pairs - psi.pairs.mT))
    assert torch.allclose(values(psi(x)), wanted, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("counts", [2, 4])
@pytest.mark.parametrize("hamiltonian", [RING, DOPED], ids=["ring", "chain"])
def test_without_noise_and_network_it_is_the_determinant_of_the_orbitals(hamiltonian, counts: int) -> None:
    """Also of more particles of one spin than of the other, which are paired with hidden ones."""
    particles = hamiltonian.particles
    psi = hidden(hamiltonian, pairing=particles.sites, counts=counts)
    with torch.no_grad():
        psi.readout.weight.zero_()
        psi.pairs.copy_(psi.pairs.round())
        for table in psi.orbitals.tables:
            table.weight.copy_(torch.where(table.weight.abs() < 0.06, 0.0, table.weight))
    tables = [table.weight.T for table in psi.orbitals.tables]
    filled = [t[:, k * particles.sites :][:, :n] for k, (t, n) in enumerate(zip(tables, particles.counts, strict=True))]
    plain = Determinants(
        occupation.SiteOrbitals(particles, 1, particles.counts, torch.zeros(2, particles.sites, 0), seeded())
    )
    for table, columns in zip(plain.orbitals.tables, filled, strict=True):
        table.weight.data = columns.T.contiguous().detach()
    x = particles.every()
    found, wanted = values(psi(x)), values(plain(x))
    assert float(wanted.norm()) > 0.5
    assert torch.allclose(found, wanted if float(found @ wanted) > 0 else -wanted, atol=1e-12)


def test_pairs_with_hidden_fermions_are_more_than_a_determinant() -> None:
    """The state of a Pfaffian with further columns is no multiple of the determinant of any of its columns."""
    psi = hidden(RING, pairing=4, counts=2)
    with torch.no_grad():
        psi.pairs.copy_(torch.randn(psi.pairs.shape, generator=seeded(), dtype=torch.float64))
    x = RING.particles.every()
    ratio = values(psi(x)) / values(signed_log(scaled_det(psi.matrix(x)[..., :6])))
    assert float(ratio.std() / ratio.abs().mean()) > 0.1


@pytest.mark.parametrize(("pairing", "counts"), [(4, 1), (1, 2), (4, 0)])
def test_what_makes_no_pfaffian_is_named(pairing: int, counts: int) -> None:
    with pytest.raises(UserError, match="hidden fermions: expected"):
        hidden(RING, pairing=pairing, counts=counts)
