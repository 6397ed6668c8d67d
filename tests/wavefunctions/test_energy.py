"""Local energies: constant for exact wavefunctions, the same by a forward Laplacian and by autograd."""

import math

import pytest
import torch
from torch.func import jacrev

from gaugeflow.errors import UserError
from gaugeflow.linalg import scaled_det, scaled_pfaffian
from gaugeflow.linalg.pfaffian import eliminated_pfaffian
from gaugeflow.linalg.signed_log_det import eliminated_det
from gaugeflow.wavefunctions import Hamiltonian, Particles, gradient_and_laplacian, local_energy, molecule, quantum_dot
from gaugeflow.wavefunctions.backbones.own_and_pairs import Pairs, of_others, of_own
from gaugeflow.wavefunctions.laplacian import determinants as jet_determinants
from gaugeflow.wavefunctions.laplacian.curvature import curvature_along
from gaugeflow.wavefunctions.laplacian.jet import RULES, Jet
from tests.wavefunctions.cases import (
    ANSATZ,
    BACKBONES,
    EXACT,
    electrons,
    exact_dot,
    exact_free,
    network,
    seeded,
    well_apart,
)

TOLERANCE = {torch.float64: 1e-9, torch.float32: 2e-4}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_the_local_energy_of_an_exact_wavefunction_is_constant(name, dtype):
    make, energy = EXACT[name]
    hamiltonian, psi = make()
    assert hamiltonian.reference.energy == pytest.approx(energy, rel=1e-8)
    assert hamiltonian.reference.exact
    found = local_energy(psi, hamiltonian, well_apart(hamiltonian, 32, dtype))
    assert found.dtype == torch.float64
    assert float((found - hamiltonian.reference.energy).abs().max()) < TOLERANCE[dtype] * max(1, abs(energy))


