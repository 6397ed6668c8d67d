"""Determinants for their values alone: the same numbers, also on a node, in a large range, and nothing left behind."""

import torch

from gaugeflow.linalg import by_value, scaled_det, signed_log, signed_log_sum


def test_values_are_those_of_the_elimination() -> None:
    a = torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    a[0, 0, 1] = 0.0  # singular, whatever the order of the operations
    a[1] *= 1e100
    for f in (lambda x: signed_log(scaled_det(x)), lambda x: signed_log_sum(scaled_det(x) * scaled_det(x.mT))):
        found, wanted = by_value(f)(a), f(a)
        assert torch.equal(found.sign, wanted.sign)
        there = wanted.sign != 0
        assert torch.allclose(found.log[there], wanted.log[there], rtol=1e-12)
        assert bool(torch.isfinite(found.log).all())


def test_sizes_without_an_elimination() -> None:
    for n in (0, 1):
        a = torch.full((2, n, n), 3.0, dtype=torch.float64)
        found = by_value(lambda x: signed_log(scaled_det(x)))(a)
        assert torch.allclose(found.sign * found.log.exp(), torch.full((2,), 3.0**n, dtype=torch.float64))


def test_derivatives_are_those_of_the_elimination_behind_it() -> None:
    """Inside there are none, and what comes after has its own."""
    a = torch.randn(4, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64).requires_grad_()
    assert not by_value(lambda x: signed_log(scaled_det(x)).log)(a).requires_grad
    (slope,) = torch.autograd.grad(signed_log(scaled_det(a)).log, a)
    assert torch.allclose(slope, torch.linalg.inv(a.detach()).T, rtol=1e-9)
