"""The space Hom(X, Y) of all W with D_Y(g) W = W D_X(g), as a null space over random elements.

A random element narrows the candidates: with unitary matrices W leads from each eigenspace of D_X(g) to the one of
D_Y(g) with the same eigenvalue, which leaves few unknowns. Further elements are drawn until `fresh` of them in a row
change nothing. Random elements of a finite group may generate a subgroup only; so where all elements can be listed, the
dimension must be the mean of conj(chi_X) chi_Y over them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, InfiniteGroup
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.algebra.representations.representation import Representation, alike

__all__ = ["LARGEST_MAP", "LARGEST_SPACE", "commuting", "dimension", "hom", "is_unitary"]

LARGEST_MAP = 2**18
"""The largest number of entries of one W."""

LARGEST_SPACE = 2**26
"""The largest number of entries of all candidates together."""

LARGEST_GROUP = 2**14
"""The number of elements up to which a finite group is listed."""

SAME = 1e-8
"""Eigenvalues that differ by less are the same; of a linear system those singular values are zero."""


def hom(x: Representation, y: Representation, seed: int = 0, fresh: int = 32) -> Tensor:
    """An orthonormal basis of Hom(X, Y), `(dim, size of Y, size of X)`, complex where both are.

    Args:
        x, y: representations of one group. Where one is real and the other complex, both are taken as real.
        seed: of the elements that are drawn.
        fresh: how many random elements in a row must leave the space as it is.

    Raises:
        ValueError: a system too large for a dense null space; matrices that are no representation.
    """
    x, y = alike(x, y)
    if x.size * y.size > LARGEST_MAP:
        raise ValueError(
            f"intertwiners: expected matrices of at most {LARGEST_MAP} entries for a dense null space, got "
            f"{y.size} x {x.size}; a smaller lattice or fewer particles say the same"
        )
    generator = torch.Generator().manual_seed(seed)
    example = (x.example, y.example)
    start = x.group.element(example, max(1, min(8, LARGEST_MAP // (x.size * y.size))), generator)
    space = _first_candidates(x(start), y(start))
    passed = 0
    while passed < fresh and len(space):
        g = x.group.element(example, 2, generator)
        narrowed = commuting(x(g), y(g), space)
        passed = passed + 2 if len(narrowed) == len(space) else 0
        space = narrowed
    expected = dimension(x, y, example)
    if expected is not None and expected != len(space):
        space = _over_all(x, y, example, space)
    space = space if x.is_complex else _real_basis(space)
    for _ in range(4 if len(space) else 0):
        g = x.group.element(example, 16, generator)
        space = _averaged(x(g), y(g), space)
    return space


def _averaged(dx: Tensor, dy: Tensor, space: Tensor) -> Tensor:
    """The mean of D_Y(g)^-1 W D_X(g), orthonormal again: what rounding has left beside Hom becomes several times less.

    Only for unitary matrices, since others make rounding larger.
    """
    if not (is_unitary(dx) and is_unitary(dy)):
        return space
    mean = torch.einsum("gba,kbc,gcd->kad", dy.conj(), space, dx) / len(dx)
    q, r = torch.linalg.qr(mean.flatten(1).mT)
    return (q * r.diagonal().sgn()).mT.reshape(space.shape)


def commuting(dx: Tensor, dy: Tensor, space: Tensor) -> Tensor:
    """Those combinations of `space` `(k, m, n)` with D_Y W = W D_X for matrices `(elements, n, n)`, `(elements, m, m)`.

    The basis that comes out is orthonormal if the one that came in was.
    """
    k, m, n = space.shape
    dx, dy = dx.to(space.dtype), dy.to(space.dtype)
    # the equation on random vectors, at least twice as many as there are unknowns, holds where it holds on all
    generator = torch.Generator().manual_seed(k)
    v = torch.randn(n, min(n, 2 * k // m + 2), dtype=torch.float64, generator=generator).to(space)
    system = dy.unsqueeze(1) @ (space @ v) - space @ (dx @ v).unsqueeze(1)  # (elements, k, m, vectors)
    left, values, _ = torch.linalg.svd(system.transpose(0, 1).reshape(k, -1), full_matrices=False)
    scale = 1 + dx.abs().amax() + dy.abs().amax()
    unclear = (values > SAME * scale) & (values < 100 * SAME * scale)
    if bool(unclear.any()):
        raise ValueError(
            f"intertwiners: singular values of {float(values[unclear][0]):.1e} are neither zero nor not; expected "
            "representations in double precision, check_action(group, value) says whether they are"
        )
    null = left[:, values <= SAME * scale]
    return torch.einsum("kq,kmn->qmn", null.conj(), space)


def is_unitary(matrices: Tensor) -> bool:
    """Whether all D(g) `(elements, n, n)` are unitary."""
    unit = torch.eye(matrices.shape[1], dtype=matrices.dtype, device=matrices.device)
    return bool((matrices @ matrices.mH - unit).abs().max() < 1e-10)


def dimension(x: Representation, y: Representation, example: Tree) -> int | None:
    """dim Hom(X, Y) by the character formula, None where the elements are too many to list."""
    try:
        order = x.group.order(example)
        g = x.group.elements(example) if order is not None and order <= LARGEST_GROUP else None
    except (InfiniteGroup, NotImplementedError):
        return None
    return None if g is None else round(float((x.character(g).conj() * y.character(g)).mean().real))


def _over_all(x: Representation, y: Representation, example: Tree, space: Tensor) -> Tensor:
    """The space after every element of a finite group."""
    g = x.group.elements(example)
    for i in range(0, len(g), 2):
        some: Element = g.take(slice(i, i + 2))
        space = commuting(x(some), y(some), space)
    return space


def _first_candidates(dx: Tensor, dy: Tensor) -> Tensor:
    """An orthonormal basis of the W that commute with that element which leaves the fewest."""
    dx, dy = dx.to(torch.complex128), dy.to(torch.complex128)
    if not (is_unitary(dx) and is_unitary(dy)):
        m, n = dy.shape[1], dx.shape[1]
        _refuse_large(m * n, dx, dy)
        return torch.eye(m * n, dtype=dx.dtype, device=dx.device).reshape(m * n, m, n)
    each = [_pairs(a, b) for a, b in zip(dx, dy, strict=True)]
    places, vx, vy = min(each, key=lambda found: len(found[0]))
    _refuse_large(len(places), dx, dy)
    return torch.einsum("mk,nk->kmn", vy[:, places[:, 0]], vx[:, places[:, 1]].conj())


def _pairs(dx: Tensor, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs (i, j) of eigenvectors of D_Y and D_X with the same eigenvalue, `(pairs, 2)`, and the eigenvectors.

    The eigenvectors of a unitary matrix are those of the Hermitian exp(0.7 i) D + its adjoint.
    """
    phase = torch.polar(torch.ones((), dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64)).to(dx.device)
    (ex, vx), (ey, vy) = (torch.linalg.eigh(phase * d + (phase * d).mH) for d in (dx, dy))
    return ((ey.unsqueeze(1) - ex).abs() < SAME).nonzero(), vx, vy


def _refuse_large(unknowns: int, dx: Tensor, dy: Tensor) -> None:
    m, n = dy.shape[1], dx.shape[1]
    if unknowns * m * n > LARGEST_SPACE:
        raise ValueError(
            f"intertwiners: expected candidates of at most {LARGEST_SPACE} entries for a dense null space, got "
            f"{unknowns} matrices of {m} x {n}; a smaller lattice or fewer particles say the same"
        )


def _real_basis(space: Tensor) -> Tensor:
    """A real orthonormal basis of a space that contains the conjugate of each of its elements."""
    k = len(space)
    parts = torch.cat([space.real, space.imag]).flatten(1)
    basis = torch.linalg.svd(parts, full_matrices=False).Vh[:k]
    return basis.reshape(k, *space.shape[1:])
