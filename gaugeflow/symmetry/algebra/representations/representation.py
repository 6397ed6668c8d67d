"""Representations: the matrices D(g) by which a group acts on the numbers of a value, and new ones made of old.

A value is read as one vector of the numbers of an entry. Where a group acts on complex numbers in a complex-linear way,
the matrices are complex; where it conjugates some of them, and where real and complex numbers stand beside each other,
a complex number counts as two real ones, the real part first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, Group, find_action, group_named
from gaugeflow.symmetry.actions.scalars import SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, leaves, map_leaves, map_tensors, wide

__all__ = ["LARGEST_VECTOR", "Representation", "representation"]

LARGEST_VECTOR = 4096
"""The size up to which the matrices of a representation are made."""

AT_ONCE = 2**22
"""How many numbers of matrices are computed at once."""


@dataclass(frozen=True)
class Representation:
    """Matrices D(g) `(elements, size, size)` of the elements of a group: `representation(g)`.

    `a + b` is the direct sum and `a * b` the tensor product, in the order of `torch.kron`.

    Attributes:
        group: what is represented.
        example: a value, or a tuple of them, from which the elements are drawn.
        size: the dimension.
        is_complex: whether the matrices are complex, of dtype complex128; float64 otherwise.
        matrices: g to D(g).
        read: the tensors of the values, each with a batch axis, to the vectors `(batch, size)` on which D(g) acts; a
            sum puts those of its parts behind one another, a product multiplies them.
        arguments: how many tensors `read` takes.
    """

    group: Group
    example: Tree
    size: int
    is_complex: bool
    matrices: Callable[[Element], Tensor]
    read: Callable[[tuple[Tensor, ...]], Tensor]
    arguments: int = 1

    def __call__(self, g: Element) -> Tensor:
        return self.matrices(g)

    def draw(self, size: int, generator: torch.Generator) -> Element:
        """Random elements of the group."""
        return self.group.element(self.example, size, generator)

    def character(self, g: Element) -> Tensor:
        """The trace of D(g), `(elements,)`."""
        step = max(1, AT_ONCE // self.size**2)
        chunks = [g.take(slice(i, i + step)) for i in range(0, len(g), step)]
        return torch.cat([self(chunk).diagonal(dim1=1, dim2=2).sum(1) for chunk in chunks])

    def __add__(self, other: Representation) -> Representation:
        a, b = alike(self, other)
        return _joined(a, b, a.size + b.size, lambda p, q: _block_diagonal([p, q]), lambda v, w: torch.cat([v, w], 1))

    def __mul__(self, other: Representation) -> Representation:
        return _joined(self, other, self.size * other.size, _kronecker, _outer)

    def dual(self) -> Representation:
        """The representation on linear functions: the transpose of D(g^-1)."""
        return replace(self, matrices=lambda g: self(g.inverse()).mT)

    def conjugate(self) -> Representation:
        """The complex conjugate of D(g)."""
        return replace(self, matrices=lambda g: self(g).conj().resolve_conj())

    def real(self) -> Representation:
        """Complex numbers as pairs of real ones."""
        if not self.is_complex:
            return self
        return replace(
            self,
            size=2 * self.size,
            is_complex=False,
            matrices=lambda g: _in_pairs(self(g)),
            read=lambda tensors: torch.view_as_real(self.read(tensors)).flatten(1),
        )

    def within(self, basis: Tensor) -> Representation:
        """The representation on an invariant subspace, in the coordinates of `basis` `(dimension, size)`.

        Raises:
            ValueError: a subspace that the group does not map onto itself.
        """
        rows = basis.reshape(len(basis), -1).to(torch.complex128 if self.is_complex else torch.float64)
        read = torch.linalg.pinv(rows.mT)
        g = self.draw(8, torch.Generator().manual_seed(0))
        moved = self(g) @ rows.mT
        off = (moved - rows.mT @ (read @ moved)).abs().max()
        if not off <= 1e-8 * moved.abs().max():
            raise ValueError(
                f"a subspace of dimension {len(rows)}: expected one that {self.group.label()} maps onto itself, it "
                f"leads out of it by {float(off):.1e}"
            )
        return replace(
            self,
            size=len(rows),
            matrices=lambda g: read @ self(g) @ rows.mT,
            read=lambda tensors: _product(self.read(tensors), read.mT),
        )


def representation(x: Tree | Representation, group: Group | str, beside: Tree = None) -> Representation:
    """How `group` acts on the numbers of a value, or of a tuple or dict of them; a `Representation` stays what it is.

    Args:
        x: an example with a batch axis.
        group: a group or its name.
        beside: the value from which elements are drawn, where `x` alone does not say which there are, as a vector
            beside a picture does not.

    Raises:
        ValueError: a group that does not act on the value (`NoAction`), or not in a linear way; numbers that are no
            vector; more than 4096 of them; an action that is no representation; one of another group.
    """
    group = group_named(group)
    if isinstance(x, Representation):
        _require_same(x.group, group)
        return x
    own = map_tensors(lambda t: t[:1], x)
    example = own if beside is None else map_tensors(lambda t: t[:1], beside)
    parts = [_of_value(leaf, example, group) for leaf in leaves(own)]
    if len({part.is_complex for part in parts}) > 1:
        parts = [part.real() for part in parts]
    size = sum(part.size for part in parts)
    _refuse_large(size, own)
    return Representation(
        group,
        example,
        size,
        parts[0].is_complex,
        lambda g: _block_diagonal([part(g) for part in parts]),
        partial(_read, parts[0].is_complex),
        len(parts),
    )


def together(
    x: Tree | Representation, y: Tree | Representation, group: Group | str
) -> tuple[Representation, Representation]:
    """The representations of both, with elements that are drawn from both, and both complex or both real."""
    beside = tuple(value.example if isinstance(value, Representation) else value for value in (x, y))
    return alike(representation(x, group, beside), representation(y, group, beside))


def alike(a: Representation, b: Representation) -> tuple[Representation, Representation]:
    """Both complex, or both real."""
    return (a, b) if a.is_complex == b.is_complex else (a.real(), b.real())


def _require_same(a: Group, b: Group) -> None:
    if a.label() != b.label():
        raise ValueError(f"expected representations of one group, got those of {a.label()} and {b.label()}")


def _refuse_large(size: int, example: Tree) -> None:
    if size > LARGEST_VECTOR:
        names = ", ".join(f"{leaf.name} {tuple(leaf.data.shape[1:])}" for leaf in leaves(example))
        raise ValueError(
            f"the matrices of a representation: expected at most {LARGEST_VECTOR} numbers in an entry, got {size} in "
            f"{names}; a smaller lattice or fewer particles say the same"
        )


def _of_value(leaf: Value, example: Tree, group: Group) -> Representation:
    for part in group.parts():
        find_action(type(part), type(leaf))  # `NoAction` before anything else
    if isinstance(leaf, SignedLog) or not (leaf.data.is_floating_point() or leaf.data.is_complex()):
        raise ValueError(f"{leaf.name}: expected numbers that can be added, as scalars are, for a representation")
    _refuse_large(leaf.data[0].numel(), leaf)
    wider = map_tensors(wide, leaf)
    is_complex = _is_complex_linear(wider, example, group)
    size = leaf.data[0].numel() * (2 if leaf.data.is_complex() and not is_complex else 1)
    matrices, read = partial(_matrices_on, wider, is_complex), partial(_read, is_complex)
    return Representation(group, example, size, is_complex, matrices, read)


def _matrices_on(leaf: Value, is_complex: bool, g: Element) -> Tensor:
    """Column j is D(g) on the j-th unit vector."""
    data = leaf.data[0]
    in_pairs = data.is_complex() and not is_complex
    size = data.numel() * (2 if in_pairs else 1)
    units = torch.eye(size, dtype=torch.complex128 if is_complex else torch.float64, device=data.device)
    if in_pairs:
        units = torch.view_as_complex(units.reshape(size, -1, 2))
    columns, step = [], max(1, AT_ONCE // size**2)
    for first in range(0, len(g), step):
        some = g.take(slice(first, first + step))
        each = some.take(torch.arange(len(some), device=data.device).repeat_interleave(size))
        moved = each(_filled(leaf, units.repeat(len(some), 1).reshape(-1, *data.shape))).data
        flat = torch.view_as_real(moved) if in_pairs else moved
        columns.append(flat.reshape(len(some), size, size).mT)
    return torch.cat(columns).to(units.dtype if is_complex else torch.float64)


def _filled(leaf: Value, data: Tensor) -> Value:
    """The leaf with other numbers, one entry for each of them."""
    return leaf.map(lambda t: t[:1].expand(len(data), *t.shape[1:])).with_data(data)


def _is_complex_linear(leaf: Value, example: Tree, group: Group) -> bool:
    """Whether D(g) commutes with i; a `ValueError` where D(g) is not even linear over the reals, or D no homomorphism.

    Two dozen random elements and vectors decide.
    """
    generator = torch.Generator().manual_seed(0)
    g, h = (group.element(example, 24, generator) for _ in range(2))
    a, b = (torch.randn((24, *leaf.data.shape[1:]), dtype=leaf.data.dtype, generator=generator) for _ in range(2))

    def moved(v: Tensor, by: Element = g) -> Tensor:
        return by(_filled(leaf, v.to(leaf.data.device))).data.to(leaf.data.dtype)

    images = moved(a)
    if _differ(moved(2 * a + b), 2 * images + moved(b)):
        raise ValueError(
            f"{group.label()} does not act on {leaf.name} in a linear way, so it has no matrix: D(g) (2 a + b) is not "
            "2 D(g) a + D(g) b. Shifts of points and of angles are of this kind; differences of points, and the "
            "phases exp(i angle) as complex numbers, are vectors"
        )
    _require_homomorphism(moved, a, g, h, f"{group.label()} on {leaf.name}")
    return leaf.data.is_complex() and not _differ(moved(1j * a), 1j * images)


def _require_homomorphism(moved: Callable[..., Tensor], v: Tensor, g: Element, h: Element, where: str) -> None:
    """D(g h) = D(g) D(h), factor by factor of a product."""
    for p, q in zip(_factors(g), _factors(h), strict=True):
        try:
            product = p @ q
        except NotImplementedError:  # a group that only draws
            continue
        if _differ(moved(v, product), moved(moved(v, q), p)):
            raise ValueError(
                f"{where} is no representation: D(g h) v and D(g) D(h) v differ; check_action(group, value) says where"
            )


def _factors(g: Element) -> list[Element]:
    return [Element((factor,)) for factor in g.factors]


def _differ(a: Tensor, b: Tensor) -> bool:
    return not bool((a - b).abs().max() <= 1e-9 * (1 + a.abs().max()))


def _joined(
    a: Representation,
    b: Representation,
    size: int,
    matrices: Callable[[Tensor, Tensor], Tensor],
    vectors: Callable[[Tensor, Tensor], Tensor],
) -> Representation:
    """Both at once; the tensors that are read are those of the first and then those of the second."""
    _require_same(a.group, b.group)
    _refuse_large(size, (a.example, b.example))
    return Representation(
        a.group,
        a.example if a.example is b.example else (a.example, b.example),
        size,
        a.is_complex or b.is_complex,
        lambda g: matrices(a(g), b(g)),
        lambda tensors: vectors(a.read(tensors[: a.arguments]), b.read(tensors[a.arguments :])),
        a.arguments + b.arguments,
    )


def _block_diagonal(blocks: list[Tensor]) -> Tensor:
    sizes = [block.shape[1] for block in blocks]
    whole = blocks[0].new_zeros(len(blocks[0]), sum(sizes), sum(sizes))
    for end, size, block in zip(torch.tensor(sizes).cumsum(0).tolist(), sizes, blocks, strict=True):
        whole[:, end - size : end, end - size : end] = block
    return whole


def _kronecker(a: Tensor, b: Tensor) -> Tensor:
    size = a.shape[1] * b.shape[1]
    return (a[:, :, None, :, None] * b[:, None, :, None, :]).reshape(len(a), size, size)


def _outer(v: Tensor, w: Tensor) -> Tensor:
    return (v.unsqueeze(2) * w.unsqueeze(1)).flatten(1)


def _product(vectors: Tensor, matrix: Tensor) -> Tensor:
    """In the precision of the vectors."""
    return vectors @ matrix.to(vectors)


def _in_pairs(matrices: Tensor) -> Tensor:
    """A complex number a as ((Re a, -Im a), (Im a, Re a))."""
    pairs = torch.stack(
        [torch.stack([matrices.real, -matrices.imag], -1), torch.stack([matrices.imag, matrices.real], -1)], -2
    )
    return pairs.movedim(-2, 2).reshape(len(matrices), 2 * matrices.shape[1], -1)


def _read(is_complex: bool, tensors: tuple[Tensor, ...]) -> Tensor:
    """The numbers of each entry as one vector, `(batch, size)`."""
    flat = [t.reshape(len(t), -1) for t in tensors]
    if not is_complex:
        flat = [torch.view_as_real(t).flatten(1) if t.is_complex() else t for t in flat]
    return torch.cat(flat, dim=1)


def written(vectors: Tensor, like: Tree) -> Any:
    """The plain tensors of a value of the kind of `like` that a representation reads as these `(batch, size)`."""
    sizes = [leaf.data[0].numel() * (1 + _in_two(leaf, vectors)) for leaf in leaves(like)]
    parts = iter(vectors.split(sizes, dim=1))

    def tensor(leaf: Value) -> Tensor:
        part, shape = next(parts), (len(vectors), *leaf.data.shape[1:])
        if _in_two(leaf, vectors):
            return torch.view_as_complex(part.reshape(*shape, 2).contiguous())
        return part.reshape(shape)

    return map_leaves(tensor, like)


def _in_two(leaf: Value, vectors: Tensor) -> bool:
    return leaf.data.is_complex() and not vectors.is_complex()
