"""Conjugate gradients: direct solutions, exact preconditioners, and operators that are none."""

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import conjugate_gradients


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def positive(rng: torch.Generator, dtype: torch.dtype = torch.complex128, size: int = 6) -> tuple[Tensor, Tensor]:
    """Three Hermitian positive matrices and right-hand sides."""
    root = torch.randn(3, size, size, generator=rng, dtype=dtype)
    return root @ root.mH + torch.eye(size), torch.randn(3, size, generator=rng, dtype=dtype)


def applied(a: Tensor, v: Tensor) -> Tensor:
    return (a @ v.unsqueeze(-1)).squeeze(-1)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-12), (torch.complex128, 1e-12), (torch.complex64, 1e-5)],
)
def test_solutions_are_those_of_a_direct_solver(dtype: torch.dtype, tolerance: float, rng: torch.Generator) -> None:
    a, b = positive(rng, dtype)
    found = conjugate_gradients(lambda v: applied(a, v), b, tolerance=tolerance)
    torch.testing.assert_close(found.x, torch.linalg.solve(a, b), atol=10 * tolerance, rtol=10 * tolerance)
    assert found.x.dtype == dtype
    assert bool((found.residual <= tolerance).all())


def test_as_many_steps_as_there_are_different_eigenvalues(rng: torch.Generator) -> None:
    basis = torch.linalg.qr(torch.randn(3, 6, 6, generator=rng, dtype=torch.complex128)).Q
    spectra = torch.tensor([[2.0] * 6, [1.0, 3.0] * 3, [1.0, 2.0, 5.0] * 2], dtype=torch.complex128)
    a = basis * spectra.unsqueeze(1) @ basis.mH
    b = torch.randn(3, 6, generator=rng, dtype=torch.complex128)
    assert conjugate_gradients(lambda v: applied(a, v), b).iterations.tolist() == [1, 2, 3]
    inverse = torch.linalg.inv(a)
    best = conjugate_gradients(lambda v: applied(a, v), b, precondition=lambda v: applied(inverse, v))
    assert best.iterations.tolist() == [1, 1, 1]


def test_a_polynomial_preconditioner_saves_no_applications(rng: torch.Generator) -> None:
    a, b = positive(rng, size=12)
    truth = torch.linalg.solve(a, b)
    top = torch.linalg.eigvalsh(a)[:, -1, None]

    def energy(steps: int, degree: int) -> Tensor:
        error = (
            truth
            - conjugate_gradients(
                lambda v: applied(a, v),
                b,
                precondition=(lambda v: 2.1 * top * v - applied(a, v)) if degree else None,
                tolerance=0,
                iterations=steps,
            ).x
        )
        return torch.linalg.vecdot(error, applied(a, error)).real

    assert bool((energy(3, 1) < energy(3, 0)).all())
    assert bool((energy(3, 1) > energy(6, 0)).all())


def test_a_zero_right_hand_side_is_solved_at_once() -> None:
    found = conjugate_gradients(lambda v: 2 * v, torch.tensor([[0.0, 0.0], [1.0, 2.0]]))
    assert found.iterations.tolist() == [0, 1]
    assert found.x.tolist() == [[0.0, 0.0], [0.5, 1.0]]
    assert found.residual.tolist() == [0.0, 0.0]


def test_too_few_steps_are_told_by_the_residual(rng: torch.Generator) -> None:
    a, b = positive(rng)
    found = conjugate_gradients(lambda v: applied(a, v), b, iterations=2)
    truth = (b - applied(a, found.x)).norm(dim=1) / b.norm(dim=1)
    torch.testing.assert_close(found.residual, truth)
    assert float(truth.min()) > 1e-8
    assert found.iterations.tolist() == [2, 2, 2]


def test_derivatives_go_through_the_steps(rng: torch.Generator) -> None:
    a, b = positive(rng, torch.float64, 3)

    def solved(root: Tensor, b: Tensor) -> Tensor:
        return conjugate_gradients(lambda v: applied(a + root @ root.mT, v), b, tolerance=0, iterations=2).residual

    root = torch.randn(3, 3, 3, generator=rng, dtype=torch.float64)
    assert torch.autograd.gradcheck(solved, (root.requires_grad_(), b.requires_grad_()))


@pytest.mark.parametrize(
    ("operator", "precondition"),
    [(-1.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("inf"))],
)
def test_what_is_not_positive_is_refused(operator: float, precondition: float) -> None:
    with pytest.raises(UserError, match="Hermitian positive"):
        conjugate_gradients(lambda v: operator * v, torch.ones(2, 3), precondition=lambda v: precondition * v)
