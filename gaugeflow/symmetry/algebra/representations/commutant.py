"""Irreducible parts of a representation, by the eigenvalues of a random element of its commutant.

By Schur's lemma a generic matrix that commutes with all D(g) is a number on each irreducible part over the complex
numbers, another one on each. A part is of real or quaternionic type if it is equivalent to its conjugate by an S with
conj(S) S > 0 or < 0, of complex type if it is not. Over the real numbers the parts of complex type appear in pairs of
conjugates, and two copies of one of quaternionic type make one part.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.algebra.representations.hom import hom
from gaugeflow.symmetry.algebra.representations.representation import Representation, representation

__all__ = ["Part", "irreducible_parts"]


class Part(NamedTuple):
    """An irreducible part: its dimension, how often it occurs, its type "real", "complex" or "quaternionic"."""

    dimension: int
    multiplicity: int
    type: str


def irreducible_parts(x: Tree | Representation, group: Group | str, seed: int = 0) -> list[Part]:
    """The irreducible parts of the action of `group` on `x`, sorted by dimension, each equivalence class once.

    They are parts over the complex numbers where the action is complex-linear, over the real ones otherwise.

    Raises:
        ValueError: what has no representation; a representation that is no sum of irreducible ones; one too large.
    """
    whole = representation(x, group)
    found: list[tuple[Representation, int]] = []
    for part in _subspaces(whole, seed):
        same = next((i for i, (other, _) in enumerate(found) if _equivalent(part, other)), None)
        if same is None:
            found.append((part, 1))
        else:
            found[same] = (found[same][0], found[same][1] + 1)
    parts = [Part(part.size, times, _type(part)) for part, times in found]
    return sorted(parts if whole.is_complex else _over_the_reals(parts))


def _subspaces(whole: Representation, seed: int) -> list[Representation]:
    """Irreducible parts over the complex numbers, each on its own."""
    commutant = hom(whole, whole, seed).to(torch.complex128)
    weights = torch.randn(len(commutant), dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))
    generic = torch.einsum("k,kmn->mn", weights, commutant)
    over_c = _complex(whole)
    return [over_c.within(_eigenspace(generic, value, size)) for value, size in _clusters(generic)]


def _complex(x: Representation) -> Representation:
    return Representation(x.group, x.example, x.size, True, lambda g: x(g).to(torch.complex128), x.read, x.arguments)


def _clusters(matrix: Tensor) -> list[tuple[Tensor, int]]:
    """The eigenvalues and how often each occurs."""
    values = torch.linalg.eigvals(matrix)
    near = (values.unsqueeze(1) - values).abs() < 1e-6 * values.abs().max()
    return [(values[row].mean(), int(row.sum())) for row in near.unique(dim=0)]


def _eigenspace(matrix: Tensor, value: Tensor, size: int) -> Tensor:
    """An orthonormal basis `(size, n)` of the eigenvectors."""
    unit = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    _, singular, right = torch.linalg.svd(matrix - value * unit)
    if float(singular[-size]) > 1e-6 * float(singular[0] + value.abs()):
        raise ValueError("irreducible parts: expected a sum of irreducible representations, this one is none")
    return right[-size:].conj()


def _equivalent(a: Representation, b: Representation) -> bool:
    g = a.draw(24, torch.Generator().manual_seed(1))
    return a.size == b.size and bool((a.character(g) - b.character(g)).abs().max() < 1e-6 * a.size)


def _type(part: Representation) -> str:
    """From S with D* S = S D, which is unique up to a number: conj(S) S is a real number."""
    maps = hom(part, part.conjugate())
    if not len(maps):
        return "complex"
    return "real" if float((maps[0].conj() @ maps[0])[0, 0].real) > 0 else "quaternionic"


def _over_the_reals(parts: list[Part]) -> list[Part]:
    joined = [part for part in parts if part.type == "real"]
    joined += [Part(2 * d, m // 2, kind) for d, m, kind in parts if kind == "quaternionic"]
    pairs = sorted(part for part in parts if part.type == "complex")[::2]
    return joined + [Part(2 * d, m, kind) for d, m, kind in pairs]
