"""Modules of e3nn (the extra `e3`) in eager mode as parts of a wavefunction, under the forward Laplacian."""

from collections.abc import Iterator

import pytest
import torch

from gaugeflow.symmetry import Scalars
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.wavefunctions import (
    Factor,
    Gaussian,
    LogPsi,
    Particles,
    Wavefunction,
    gradient_and_laplacian,
)
from tests.wavefunctions.cases import electrons

e3nn = pytest.importorskip("e3nn")
PARTICLES = Particles(2, 1, 3)


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    kept = e3nn.get_optimization_defaults()["jit_mode"]
    e3nn.set_optimization_defaults(jit_mode="eager")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield
    e3nn.set_optimization_defaults(jit_mode=kept)


class Harmonics(Factor):
    """Harmonics up to l = 3 of all particles, summed, coupled to themselves twice, and read as scalars.

    e3nn's gates and other normalisations write in place, which the forward Laplacian refuses.
    """

    def __init__(self) -> None:
        super().__init__(PARTICLES)
        from e3nn import o3

        irreps = o3.Irreps("1x0e+1x1o+1x2e+1x3o")
        self.harmonics = o3.SphericalHarmonics(irreps, normalize=False, normalization="component")
        inner = o3.Irreps("2x0e+2x1o+1x2e")
        self.couple = o3.FullyConnectedTensorProduct(irreps, irreps, inner)
        self.square = o3.FullyConnectedTensorProduct(inner, inner, "3x0e")
        self.read = o3.Linear("3x0e", "1x0e")
        self.double()

    def forward(self, x):
        near = self.harmonics(x) / (1 + x.square().sum(-1).unsqueeze(-1)) ** 1.5
        whole = near.sum(1)
        coupled = self.couple(whole, whole)
        return self.read(torch.tanh(self.square(coupled, coupled))).squeeze(-1)


class Positive(Wavefunction):
    def __init__(self) -> None:
        super().__init__(PARTICLES)
        self.factors = torch.nn.ModuleList([Harmonics(), Gaussian(PARTICLES, 1.0)])

    def log_psi(self, x):
        log = self.factors[0](x) + self.factors[1](x)
        return LogPsi(torch.ones_like(log.detach()), log)


def test_the_forward_laplacian_is_that_of_autograd():
    psi, x = Positive(), electrons(PARTICLES, 3).data
    plain = gradient_and_laplacian(lambda x: LogPsi(None, psi.factors[1](x)), x)[1]
    found, wanted = gradient_and_laplacian(psi, x), gradient_and_laplacian(psi, x, "autograd")
    assert float((wanted[1] - plain).abs().min()) > 1e-3  # the module has a part in it
    for own, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-9, atol=1e-10)


def test_the_factor_knows_no_direction():
    claim = Equivariance(Harmonics(), electrons(PARTICLES), "harmonics", "permutations * orthogonal", Scalars)
    assert claim.verify(trials=8, diagnose=False).exit_code == 0
