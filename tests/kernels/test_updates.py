"""Heat bath and overrelaxation: backends link by link, one-link densities, and identities of the equilibrium."""

import math

import mpmath
import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.kernels.numba.densities import philox as compiled_philox
from gaugeflow.kernels.numba.densities import sample_su2 as compiled_su2
from gaugeflow.kernels.numba.densities import sample_von_mises as compiled_von_mises
from gaugeflow.kernels.torch.densities import Place, sample_su2, sample_von_mises
from gaugeflow.random import philox
from tests.kernels.cases import Case

BACKENDS = ["numba"]
CASES = [
    Case("u1", (3, 11)),
    Case("u1", (5, 11), c1=-1 / 12),
    Case("su2", (3, 5, 9), c1=-1 / 12),
    Case("su3", (3, 2, 3, 9), beta=6.0),
    Case("su3", (5, 3, 9), c1=-0.331),
    Case("su4", (3, 9), beta=0.1),
]
DRAWS = 40_000


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sweeps_agree_link_by_link(case: Case, backend: str, generator: torch.Generator) -> None:
    links = case.smooth(generator)
    states = []
    for kernels in (case.kernels("torch"), case.kernels(backend)):
        state = kernels.pack(links)
        states.append(kernels.unpack(kernels.overrelax_(kernels.heatbath_(state, 2**63 + 5))))
    difference = case.algebra.mul(states[0], case.algebra.dagger(states[1]))
    assert (case.algebra.trace(difference) - 1).abs().max() < 1e-10
    moved = case.algebra.mul(states[0], case.algebra.dagger(links))
    assert (case.algebra.trace(moved) - 1).abs().flatten(1).mean() > 1e-2


@pytest.mark.parametrize("case", [CASES[0], CASES[3]], ids=str)
def test_sweeps_agree_in_single_precision(case: Case, backend: str, generator: torch.Generator) -> None:
    links = case.smooth(generator, dtype=torch.float32)
    states = []
    for kernels in (case.kernels("torch", torch.float32), case.kernels(backend, torch.float32)):
        states.append(kernels.unpack(kernels.heatbath_(kernels.pack(links), 7)))
    difference = case.algebra.mul(states[0], case.algebra.dagger(states[1]))
    assert (case.algebra.trace(difference) - 1).abs().max() < 1e-4


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("backend", ["torch", *BACKENDS])
def test_overrelaxation_keeps_the_action(case: Case, backend: str, generator: torch.Generator) -> None:
    kernels = case.kernels(backend)
    state = kernels.pack(case.haar(generator))
    before, old = case.action(kernels, state), state.clone()
    kernels.overrelax_(state)
    assert torch.allclose(case.action(kernels, state), before, rtol=1e-13, atol=0)
    assert (state - old).abs().max() > 0.1
    assert case.algebra.violation(kernels.unpack(state)).max() < 1e-13


def gathered_mean(values: list[Tensor]) -> tuple[float, float]:
    """Mean over sweeps and chains; error from the independent chains."""
    chains = torch.stack(values).mean(0)
    return chains.mean().item(), chains.std().item() / len(chains) ** 0.5


@pytest.mark.parametrize(
    "case",
    [
        Case("u1", (4, 9), beta=1.0),
        Case("su2", (4, 9), beta=2.0),
        Case("su3", (4, 9), beta=6.0),
        Case("su3", (3, 4, 5), c1=-1 / 12, beta=4.0),
        Case("su4", (3, 9), beta=9.0),
    ],
    ids=str,
)
def test_equilibrium_obeys_the_schwinger_dyson_identity(case: Case, backend: str, generator: torch.Generator) -> None:
    """Integration by parts on the group: ``<sum_a F_a^2> = <Laplacian S> = C_F <(1/N) Re tr(U A)>`` at every link.

    It holds for any action that is linear in each link, and fixes the scale of the density that the heat bath draws.
    """
    kernels, n = case.kernels(backend), case.algebra.n
    casimir = 1.0 if n == 1 else (n * n - 1) / (2 * n)
    counts = torch.tensor([len(loop) * c for loop, c in case.loops], dtype=torch.float64)
    chains = 64 if case.ndim == 2 else 32  # enough for the bound on the error
    state = kernels.pack(case.algebra.identity((chains, case.ndim, *case.shape)))
    excess, size = [], []
    for sweep in range(24):
        kernels.overrelax_(kernels.heatbath_(state, sweep))
        if sweep >= 8:
            # Summed over the links every loop is counted once for each of its steps.
            linear = kernels.loop_traces(state, [loop for loop, _ in case.loops]).real @ counts
            force = kernels.force(state).pow(2).flatten(1).sum(1) / kernels.volume
            excess.append(force - casimir * linear)
            size.append(casimir * linear)
    mean, error = gathered_mean(excess)
    assert abs(mean) < 4 * error
    assert error < 0.015 * gathered_mean(size)[0]


