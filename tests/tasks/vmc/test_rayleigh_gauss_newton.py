"""Newton's method over all configurations: its equations against finite differences, where it leads, and messages."""

import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.sites.whole import Whole
from gaugeflow.wavefunctions.occupation import local_value
from gaugeflow.wavefunctions.optimizers.log_derivatives import trained
from gaugeflow.wavefunctions.optimizers.natural_gradient import natural_direction
from gaugeflow.wavefunctions.optimizers.optimizer import subtract
from gaugeflow.wavefunctions.optimizers.rayleigh_gauss_newton import RayleighGaussNewton
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import recorded_derivatives

DENSE = {"ansatz": {"name": "determinant"}, "backbone": {"name": "site_dense", "hidden": 4, "width": 2}}
RING = {"name": "hubbard", "lattice": {"kind": "chain", "shape": [4]}, "n_up": 2, "n_down": 1, "u": 3.0}
SYMMETRIC: dict[str, Any] = {
    "system": RING | {"n_down": 2},
    "wavefunction": DENSE | {"projection": {"momentum": [1], "point_group": "A2", "spin_flip": 1}},
}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"system": RING, "wavefunction": DENSE},
    "a sector": SYMMETRIC,
    "a complex sector": {"system": RING, "wavefunction": DENSE | {"projection": {"momentum": [0.5]}}},
    "a twist": {"system": RING | {"lattice": {"kind": "chain", "shape": [4], "boundary": 0.9}}, "wavefunction": DENSE},
}


def begun(way: str = "a sector", **changes: Any) -> VMC:
    """A run at its beginning."""
    base = {
        "task": "vmc",
        "seed": 1,
        "sampler": {"name": "enumerate", "train": "all"},
        "optimizer": {"name": "rayleigh_gauss_newton"},
        "warmup": 0,
        "iterations": 15,
        "evaluation": "all",
    }
    made = VMC(runs.validate(VMC.schema, runs.Source(json.dumps(base | WAYS[way] | changes), "test.yaml")))
    made.begin()
    return made


def trained_to_the_end(made: VMC) -> list[float]:
    """The energies on the way, from all steps of a run."""
    record = runs.Record()
    for index in range(made.steps):
        made.step(index, record)
    return [*record.metrics.columns("training")["energy"], *record.metrics.columns("sum")["energy"]]


def changed(made: VMC, change: Tensor) -> float:
    """The energy with other parameters."""
    psi = deepcopy(made.psi)
    with torch.no_grad():
        subtract(psi, -change)
    return made.whole.energy_of(psi)