def test_a_wrong_cusp_is_seen():
    hamiltonian, psi = exact_dot(1, 1, 2, 1.0)
    psi.factors[1].cusps *= 1.01
    found = local_energy(psi, hamiltonian, 0.1 * well_apart(hamiltonian, 32))
    assert float(found.std()) > 1e-3


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("ansatz", ANSATZ)
def test_the_forward_laplacian_is_that_of_autograd(ansatz, backbone):
    system = {"determinants": "LiH", "pair products": "dot 3 + 0"}.get(ansatz, "dot 2 + 1")
    _, psi = network(system, ansatz, backbone)
    x = electrons(psi.particles, 5).data
    for found, wanted in zip(gradient_and_laplacian(psi, x), gradient_and_laplacian(psi, x, "autograd"), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    direction = torch.randn(x.shape, generator=seeded(), dtype=x.dtype)
    wanted = curvature_along(psi, x, direction, "autograd")
    torch.testing.assert_close(curvature_along(psi, x, direction), wanted, rtol=1e-9, atol=1e-9)


def test_curvatures_along_all_axes_add_up_to_the_laplacian():
    _, psi = network()
    x = electrons(psi.particles, 5).data
    axes = torch.eye(x[0].numel(), dtype=x.dtype).reshape(-1, *x.shape[1:])
    found = sum(curvature_along(psi, x, axis.expand_as(x)) for axis in axes)
    torch.testing.assert_close(found, gradient_and_laplacian(psi, x)[1])


def test_in_chunks_it_is_the_same():
    hamiltonian, psi = network()
    x = electrons(psi.particles, 7).data
    for method in ("forward", "autograd"):
        whole = local_energy(psi, hamiltonian, x, method=method)
        torch.testing.assert_close(local_energy(psi, hamiltonian, x, method=method, chunk_size=3), whole)


def test_the_laplacian_does_not_depend_on_how_psi_is_written():
    """exp(-a r^2) of three particles has Lap log = -2 a n d and grad log = -2 a r."""
    x = torch.randn(4, 3, 2, generator=seeded(), dtype=torch.float64)
    log = Jet.variables(x).square().sum((1, 2)) * -0.3
    torch.testing.assert_close(log.laplacian, torch.full((4,), -0.3 * 2 * 6).double())
    torch.testing.assert_close(log.gradient.mT.reshape(x.shape), -0.6 * x)


ONES = torch.ones(2, 2, dtype=torch.float64)
THREE = Particles(2, 1, 2)
BY_SPIN, ALL = Pairs(THREE, by_spin=True), Pairs(THREE)
OF_PAIRS = torch.tensor([[0.5], [1.0], [-0.3]], dtype=torch.float64)
"""Numbers of their own for the three pairs."""


def of_a_place(x):
    return x.square() @ ONES.mT + x.sin()


def of_a_displacement(t):
    return ALL.seen((t @ ONES).cos() + t.sin() * OF_PAIRS, (t @ ONES).sin() * t)


FUNCTIONS = {
    "entrywise": lambda x: x.exp() + x.square().log1p() + torch.sin(x) * torch.cos(x) + x.sigmoid() + torch.tanh(x),
    "roots and powers": lambda x: (1 + x.square()).sqrt() + (2 + x.tanh()) ** 2.5 + (3 + x.sin()).log() + x.abs(),
    "quotients": lambda x: 1 / (3 + x.sin()) - (2 - x) / (2 + x.square()) + x / 3 - x.reciprocal(),
    "products": lambda x: x @ x.mT + (x @ ONES).sum((1, 2))[:, None, None] * x.mean((1, 2))[:, None, None],
    "broadcasting": lambda x: x.unsqueeze(1) * x.unsqueeze(2) + ONES[0] - x[:, :1, None],
    "shapes": lambda x: (
        torch.cat((x.transpose(1, 2).flatten(1), x.reshape(-1, 6) * 2), -1).unflatten(1, (6, 2)).square()
    ),
    "choices": lambda x: torch.where(x > 0, x * x, 0.5) - torch.where(x.detach() > 0.5, 1.0, x.sin()),
    "parts": lambda x: torch.stack(x.unbind(1), 2).gather(1, torch.ones(x.shape[0], 1, 3).long()) * x.chunk(2, 2)[1],
    "softmax": lambda x: torch.nn.functional.silu(x.softmax(-1)) + torch.softmax(x, 1),
    "axes": lambda x: (
        x.flatten(start_dim=1).unsqueeze(1) * torch.sum(x.square(), dim=(1, 2))[:, None, None]
        + x.movedim(2, 1).roll(1, 2).flatten(1).unsqueeze(dim=-2).expand(2, -1, 1, 6).sum(0)
    ),
    "places": lambda x: (
        x[:, [0, 2, 1], [1, 0, 1]].square() + x[:, 1, [0, 1, 1]] * x[..., 0] - x.square()[:, None, :, 1][:, 0]
    ),
    "matrices": lambda x: x.mT @ torch.eye(3).double() @ x + torch.einsum("ij,...kj->...ik", ONES, x.sin()) @ x,
    "constants": lambda x: (
        2 - x.square() + torch.sub(x, x.square(), alpha=3) + torch.stack((x, torch.ones_like(x.detach())))[1]
    ),
    "contractions": lambda x: (
        torch.einsum("bij,bkj->bik", x.sin(), x.square())
        + torch.einsum("bik, bjk, bjl -> bil", x, x.cos(), x) @ torch.ones(2, 3).double()
        + torch.einsum("...i,ij,...kj->...k", x.square()[:, 0], ONES, x)[:, None]
    ),
    "tensordot": lambda x: (
        torch.tensordot(x.sin(), ONES, dims=((2,), (0,))).square()
        + torch.tensordot(ONES, x.square(), dims=([1], [-1])).movedim(0, -1)
        + torch.tensordot(x.square(), ONES, 1)
    ),
    "likes": lambda x: torch.ones_like(x) * x.square() + torch.zeros_like(x) + x.new_ones(2) * x.exp(),
    "broadcast": lambda x: math.prod(torch.broadcast_tensors(x.unsqueeze(1), x.sin().unsqueeze(2), ONES[0])),
    "own places": lambda x: of_own(of_a_place, x) * x + of_own(of_a_place, x.sin()),
    "pairs": lambda x: (
        (of_others(of_a_displacement, x, BY_SPIN) * x.unsqueeze(2)).sum(2)
        + of_others(of_a_displacement, x, ALL).squeeze(2).square()
        + of_others(of_a_displacement, x.sin(), ALL).squeeze(2)
    ),
    "linear": lambda x: torch.nn.functional.linear(x, ONES, ONES[0]).tanh().mean(1),
}


def test_means_over_others_are_those_of_all_ordered_pairs():
    """Of three particles, the third of the other spin; over each spin a mean is divided by the number of all of it."""
    x = torch.randn(4, 3, 2, generator=seeded(), dtype=torch.float64)
    seen = torch.zeros(4, 3, 3, 2, dtype=torch.float64)
    for number, i, j in zip(OF_PAIRS, *THREE.pairs, strict=True):
        t = x[:, i] - x[:, j]
        seen[:, i, j], seen[:, j, i] = (t @ ONES).cos() + t.sin() * number, (t @ ONES).sin() * t
    torch.testing.assert_close(of_others(of_a_displacement, x, ALL)[:, :, 0], seen.sum(2) / 2)
    wanted = torch.stack((seen[:, :, :2].sum(2) / 2, seen[:, :, 2]), 2)
    torch.testing.assert_close(of_others(of_a_displacement, x, BY_SPIN), wanted)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_rule_against_second_derivatives(name):
    f = FUNCTIONS[name]
    x = torch.randn(4, 3, 2, generator=seeded(), dtype=torch.float64)
    jet = f(Jet.variables(x))
    torch.testing.assert_close(jet.value, f(x))
    for value, gradient, laplacian in zip(x, jet.gradient.unbind(1), jet.laplacian, strict=True):
        first = jacrev(lambda y: f(y[None])[0])
        torch.testing.assert_close(gradient.movedim(0, -1), first(value).flatten(-2), rtol=1e-11, atol=1e-11)
        hessian = jacrev(first)(value).flatten(-2).flatten(-3, -2)
        wanted = hessian.diagonal(dim1=-2, dim2=-1).sum(-1)
        torch.testing.assert_close(laplacian, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("whole", "eliminated", "n"),
    [(scaled_det, eliminated_det, n) for n in (2, 3, 5)]
    + [(scaled_pfaffian, eliminated_pfaffian, n) for n in (2, 4, 6)],
)
def test_determinants_in_closed_form_are_those_by_elimination(whole, eliminated, n, monkeypatch):
    """On a node, where the first walker stands, and off it; with every matrix inverted that can be, and with none."""
    x = torch.randn(6, n, 2, generator=seeded(), dtype=torch.float64)
    x[0, 1] = x[0, 0]
    weights = torch.randn(2, n, generator=seeded(1), dtype=torch.float64)

    def matrices(x):
        a = (x @ weights).sin().unsqueeze(1) * torch.ones(1, 2, 1, 1).double()
        return a if whole is scaled_det else a - a.mT

    def calculate(function):
        found = function(matrices(Jet.variables(x)))
        return found.mantissa * found.exponent.exp()

    wanted = calculate(eliminated)
    for condition in (jet_determinants.CONDITION, 0.0):
        monkeypatch.setattr(jet_determinants, "CONDITION", condition)
        jet = calculate(whole)
        torch.testing.assert_close(jet.value, wanted.value)
        torch.testing.assert_close(jet.gradient, wanted.gradient, rtol=1e-8, atol=1e-10)
        torch.testing.assert_close(jet.laplacian, wanted.laplacian, rtol=1e-8, atol=1e-10)
    assert whole is scaled_pfaffian or float(jet.value[0].abs().max()) < 1e-12


def test_a_contraction_names_its_result():
    x = Jet.variables(torch.ones(1, 2, 2))
    with pytest.raises(NotImplementedError, match="einsum: expected the axes of the result behind"):
        torch.einsum("bij,bjk", x, x)


def test_two_jets_have_no_tensordot():
    x = Jet.variables(torch.ones(1, 2, 2))
    with pytest.raises(NotImplementedError, match=r"tensordot: expected one jet, .*, came two"):
        torch.tensordot(x, x, dims=1)


@pytest.mark.parametrize("write", [lambda x: x.mul_(2.0), lambda x: x.square_(), lambda x: x[:, 0].copy_(x[:, 1])])
def test_what_writes_in_place_is_refused(write):
    """A new jet would come back, and what is written to would stay as it was."""
    with pytest.raises(NotImplementedError, match="no rule for what writes in place"):
        write(Jet.variables(torch.ones(1, 2, 2)))


def test_an_operation_without_a_rule_is_said():
    assert "cumsum" not in RULES
    with pytest.raises(NotImplementedError, match="no rule for the operation 'cumsum'"):
        Jet.variables(torch.ones(1, 2, 2)).cumsum(1)


def test_a_users_own_potential_is_one_function():
    own = (lambda x: x.square().sum((1, 2)) / 2 + 7,)
    hamiltonian = Hamiltonian(Particles(1, 0, 2), own, torch.zeros(1, 2), torch.ones(1))
    _, psi = exact_free(1, 0, 2)
    x = torch.randn(5, 1, 2, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(local_energy(psi, hamiltonian, x), torch.full((5,), 8.0).double())
    with pytest.raises(UserError, match=r"expected coordinates of shape \(batch, 1, 2\)"):
        local_energy(psi, hamiltonian, torch.zeros(2, 3, 2))


def test_an_unknown_method_is_said():
    x = torch.zeros(1, 1, 1, dtype=torch.float64)
    with pytest.raises(UserError, match=r"curvature: expected one of forward, autograd, came 'best'"):
        curvature_along(lambda x: x, x, x, "best")
    hamiltonian, psi = network()
    with pytest.raises(UserError, match="expected one of forward, autograd, came 'jax'"):
        local_energy(psi, hamiltonian, electrons(psi.particles).data, method="jax")


def test_known_energies():
    """Of systems that the exact wavefunctions do not reach."""
    assert molecule(["Be"], [[0.0, 0.0, 0.0]], "bohr").reference.energy == -14.667356498
    assert molecule(["Be"], [[0.0, 0.0, 0.0]], "bohr").reference.exact
    assert not molecule(["B"], [[0.0, 0.0, 0.0]], "bohr").reference.exact
    assert molecule(["He"], [[0.0, 0.0, 0.0]], "bohr").reference.exact
    assert molecule(["He"], [[0.0, 0.0, 0.0]], "bohr", spin=2).reference.energy == -2.175229378236
    assert quantum_dot(Particles(3, 3, 2), 0.5).reference.energy == 11.78484
    assert quantum_dot(Particles(6, 0, 2), 0.5).reference is None
    assert quantum_dot(Particles(4, 4, 3), 1.0).reference.energy == 32.6680
    kinds = [known.kind.split()[0] for known in quantum_dot(Particles(3, 3, 2), 1.0).references]
    assert kinds == ["fixed-node", "fixed-node", "full"]
    apart = molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 1.595]], "angstrom")
    assert apart.potentials[0].repulsion == pytest.approx(3 / (1.595 / 0.529177210544))
