"""Potentials made of the sums of plaquettes at each link, and their Laplacians.

What the first order of Luescher's expansion adds to the plaquette are pairs of plaquettes with a common link
(arXiv:0907.5491, section 4). Their coefficients hardly depend on whether the two lie in one plane, so that sums over
all pairs, see :mod:`gaugeflow.kernels.tapes.staples`, do nearly as well as all functions one by one, for far fewer
products. The sums are closed under the Laplacian up to ``tr P^2``, which for N <= 3 is a polynomial of ``tr P``.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.loop_algebra import LoopAlgebra, Monomial
from gaugeflow.groups import Group
from gaugeflow.kernels.tapes.staples import STAPLE_FUNCTIONS, record_staples
from gaugeflow.lattice.paths import rectangle, reverse

__all__ = ["StapleBasis"]

LEAST_EXTENT, LARGEST_N = 3, 3
CLOSED = 1e-9
"""Up to which rounding the Laplacians are to be sums of the functions."""


class StapleBasis:
    """The functions :data:`STAPLE_FUNCTIONS` but the last on one torus, and their Laplacians.

    Args:
        group: U(1), SU(2) or SU(3).
        shape: extents, 3 or more, as the staples on the two sides of a link must be different links.

    Attributes:
        size: number of functions that have coefficients.
        laplacian: ``(size, size + 1)`` float64 in all functions.
        recording: how they are computed.

    Raises:
        UserError: a larger N or a smaller extent.
    """

    size = len(STAPLE_FUNCTIONS) - 1

    def __init__(self, group: Group, shape: Sequence[int]) -> None:
        if group.n > LARGEST_N or min(shape) < LEAST_EXTENT:
            raise UserError(
                f"staple functions: expected N <= {LARGEST_N} and extents >= {LEAST_EXTENT}, "
                f"got {group.name} on {tuple(shape)}"
            )
        self.group, self.shape = group, tuple(shape)
        self.recording = record_staples(len(self.shape))
        self.laplacian = _laplacian(group, len(self.shape))

    def weights(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """``sum_k c_k Phi_k`` and its Laplacian as coefficients of all functions, ``(size + 1,)`` each."""
        return torch.nn.functional.pad(c, (0, 1)), c @ self.laplacian.to(c)


Polynomial = dict[Monomial, float]


def _laplacian(group: Group, ndim: int) -> Tensor:
    """The Laplacian of each function, by the algebra of loops, written in the functions again."""
    algebra = LoopAlgebra(group, ndim)
    functions = [_sum((algebra.canonical(m), 1.0) for m in monomials) for monomials in _monomials(ndim)]
    images = [
        _sum((other, count * c) for m, count in function.items() for other, c in algebra.laplacian(m).items())
        for function in functions[: StapleBasis.size]
    ]
    place = {m: k for k, m in enumerate(sorted({m for p in functions + images for m in p}))}
    columns, targets = _matrix(functions, place), _matrix(images, place)
    found = torch.linalg.pinv(columns) @ targets
    assert torch.allclose(columns @ found, targets, atol=CLOSED)
    doubled = torch.tensor(_double_plaquette(group.n, ndim), dtype=torch.float64)
    table = (found[:-1] + torch.outer(doubled, found[-1])).mT
    return torch.where(table.abs() < CLOSED, 0.0, table)


def _monomials(ndim: int) -> list[list[Monomial]]:
    """Those of :data:`STAPLE_FUNCTIONS`, and at last of ``sum Re (1/N) tr P^2``."""
    x = (0,) * ndim
    planes = [rectangle(mu, nu, 1, 1) for mu, nu in combinations(range(ndim), 2)]
    ways = [
        [(s * nu, mu, -s * nu) for nu in range(1, ndim + 1) if nu != mu for s in (1, -1)] for mu in range(1, ndim + 1)
    ]
    staples = [(mu, p, q) for mu, paths in zip(range(1, ndim + 1), ways, strict=True) for p in paths for q in paths]
    loops = [((mu, *reverse(p)), (mu, *reverse(q))) for mu, p, q in staples]
    return [
        [((p, x),) for p in planes],
        [(((*p, *reverse(q)), x),) for _, p, q in staples],
        [(((*one, *other), x),) for one, other in loops],
        [((one, x), (other, x)) for one, other in loops],
        [((one, x), (reverse(other), x)) for one, other in loops],
        [((p, x), (p, x)) for p in planes],
        [((p, x), (reverse(p), x)) for p in planes],
        [()],
        [(((*p, *p), x),) for p in planes],
    ]


def _double_plaquette(n: int, ndim: int) -> list[float]:
    """``sum Re (1/N) tr P^2`` in the functions, by the theorem of Cayley and Hamilton for unit determinant."""
    in_functions = {
        1: {"p^2": 1.0},
        2: {"p^2": 2.0, "1": -ndim * (ndim - 1) / 2},  # tr P^2 = (tr P)^2 - 2
        3: {"p^2": 3.0, "p": -2.0},  # tr P^2 = (tr P)^2 - 2 conj(tr P)
    }[n]
    return [in_functions.get(name, 0.0) for name in STAPLE_FUNCTIONS]


def _sum(terms: Iterable[tuple[Monomial, float]]) -> Polynomial:
    total: Polynomial = defaultdict(float)
    for monomial, coefficient in terms:
        total[monomial] += coefficient
    return total


def _matrix(polynomials: Sequence[Polynomial], place: dict[Monomial, int]) -> Tensor:
    """A column for each polynomial."""
    table = torch.zeros(len(place), len(polynomials), dtype=torch.float64)
    for k, polynomial in enumerate(polynomials):
        for monomial, coefficient in polynomial.items():
            table[place[monomial], k] = coefficient
    return table
