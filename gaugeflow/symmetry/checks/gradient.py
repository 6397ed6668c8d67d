"""A gradient equals finite differences along random directions, those of the algebra for links."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, generators, tangent_size
from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.values import (
    Tree,
    Value,
    batch_size,
    call_raw,
    device_of,
    leaves,
    map_leaves,
    map_tensors,
    raw_of,
)
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.casting import Held, cast, held_by, in_precision
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_gradient"]

_STEP = 2.0**-7


def check_gradient(
    f: Callable[..., Any],
    gradient: Callable[..., Any] | None,
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 8,
    label: str | None = None,
) -> Report:
    """Check a gradient against a sixth-order finite difference of `f(x) -> (batch,)` along random directions.

    `gradient(x)` returns tensors of the shape of `x`; for SU(N) links of shape `(batch, D, *shape, N^2 - 1)`, the
    derivatives with respect to w of f(exp(i w_a T_a) U), with T_a half the Gell-Mann matrices in their usual order.
    None stands for autograd through `f`, which then must have the right derivative. In float64. The difference
    quotient at two step sizes says how exact it is itself, so no tolerance is chosen by hand.
    """
    start = time.perf_counter()
    held = held_by(f) + (held_by(gradient) if gradient else Held([], []))
    given = map_tensors(lambda t: cast(t, torch.float64), master(x))
    chunks = max(2, -(-trials // batch_size(x)))
    rows = []
    with in_precision(held, torch.float64):
        for chunk in range(chunks):
            noise = torch.Generator().manual_seed((seed * 1_000_003 + chunk) % 2**63)
            point = given if chunk == 0 else random_like(given, noise)
            try:
                rows.append(_compare(f, gradient, point, noise))
            except Exception as error:
                finding = Finding("gradient", Verdict.RAISED, f"{type(error).__name__}: {error}")
                return Report(label or label_of(f), (finding,), time.perf_counter() - start)
    finding = _finding(torch.cat([row[0] for row in rows]), torch.cat([row[1] for row in rows]))
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)


def _finding(error: Tensor, allowed: Tensor) -> Finding:
    claim = "gradient = finite differences"
    if not bool(error.isfinite().all()):
        return Finding(claim, Verdict.NOT_FINITE, "the function or its gradient holds NaN or infinity")
    failures = int((error > allowed).sum())
    message = (
        f"largest difference {float(error.max()):.1e} where the quotient itself is exact to {float(allowed.max()):.1e}"
    )
    return Finding(
        claim,
        Verdict.BROKEN if failures else Verdict.HOLDS,
        message,
        trials=len(error),
        failures=failures,
        largest={"float64": float(error.max())},
        typical={"float64": float(error.median())},
        allowed=float(allowed.max()),
    )


def _compare(
    f: Callable[..., Any], gradient: Callable[..., Any] | None, x: Tree, noise: torch.Generator
) -> tuple[Tensor, Tensor]:
    """|analytic - numeric| and how exact the numeric one is, `(batch,)`, in units of the gradient's norm."""
    direction = torch.randn((batch_size(x), tangent_size(x)), generator=noise, dtype=torch.float64)
    direction = (direction / direction.norm(dim=1, keepdim=True)).to(device_of(x))
    analytic_vector = _by_autograd(f, x) if gradient is None else _flat(gradient, x)
    analytic = (analytic_vector * direction).sum(1)
    scale = analytic_vector.norm(dim=1) / analytic_vector.shape[1] ** 0.5

    def value(step: float) -> Tensor:
        return call_raw(f, raw_of(_moved(x, step * direction))).double().detach()

    coarse, fine = (_difference(value, h) for h in (_STEP, _STEP / 2))
    size = torch.maximum(scale, torch.maximum(fine.abs(), analytic.abs())) + 1e-300
    rounding = 1e3 * torch.finfo(torch.float64).eps * value(0.0).abs() / _STEP
    return (analytic - fine).abs() / size, ((coarse - fine).abs() + rounding) / size + 1e-10


def _difference(value: Callable[[float], Tensor], h: float) -> Tensor:
    """(45 d1 - 9 d2 + d3) / 60 h with d_k = f(k h) - f(-k h), exact to h^6."""
    weights = ((1, 45.0), (2, -9.0), (3, 1.0))
    return torch.stack([c * (value(k * h) - value(-k * h)) for k, c in weights]).sum(0) / (60 * h)


def _by_autograd(f: Callable[..., Any], x: Tree) -> Tensor:
    w = torch.zeros((batch_size(x), tangent_size(x)), dtype=torch.float64, device=device_of(x), requires_grad=True)
    with torch.enable_grad():
        total = call_raw(f, raw_of(displaced(x, w))).sum()
        return torch.autograd.grad(total, w)[0]


def _flat(gradient: Callable[..., Any], x: Tree) -> Tensor:
    raw = call_raw(gradient, raw_of(x))
    parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, (tuple, list)) else (raw,)
    flat = torch.cat(
        [(torch.view_as_real(p) if p.is_complex() else p).detach().double().flatten(1) for p in parts], dim=1
    )
    if flat.shape[1] != tangent_size(x):
        raise ValueError(f"expected a gradient with {tangent_size(x)} components in each entry, got {flat.shape[1]}")
    return flat


def _moved(x: Tree, w: Tensor) -> Tree:
    """`x` moved by the tangent w for good: along the exponential for links."""
    sizes = [tangent_size(leaf) for leaf in leaves(x)]
    parts = iter(w.split(sizes, dim=1))
    return map_leaves(lambda leaf: _moved_leaf(leaf, next(parts)), x)


def _moved_leaf(leaf: Value, w: Tensor) -> Value:
    if not isinstance(leaf, Links) or leaf.is_abelian:
        return displaced(leaf, w)
    t = generators(leaf.colour).to(leaf.data)
    algebra = torch.einsum("...a,aij->...ij", w.reshape(*leaf.data.shape[:-2], len(t)).to(t.dtype), t)
    return leaf.with_data(torch.linalg.matrix_exp(1j * algebra) @ leaf.data)