@pytest.mark.parametrize(("group", "beta", "low", "high"), [("u1", 2.0, 0, 1), ("su2", 4.0, 1, 2)])
def test_plaquette_in_two_dimensions(
    group: str, beta: float, low: int, high: int, backend: str, generator: torch.Generator
) -> None:
    """``<P> = I_high(beta) / I_low(beta)``; on 8 x 9 sites the torus changes it by less than 1e-10."""
    case = Case(group, (8, 9), beta=beta)
    kernels = case.kernels(backend)
    state = kernels.pack(case.algebra.identity((128, 2, 8, 9)))
    plaquettes = []
    for sweep in range(60):
        kernels.overrelax_(kernels.heatbath_(state, sweep))
        plaquettes.append(kernels.loop_traces(state, [(1, 2, -1, -2)]).real[:, 0])
    mean, error = gathered_mean(plaquettes[20:])
    exact = float(mpmath.besseli(high, beta) / mpmath.besseli(low, beta))
    assert abs(mean - exact) < 4 * error
    assert error < 2e-3


def place(count: int = DRAWS, key: int = 11) -> Place:
    return Place(key, torch.arange(count), torch.full((count,), 3))


def agrees(values: Tensor, exact: float) -> bool:
    """Whether the mean of independent values is ``exact`` within four errors."""
    return abs(values.mean().item() - exact) <= 4 * values.std().item() / len(values) ** 0.5


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.3, 1.67, 1.69, 12.0, 1e6])
def test_su2_density(alpha: float) -> None:
    """With weight ``sqrt(1 - h0^2) exp(alpha h0)``: ``<h0> = I2/I1`` and ``<1 - h0^2> = 3 I2 / (alpha I1)``."""
    h = sample_su2(torch.full((DRAWS,), alpha, dtype=torch.float64), place())
    assert torch.allclose(h.pow(2).sum(-1), torch.ones(DRAWS, dtype=torch.float64), rtol=0, atol=1e-14)
    ratio = mpmath.besseli(2, alpha) / mpmath.besseli(1, alpha) if alpha else mpmath.mpf(0)
    assert agrees(1 - h[:, 0], float(1 - ratio))
    squared = float(3 * ratio / alpha) if alpha else 0.75
    for component in range(1, 4):
        assert agrees(h[:, component], 0.0)
        assert agrees(3 * h[:, component] ** 2, squared)


@pytest.mark.parametrize("kappa", [0.0, 1e-9, 0.1, 1.0, 30.0, 1e6])
def test_von_mises_density(kappa: float) -> None:
    """``<cos> = I1/I0``, ``<sin^2> = I1 / (kappa I0)``, odd moments vanish."""
    theta = sample_von_mises(torch.full((DRAWS,), kappa, dtype=torch.float64), place())
    assert theta.abs().max() <= math.pi
    ratio = mpmath.besseli(1, kappa) / mpmath.besseli(0, kappa)
    assert agrees(2 * (theta / 2).sin() ** 2, float(1 - ratio))
    assert agrees(theta.sin(), 0.0)
    assert agrees(theta.sin() ** 2, float(ratio / kappa) if kappa else 0.5)


@pytest.mark.parametrize("coupling", [0.0, 1e-9, 0.3, 1.69, 1e6])
def test_compiled_densities_draw_the_same_numbers(coupling: float) -> None:
    key, couplings = 2**64 - 3, torch.full((50,), coupling, dtype=torch.float64)
    su2, angles = sample_su2(couplings, place(50, key)), sample_von_mises(couplings, place(50, key))
    for link in range(50):
        twin = compiled_su2(coupling, np.uint64(key), link, 3, 0)
        assert su2[link].tolist() == pytest.approx(twin, rel=1e-9, abs=1e-14)
        assert angles[link].item() == pytest.approx(compiled_von_mises(coupling, np.uint64(key), link, 3), rel=1e-12)


def test_compiled_philox_is_bit_equal() -> None:
    generator = torch.Generator().manual_seed(5)
    for counter in torch.randint(0, 1 << 32, (100, 4), generator=generator):
        key = int(torch.randint(0, 1 << 62, (1,), generator=generator)) * 4 + 3
        assert list(compiled_philox(np.uint64(key), *counter.tolist())) == philox(key, counter).tolist()


def test_a_field_of_nan_does_not_hang(backend: str) -> None:
    case = CASES[3]
    for kernels in (case.kernels("torch"), case.kernels(backend)):
        state = kernels.pack(case.algebra.identity((1, case.ndim, *case.shape))) * math.nan
        assert kernels.heatbath_(state, 1).isnan().all()
