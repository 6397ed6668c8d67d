"""Any group of matrices, given by the generators of its Lie algebra and by single matrices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue
from gaugeflow.symmetry.actions.groups import Group, Parameters, refused, represent, trivial
from gaugeflow.symmetry.actions.particles import EdgeIndex, PairFeatures, PointFeatures, Points
from gaugeflow.symmetry.actions.scalars import CartesianTensors, Cell, Scalars, rotate
from gaugeflow.symmetry.actions.values import Tree, Value, leaves, wide
from gaugeflow.symmetry.algebra.directions.generated import Algebra, generated

__all__ = ["MatrixGroup"]

_FACTORS = 2
_TURN = 3.0
_MOST = 1024
_SINGULAR = 1e-12


class MatrixGroup(Group):
    """The matrices that exponentials of `generators` and the `discrete` matrices generate.

    They act on the last axis of points and on the indices of point features, pair features and Cartesian tensors: with
    M on an upper index, with the inverse transpose on the `down` last ones of `CartesianTensors`.

    Args:
        generators: `(k, d, d)`, real or complex, none for a finite group.
        discrete: matrices `(d, d)` in float64 that generate a finite group, such as reflections: at most 1024 elements.
        name: what reports call it.
        reach: the largest rapidity: an element is the product of two exponentials, and the Hermitian part of each
            exponent has no eigenvalue beyond it, so that no vector grows by more than exp(2 reach).

    >>> import torch
    >>> from gaugeflow.symmetry import CartesianTensors, MatrixGroup, assert_invariant, preserving
    >>> metric = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))
    >>> lorentz = MatrixGroup(preserving(metric), name="SO(1,3)")
    >>> p = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    >>> def mass(p):
    ...     return torch.einsum("bi,ij,bj->b", p, metric.to(p), p)
    >>> assert_invariant(mass, CartesianTensors(p), lorentz).holds
    True
    """

    name = "matrix-group"

    def __init__(
        self,
        generators: Tensor | None = None,
        discrete: Sequence[Tensor] = (),
        name: str = "matrix group",
        reach: float = 1.0,
    ) -> None:
        given = [*discrete] if generators is None else [*generators, *discrete]
        if not given or {tuple(m.shape) for m in given} != {(len(given[0]), len(given[0]))}:
            shapes = ", ".join(str(tuple(m.shape)) for m in given) or "none"
            raise ValueError(
                f"expected generators (k, d, d) or discrete matrices (d, d), all of one size, got {shapes}"
            )
        if any(bool(torch.linalg.det(wide(m)).abs() < _SINGULAR) for m in discrete):
            raise ValueError("expected discrete matrices that have an inverse, got one of determinant zero")
        if not reach > 0:
            raise ValueError(f"expected a reach above 0, got {reach}")
        all_of_them = torch.stack([wide(m) for m in given])
        self.basis = all_of_them[: len(given) - len(discrete)]
        self.finite = _closure(all_of_them[len(self.basis) :])
        self.title, self.reach = name, reach

    def generators(self) -> Tensor:
        """The generators as they were given, `(k, d, d)` in float64 or complex128."""
        return self.basis

    def label(self) -> str:
        return self.title

    def order(self, x: Tree) -> int | None:
        return None if len(self.basis) else len(self.finite)

    def every(self, x: Tree) -> Parameters:
        self._see(x)
        return _pair(self.finite) if not len(self.basis) else super().every(x)

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        self._see(x)
        g = _pair(self.finite[torch.randint(len(self.finite), (size,), generator=generator)])
        for _ in range(_FACTORS if len(self.basis) else 0):
            exponent = self._exponents(size, generator)
            step = {"matrix": torch.linalg.matrix_exp(exponent), "inverse": torch.linalg.matrix_exp(-exponent)}
            g = self.compose(step, g)
        return g

    def _exponents(self, size: int, generator: torch.Generator) -> Tensor:
        """Elements of the algebra that turn by a few radians, and stretch by no more than `reach`."""
        unit = self.basis / torch.linalg.matrix_norm(self.basis, 2).amax()
        weights = _TURN * torch.randn((size, len(unit)), dtype=torch.float64, generator=generator)
        exponent = torch.einsum("sk,kij->sij", weights.to(unit.dtype), unit)
        stretch = torch.linalg.matrix_norm((exponent + exponent.mH) / 2, 2)
        return exponent * (self.reach / stretch).clamp(max=1.0)[:, None, None]

    def inverse(self, g: Parameters) -> Parameters:
        return {"matrix": g["inverse"], "inverse": g["matrix"]}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"matrix": g["matrix"] @ h["matrix"], "inverse": h["inverse"] @ g["inverse"]}

    def _see(self, x: Tree) -> None:
        """A `ValueError` where `x` holds no vectors, or some of another size."""
        d = self.basis.shape[-1]
        vectors = [leaf for leaf in leaves(x) if isinstance(leaf, (Points, Cell)) or getattr(leaf, "rank", None)]
        sizes = sorted({leaf.data.shape[-1] for leaf in vectors})
        if sizes != [d]:
            came = f"some of {', '.join(map(str, sizes))}" if sizes else ", ".join(leaf.name for leaf in leaves(x))
            raise ValueError(f"{self.title} acts on vectors of {d} components, got {came}")


def _pair(matrix: Tensor) -> Parameters:
    return {"matrix": matrix, "inverse": torch.linalg.inv(matrix)}


def _closure(matrices: Tensor) -> Tensor:
    """All products of the matrices, `(n, d, d)`, the identity first; a `ValueError` where there is no end."""
    known = torch.eye(matrices.shape[-1], dtype=matrices.dtype)[None]
    latest = known
    while len(latest) and len(matrices):
        products = (latest[:, None] @ matrices).flatten(0, 1)
        first = len(known)
        for product in products:
            if ((known - product).abs().amax((1, 2)) > 1e-9 * (1 + product.abs().amax())).all():
                known = torch.cat([known, product[None]])
            if len(known) > _MOST or not known[-1].isfinite().all():
                raise ValueError(
                    f"expected discrete matrices, in float64, that generate at most {_MOST} elements, got more"
                )
        latest = known[first:]
    return known


def _on_indices(g: Parameters, value: Value, rank: int, down: int = 0, pseudo: bool = False) -> Value:
    """M on the first of the last `rank` axes, the inverse transpose on the `down` last ones."""
    data = value.data
    if g["matrix"].is_complex() and not data.is_complex():
        raise ValueError(f"{value.name}: expected complex numbers for a group of complex matrices, got {data.dtype}")
    upper = tuple(range(data.ndim - rank, data.ndim - down))
    last = tuple(range(data.ndim - len(upper), data.ndim))
    data = rotate(data, g["inverse"].mT, down).movedim(upper, last)
    return value.with_data(rotate(data, g["matrix"], len(upper), pseudo).movedim(last, upper))


@represent(MatrixGroup, Points)
@represent(MatrixGroup, Cell)
def _(g: Parameters, value: Value) -> Value:
    return _on_indices(g, value, 1)


@represent(MatrixGroup, PointFeatures)
@represent(MatrixGroup, PairFeatures)
def _(g: Parameters, value: PointFeatures) -> Value:
    return _on_indices(g, value, value.rank, pseudo=value.pseudo)


@represent(MatrixGroup, CartesianTensors)
def _(g: Parameters, value: CartesianTensors) -> Value:
    return _on_indices(g, value, value.rank, value.down, value.pseudo)


@represent(MatrixGroup, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    if "parity" not in value.odd:
        return value
    sign = torch.linalg.det(g["matrix"]).sgn().to(value.data.dtype)
    return value.with_data(value.data * sign.reshape(-1, *[1] * (value.data.ndim - 1)))


trivial(MatrixGroup, EdgeIndex)
refused(MatrixGroup, LatticeValue, reason="a lattice has no continuous motions; hypercubic, cyclic and dihedral fit it")


@generated(MatrixGroup)
def _(group: MatrixGroup, x: Tree) -> Algebra:
    basis = group.generators()

    def element(theta: Tensor) -> Parameters:
        turn = torch.einsum("bk,kij->bij", theta.to(basis.dtype), basis.to(theta.device))
        one = torch.eye(basis.shape[-1], dtype=basis.dtype, device=theta.device)
        return {"matrix": one + turn, "inverse": one - turn}

    return len(basis), element
