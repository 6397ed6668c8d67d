"""Generators of matrix groups: of those that keep a bilinear form, and of the matrices of determinant one."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["preserving", "special_linear"]


def preserving(form: Tensor) -> Tensor:
    """A basis `(k, d, d)` of the X with X^T F + F X = 0, whose exponentials keep v^T F w, for a form F `(d, d)`.

    The identity gives SO(d), diag(1, -1, -1, -1) gives SO(1, 3), an antisymmetric F gives Sp(d). All X are F^-1 A,
    with A antisymmetric for a symmetric F and symmetric for an antisymmetric one. A `ValueError` where F is neither,
    or has no inverse.
    """
    square = form.ndim == 2 and form.shape[0] == form.shape[1]
    if not square or not (torch.equal(form, form.mT) or torch.equal(form, -form.mT)):
        raise ValueError(
            f"expected a symmetric or antisymmetric form (d, d), got a tensor of shape {tuple(form.shape)}"
        )
    if not float(torch.linalg.cond(form.double())) < 1e12:
        raise ValueError("expected a form that has an inverse: some vector is orthogonal to all")
    symmetric = torch.equal(form, form.mT)
    rows, columns = torch.triu_indices(len(form), len(form), offset=1 if symmetric else 0)
    basis = torch.zeros(len(rows), *form.shape, dtype=torch.float64)
    each = torch.arange(len(rows))
    basis[each, rows, columns] = 1.0
    basis[each, columns, rows] = -1.0 if symmetric else 1.0
    return torch.linalg.solve(form.double(), basis)


def special_linear(d: int) -> Tensor:
    """The d^2 - 1 traceless real matrices `(k, d, d)` of SL(d): one entry each, and differences along the diagonal."""
    if d < 2:
        raise ValueError(f"expected two dimensions or more, got {d}")
    basis = torch.eye(d * d, dtype=torch.float64).reshape(d, d, d, d)
    apart = [basis[i, j] for i in range(d) for j in range(d) if i != j]
    return torch.stack([*apart, *(basis[i, i] - basis[i + 1, i + 1] for i in range(d - 1))])