@pytest.mark.parametrize("way", WAYS)
def test_the_hamiltonian_in_units_of_psi(way: str) -> None:
    """Applied to ``sqrt(w)``, which is psi, it gives the local energies; it is hermitian; and it applies to a product
    of psi with a function that is the same on the images of a configuration."""
    made = begun(way)
    x, energies, weights = made.whole.batch(made.psi)
    matrix = made.whole.hamiltonian_of(made.psi).to_dense()
    root = weights.sqrt().to(matrix)
    torch.testing.assert_close(matrix @ root, root * energies.to(matrix))
    torch.testing.assert_close(matrix, matrix.mH)
    orbits = made.whole.orbits
    function = torch.randn(len(x), generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    class Timesed(torch.nn.Module):
        def forward(self, y: Tensor) -> Any:
            value = made.psi(y)
            f = function[orbits.of(y)]
            return type(value)(value.sign * f.sign(), value.log + f.abs().log())

    with torch.no_grad():
        local = local_value(Timesed(), made.hamiltonian.operators, made.psi.particles, x)
    torch.testing.assert_close(matrix @ (root * function), root * function * local.to(matrix), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("way", ["plain", "a complex sector"])
def test_derivatives_of_chunks_are_those_of_all(way: str) -> None:
    made = begun(way)
    x, _, weights = made.whole.batch(made.psi)
    whole, parts = (RayleighGaussNewton(made.whole, chunk_size=size)._rows(made.psi, x, weights) for size in (None, 5))
    assert len(x) > 5
    torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize("way", WAYS)
def test_a_short_step_is_the_natural_gradient(way: str) -> None:
    made, tau = begun(way), 1e-7
    x, energies, weights = made.whole.batch(made.psi)
    direction = natural_direction(recorded_derivatives(made.psi, x), energies, 0.03, weights=weights)
    before = torch.cat([p.detach().flatten() for p in trained(made.psi).values()])
    RayleighGaussNewton(made.whole, rate=tau).step(made.psi, x, energies, weights)
    after = torch.cat([p.detach().flatten() for p in trained(made.psi).values()])
    torch.testing.assert_close((before - after) / tau, direction, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("way", ["plain", "a complex sector"])
def test_the_quadratic_model_is_that_of_the_energy_at_an_eigenstate(way: str) -> None:
    """There K is half of the matrix of second derivatives; finite differences of the energy along random directions."""
    made = begun(way, iterations=60)
    assert trained_to_the_end(made)[-1] == pytest.approx(made.hamiltonian.reference.energy, abs=1e-11)
    x, _, weights = made.whole.batch(made.psi)
    rows = made.optimizer._rows(made.psi, x, weights)
    matrix, value = made.whole.hamiltonian_of(made.psi).to_dense(), made.whole.energy_of(made.psi)
    for seed in range(4):
        direction = torch.randn(rows.shape[1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        moved = (rows @ direction).unflatten(0, (len(x), -1))
        moved = torch.view_as_complex(moved).to(matrix) if moved.shape[1] == 2 else moved[:, 0].to(matrix)
        half = (moved.conj() @ (matrix @ moved) - value * moved.conj() @ moved).real
        h = 1e-3
        ends = changed(made, h * direction) + changed(made, -h * direction)
        assert (ends - 2 * value) / (2 * h * h) == pytest.approx(float(half), rel=1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_it_comes_to_the_lowest_energy_and_never_goes_up(way: str) -> None:
    """In fifteen steps to nine digits, where the natural gradient has five at most."""
    made = begun(way)
    energies = trained_to_the_end(made)
    assert all(after <= before + 1e-13 for before, after in pairwise(energies))
    reference = made.hamiltonian.reference.energy
    assert reference - 1e-10 < energies[-1] < reference + 1e-9
    slow = begun(way, optimizer={"name": "spring", "rate": 0.06, "damping": 1e-4, "norm_limit": 1})
    assert trained_to_the_end(slow)[-1] > reference + 1e-5


def test_in_single_precision_it_comes_as_far_as_the_network_does() -> None:
    made = begun(dtype="float32")
    assert trained_to_the_end(made)[-1] == pytest.approx(made.hamiltonian.reference.energy, abs=1e-6)


def test_a_step_that_would_raise_the_energy_is_taken_back_and_made_shorter() -> None:
    made = begun()
    energies = trained_to_the_end(begun(optimizer={"name": "rayleigh_gauss_newton", "rate": 1e6, "damping": 1e-12}))
    assert energies == sorted(energies, reverse=True)
    before, rate = deepcopy(made.psi.state_dict()), made.optimizer.rate

    class Higher:
        hamiltonian_of = staticmethod(made.whole.hamiltonian_of)

        @staticmethod
        def energy_of(psi: Any) -> float:
            return 100.0

    made.optimizer.everywhere = Higher()
    assert made.optimizer.step(made.psi, *made.whole.batch(made.psi)) == 0.0
    assert made.optimizer.rate == pytest.approx(rate / 4**10)
    assert all(torch.equal(kept, before[name]) for name, kept in made.psi.state_dict().items())


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    made, record = begun(), runs.Record()
    for index in range(3):
        made.step(index, record)
    again = begun()
    again.load_state_dict(deepcopy(made.state_dict()))
    for index in range(3, 6):
        made.step(index, record)
        again.step(index, record)
    assert all(torch.equal(a, b) for a, b in zip(made.psi.parameters(), again.psi.parameters(), strict=True))
    assert again.optimizer.rate == made.optimizer.rate


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": {"name": "enumerate"}}, "expected `sampler: {name: enumerate, train: all}`"),
        ({"sampler": {"name": "metropolis"}, "evaluation": 20}, "expected `sampler: {name: enumerate, train: all}`"),
        ({"optimizer": {"name": "rayleigh_gauss_newton", "damping": 0}}, "damping"),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        begun(**changes)


@pytest.mark.parametrize("name", ["rayleigh_gauss_newton", "spring", "adam"])
def test_refuses_a_wavefunction_without_parameters(name: str) -> None:
    nothing = {"ansatz": {"name": "determinant"}, "backbone": {"name": "mean_field"}, "jastrow": False}
    with pytest.raises(UserError, match="expected a wavefunction with parameters to learn"):
        trained_to_the_end(begun("plain", wavefunction=nothing | {"orbitals": "fixed"}, optimizer={"name": name}))


def test_refuses_what_memory_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaugeflow.tasks.vmc.optimizers.memory_bytes", lambda: 10_000)
    with pytest.raises(UserError, match=r"GB for the derivatives of 103 parameters on 24 configurations"):
        begun("plain")


def test_refuses_a_step_that_is_none() -> None:
    with pytest.raises(UserError, match="expected positive rate, damping and norm_limit"):
        RayleighGaussNewton(begun().whole, rate=0.0)


def test_a_step_calculates_amplitudes_once_for_each_energy_that_it_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an accepted step has found serves the next; other parameters, changed in their place, are calculated."""
    made, calls = begun(dtype="float32"), []
    orbits, plain = made.whole.orbits, made.whole.orbits.amplitudes
    monkeypatch.setattr(orbits, "amplitudes", lambda *args: calls.append(1) or plain(*args))
    for _ in range(3):
        made.optimizer.step(made.psi, *made.whole.batch(made.psi))
    tried = len(calls)
    assert 4 <= tried <= 8  # the first parameters, then those after each change
    anew = Whole(made.psi, made.hamiltonian, 100, None).batch(made.psi)
    for mine, other in zip(made.whole.batch(made.psi), anew, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)
    assert len(calls) == tried
    assert made.whole.batch(made.psi).energies.dtype == torch.float32
