"""Ridge regression of matrices in a basis of atomic orbitals that commutes with rotations, reflections, exchanges.

The block of two shells l and k is a sum of irreducible parts of degree |l - k| ... l + k. By Schur's lemma a linear map
that commutes takes descriptors of one degree and parity to parts of the same, by one number for each: these are fitted.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.symmetry.actions.orbital_matrices import ORDERS, OrbitalMatrices, Shells, from_irreps
from gaugeflow.symmetry.algebra.o3.clebsch_gordan import clebsch_gordan
from gaugeflow.wavefunctions.matrices.descriptors import Descriptors, Surroundings
from gaugeflow.wavefunctions.systems.elements import ELEMENTS

__all__ = ["MatrixRidge", "fit_matrices", "ridge_weights"]

FORMAT = 1
Key = tuple[int, int, bool, int, bool]
"""Two elements, whether it is one atom, a degree, and whether the parity is that of a polynomial of this degree."""
ORDER = ORDERS[0]
NOISE = 1e-10
"""Numbers so far below the largest are zero by symmetry but for rounding, like v x v."""


@dataclass(frozen=True, eq=False)
class MatrixRidge:
    """Symmetric matrices of molecules as linear functions of descriptors; `fit_matrices` makes it.

    Attributes:
        basis: the name of the basis.
        shells: the angular momenta of the shells of each element.
        weights: for each `Key` ``(parts, K)``.
    """

    basis: str
    shells: dict[int, tuple[int, ...]]
    descriptors: Descriptors
    weights: dict[Key, Tensor]

    def shells_of(self, charges: list[int]) -> Shells:
        """Raises UserError for an element that was not among those of the training."""
        unknown = sorted({ELEMENTS[charge - 1] for charge in charges if charge not in self.shells})
        if unknown:
            known = ", ".join(ELEMENTS[charge - 1] for charge in sorted(self.shells))
            raise UserError(
                f"learned matrices: expected atoms of {known}, from which they were learned, came {', '.join(unknown)}"
            )
        return tuple(self.shells[charge] for charge in charges)

    def __call__(self, positions: Tensor, charges: list[int]) -> Tensor:
        """Positions in bohr ``(batch, n, 3)`` to matrices ``(batch, F, F)`` in PySCF's order.

        Raises:
            UserError: as `shells_of`.
        """
        shells = self.shells_of(charges)
        blocks = _Blocks(shells)
        whole = positions.new_zeros(len(positions), blocks.size, blocks.size)
        surroundings = Surroundings(self.descriptors, positions, charges, sorted(self.shells))
        for key, pairs in _keys(charges, self.shells):
            if key in self.weights:
                x = _numbers(surroundings, key, pairs)
                parts = torch.einsum("pk,bnkm->bnpm", self.weights[key].to(x), x)
                blocks.add(whole, parts, pairs, key)
        return (whole + whole.mT) / 2

    def save(self, path: Path | str) -> None:
        torch.save({"format": FORMAT, **asdict(self)}, path)

    @classmethod
    def load(cls, path: Path | str) -> "MatrixRidge":
        """Raises UserError for a file that is not there or holds no such thing."""
        try:
            plain: dict[str, Any] = torch.load(path, weights_only=True)
            if plain.pop("format") != FORMAT:
                raise ValueError("another format")
            return cls(**{**plain, "descriptors": Descriptors(**plain["descriptors"])})
        except Exception as error:
            raise UserError(f"{path}: expected a file of learned matrices ({type(error).__name__}: {error})") from error


def fit_matrices(
    positions: Tensor,
    charges: list[int],
    matrices: Tensor,
    basis: str,
    shells: Shells,
    penalty: float = 1e-10,
    descriptors: Descriptors = Descriptors(),  # noqa: B008  (frozen)
) -> MatrixRidge:
    """Fits symmetric matrices of molecules of the same atoms.

    Args:
        positions: in bohr, ``(batch, n, 3)``.
        charges: of the nuclei.
        matrices: ``(batch, F, F)`` in PySCF's order of functions.
        shells: the angular momenta of each atom's shells; equal elements have equal ones.
        penalty: of the squared weights of numbers that are scaled to a mean square of one, beside the mean of squared
            errors of irreducible parts.

    Raises:
        ValueError: matrices of another size than that of the shells, or other shells at equal elements.
    """
    OrbitalMatrices(matrices, shells)
    surroundings = Surroundings(descriptors, positions, charges, sorted(set(charges)))
    blocks, weights = _Blocks(shells), {}
    of_element = dict(zip(charges, shells, strict=True))
    if tuple(of_element[charge] for charge in charges) != shells:
        raise ValueError(f"learned matrices: expected equal shells at equal elements, got {shells} at {charges}")
    for key, pairs in _keys(charges, of_element):
        x, y = _numbers(surroundings, key, pairs), blocks.parts(matrices, pairs, key)
        if x.shape[2] and y.shape[2]:
            weights[key] = ridge_weights(x, y, penalty)
    return MatrixRidge(basis, of_element, descriptors, weights)


def ridge_weights(x: Tensor, y: Tensor, penalty: float) -> Tensor:
    """Numbers ``(batch, pairs, K, m)`` and parts ``(batch, pairs, P, m)`` to weights ``(P, K)``."""
    rows, targets = (part.movedim(2, 3).flatten(0, 2) for part in (x, y))
    scale = rows.square().mean(0).sqrt()
    scale = torch.where(scale > NOISE * scale.amax(), scale, math.inf)  # which makes their weights zero
    rows = rows / scale
    unit = torch.eye(rows.shape[1], dtype=rows.dtype)
    square = rows.mT @ rows / len(rows) + penalty * unit
    return torch.linalg.solve(square, rows.mT @ targets / len(rows)).mT / scale


def _keys(charges: list[int], shells: dict[int, tuple[int, ...]]) -> Iterator[tuple[Key, list[tuple[int, int]]]]:
    """Every kind of block that these molecules have, with the pairs of atoms that have it."""
    atoms = range(len(charges))
    kinds = sorted({(charges[i], charges[j], i == j) for i in atoms for j in atoms})
    for a, b, same in kinds:
        pairs = [(i, j) for i in atoms for j in atoms if (charges[i], charges[j], i == j) == (a, b, same)]
        for degree in range(max(shells[a]) + max(shells[b]) + 1):
            for natural in (True, False):
                yield (a, b, same, degree, natural), pairs


def _numbers(surroundings: Surroundings, key: Key, pairs: list[tuple[int, int]]) -> Tensor:
    _, _, same, degree, natural = key
    if same:
        return surroundings.of_atoms([i for i, _ in pairs], degree, natural)
    return surroundings.of_pairs(pairs, degree, natural)


class _Blocks:
    """Blocks of matrices as irreducible parts, and back."""

    def __init__(self, shells: Shells) -> None:
        flat = [2 * l + 1 for atom in shells for l in atom]
        starts = iter([sum(flat[:k]) for k in range(len(flat))])
        self.size = sum(flat)
        self.shells = [[(l, next(starts)) for l in atom] for atom in shells]

    def parts(self, matrices: Tensor, pairs: list[tuple[int, int]], key: Key) -> Tensor:
        """``(batch, pairs, P, m)``: of each two shells of the pair that have a part of this degree and parity."""
        found = []
        for i, j in pairs:
            own = [
                torch.einsum("zab,abc->zc", matrices[:, rows, columns], coupling.to(matrices))
                for rows, columns, coupling in self._of(i, j, key)
            ]
            found.append(torch.stack(own, 1) if own else matrices.new_zeros(len(matrices), 0, 2 * key[3] + 1))
        return torch.stack(found, 1)

    def add(self, whole: Tensor, parts: Tensor, pairs: list[tuple[int, int]], key: Key) -> None:
        for place, (i, j) in enumerate(pairs):
            for p, (rows, columns, coupling) in enumerate(self._of(i, j, key)):
                whole[:, rows, columns] += torch.einsum("abc,zc->zab", coupling.to(whole), parts[:, place, p])

    def _of(self, i: int, j: int, key: Key) -> Iterator[tuple[slice, slice, Tensor]]:
        degree, natural = key[3:]
        for l, row in self.shells[i]:
            for k, column in self.shells[j]:
                if abs(l - k) <= degree <= l + k and ((l + k - degree) % 2 == 0) is natural:
                    rows, columns = slice(row, row + 2 * l + 1), slice(column, column + 2 * k + 1)
                    yield rows, columns, _coupling(l, k, degree)


@cache
def _coupling(l: int, k: int, degree: int) -> Tensor:
    """Orthonormal columns: functions of two shells in PySCF's order to parts in the order of `wigner_d`."""
    coupling = clebsch_gordan(l, k, degree) * (2 * degree + 1) ** 0.5
    return torch.einsum("am,bn,mnc->abc", from_irreps(l, ORDER), from_irreps(k, ORDER), coupling)
