"""Regression with a symmetry: what augmentation over a whole group gives, from the data as they are.

Both minimise the mean over the rows of |y - f(x)|^2 plus a penalty on f. On data that contain every row once for each
element of a finite group, the minimum commutes with the group, since it is unique; so it lies among the maps that
commute, and for these all rows of one orbit say the same. Actions must be unitary: the penalty is then invariant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Value, map_tensors, wide
from gaugeflow.symmetry.algebra.representations.hom import is_unitary
from gaugeflow.symmetry.algebra.representations.intertwiners import EquivariantLinear, Intertwiners
from gaugeflow.symmetry.algebra.representations.representation import Representation, together, written

__all__ = ["EquivariantKernel", "Kernel", "equivariant_ridge", "fit_kernel"]

Kernel = Callable[[Tensor, Tensor], Tensor]
"""Vectors `(n, size)` and `(m, size)` to a positive definite `(n, m)` that no element of the group changes:
k(D(g) x, D(g) x') = k(x, x'), as a function of distances and products of vectors is for orthogonal actions."""


def equivariant_ridge(maps: Intertwiners, x: Value, y: Value, penalty: float) -> EquivariantLinear:
    """The layer W among `maps` with the least mean of ``|y - W x|^2 + penalty |W|^2``, W by its squared entries.

    It is the ridge regression on data augmented by all elements of the group, at one row instead of ``|G|``.

    Args:
        maps: from the representation of `x` to that of `y`.
        x, y: inputs and targets, with the rows as batch.
        penalty: positive.

    Raises:
        ValueError: a penalty that is not positive, other numbers of rows, or an action that is not unitary.
    """
    _check(penalty, x, y, maps.x, maps.y)
    images = torch.einsum("kmn,bn->bmk", maps.basis, maps.x.read(_wide(x)).to(maps.basis)).flatten(0, 1)
    targets = maps.y.read(_wide(y)).to(maps.basis).flatten()
    unit = torch.eye(maps.dim, dtype=images.dtype, device=images.device)
    normal = images.mH @ images / len(x.data) + penalty * unit
    layer = maps.layer(generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        layer.coefficients.copy_(torch.linalg.solve(normal, images.mH @ targets / len(x.data)))
    return layer


@dataclass(frozen=True)
class EquivariantKernel:
    """`f(x) = sum_i K(x, x_i) a_i`: a kernel regression whose function commutes with a finite group.

    `K(x, x') = 1/|G| sum_g k(x, D_X(g) x') D_Y(g)` is a matrix for each pair of inputs: the scalar kernel k averaged
    over the group (M. Reisert and H. Burkhardt, J. Mach. Learn. Res. 8 (2007) 385).

    Attributes:
        kernel: k.
        orbits: the vectors of all D_X(g) x_i, `(|G|, rows, size of x)`.
        weights: all D_Y(g) a_i, `(|G|, rows, size of y)`.
        read: how an input is read as a vector.
        out: an example of a target.
    """

    kernel: Kernel
    orbits: Tensor
    weights: Tensor
    read: Representation
    out: Value

    def __call__(self, x: Tensor) -> Tensor:
        """Plain inputs `(batch, ...)` to plain targets `(batch, ...)`."""
        values = self.kernel(self.read.read((x,)), self.orbits.flatten(0, 1).to(x.device))
        return written(values @ self.weights.flatten(0, 1).to(values) / len(self.orbits), self.out)


def fit_kernel(kernel: Kernel, x: Value, y: Value, group: Group | str, penalty: float) -> EquivariantKernel:
    """Kernel ridge regression with the kernel averaged over a finite group: mean of ``|y - f(x)|^2 + penalty |f|^2``.

    It is the one with the scalar kernel on data augmented by all elements, by a system ``|G|`` times smaller.

    Args:
        kernel: a scalar kernel that the group leaves as it is.
        x, y: inputs and targets, with the rows as batch; real ones.
        group: a finite group or its name.
        penalty: positive.

    Raises:
        ValueError: a penalty that is not positive, other numbers of rows, an infinite group, or no unitary action.
    """
    group = group_named(group)
    rx, ry = (part.real() for part in together(x, y, group))
    _check(penalty, x, y, rx, ry)
    g = group.elements((rx.example, ry.example))
    dy, rows, vectors = ry(g), len(x.data), rx.read(_wide(x))
    orbits = torch.einsum("gmn,bn->gbm", rx(g), vectors)
    values = kernel(vectors, orbits.flatten(0, 1)).reshape(rows, len(g), rows)
    averaged = torch.einsum("igj,gmn->imjn", values, dy).reshape(rows * ry.size, -1) / len(g)
    unit = torch.eye(len(averaged), dtype=averaged.dtype, device=averaged.device)
    solved = torch.linalg.solve(averaged + penalty * rows * unit, ry.read(_wide(y)).flatten()).reshape(rows, -1)
    return EquivariantKernel(
        kernel, orbits, torch.einsum("gmn,bn->gbm", dy, solved), rx, map_tensors(lambda t: t[:1], y)
    )


def _wide(x: Value) -> tuple[Tensor, ...]:
    return tuple(wide(t) for t in x.tensors)


def _check(penalty: float, x: Value, y: Value, rx: Representation, ry: Representation) -> None:
    if not penalty > 0 or len(x.data) != len(y.data):
        raise ValueError(
            f"regression: expected a penalty > 0 and as many targets as inputs, got {penalty}, {len(x.data)} inputs "
            f"and {len(y.data)} targets"
        )
    g = rx.group.element((rx.example, ry.example), 8, torch.Generator().manual_seed(0))
    if not (is_unitary(rx(g)) and is_unitary(ry(g))):
        raise ValueError(f"regression: expected a unitary action, that of {rx.group.label()} is not")
