"""The numbers that a function returns, and their derivatives along directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, tangent_scale, tangent_size
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors
from gaugeflow.symmetry.algebra.directions.family import Family
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["jacobian", "numbers_of", "slopes"]

_ROWS = 4096


def numbers_of(raw: Any, batch: int) -> Tensor:
    """A plain output as real numbers `(batch, m)` in float64, whatever its nesting; `Unusable` where it has none."""
    numbers = torch.cat([_real(part, batch) for part in _tensors(raw)], dim=1)
    if not bool(numbers.isfinite().all()):
        raise Unusable(Verdict.NOT_FINITE, "it returns NaN or infinity on random inputs like the example")
    return numbers


def _tensors(raw: Any) -> list[Tensor]:
    if isinstance(raw, Tensor):
        return [raw]
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    if not isinstance(raw, (tuple, list)) or not raw:
        raise Unusable(Verdict.WRONG_TYPE, f"expected tensors (batch, ...) of numbers, got {type(raw).__name__}")
    return [tensor for part in raw for tensor in _tensors(part)]


def _real(tensor: Tensor, batch: int) -> Tensor:
    if tensor.ndim == 0 or len(tensor) != batch:
        raise Unusable(
            Verdict.WRONG_SHAPE,
            f"expected tensors of shape ({batch}, ...), one row for each input, got {tuple(tensor.shape)}",
        )
    return (torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor).double().reshape(batch, -1)


def slopes(subject: Subject, x: Tree, families: Sequence[Family], noise: torch.Generator) -> Tensor:
    """d f / d theta at every entry of `x` along all families, `(batch, sum of sizes)`; where f returns several numbers,
    of a random combination of them, another one for each entry."""

    def slope(raw: Any, theta: Tensor) -> Tensor:
        numbers = numbers_of(raw, len(theta))
        weights = torch.randn(numbers.shape, generator=noise, dtype=torch.float64).to(numbers.device)
        return _gradient((numbers * weights).sum(), theta)

    sizes = [family.size for family in families]
    with torch.inference_mode(False), torch.enable_grad():
        theta = torch.zeros(batch_size(x), sum(sizes), dtype=torch.float64, device=device_of(x), requires_grad=True)
        for family, part in zip(families, theta.split(sizes, dim=1), strict=True):
            x = family.move(x, part)
        made: Tensor = subject.call_in(torch.float64, x, lambda raw: slope(raw, theta))
    return made


def _gradient(total: Tensor, theta: Tensor) -> Tensor:
    if not total.requires_grad:
        raise Unusable(Verdict.RAISED, "its output is detached from its input, so that autograd has no derivative")
    (gradient,) = torch.autograd.grad(total, theta, allow_unused=True)
    return torch.zeros_like(theta) if gradient is None else gradient


def jacobian(subject: Subject, x: Tree) -> Tensor:
    """The derivatives of all numbers at one point, `x` of batch one, in units of natural lengths, `(m, dim)`: the point
    is repeated once for each number."""
    numbers = numbers_of(subject.raw(x, torch.float64), 1).shape[1]
    chunks = torch.arange(numbers).split(max(1, _ROWS // tangent_size(x)))
    return torch.cat([_jacobian_rows(subject, x, rows) for rows in chunks]) * tangent_scale(x).to(device_of(x))


def _jacobian_rows(subject: Subject, x: Tree, rows: Tensor) -> Tensor:
    many = map_tensors(lambda t: t.expand(len(rows), *t.shape[1:]), x)
    with torch.inference_mode(False), torch.enable_grad():
        w = torch.zeros(len(rows), tangent_size(x), dtype=torch.float64, device=device_of(x), requires_grad=True)

        def derivative(raw: Any) -> Tensor:
            own = numbers_of(raw, len(rows))[torch.arange(len(rows)), rows]
            return _gradient(own.sum(), w)

        made: Tensor = subject.call_in(torch.float64, displaced(many, w), derivative)
    return made
