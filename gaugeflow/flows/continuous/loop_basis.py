"""The potentials of a trivializing flow: lattice-symmetric sums of products of Wilson loops.

The flow of ``exp(-t S)`` obeys ``S - <S> = -Lap phi + t grad S . grad phi`` (arXiv:0907.5491, eq. (3.4)). Expanded in
t, its solution at order n is made of what n applications of ``grad S . grad`` and ``Lap^-1`` make of the loops of S:
order 0 are these loops, order 1 adds for the plaquette the rectangle, the bent and the twisted loops of six and eight
links, the plaquette wound twice, and products of neighbouring plaquettes. These sets are closed under the Laplacian.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.loop_algebra import LoopAlgebra, Monomial, images
from gaugeflow.groups import Group
from gaugeflow.kernels import Path
from gaugeflow.kernels.tapes.loops import Monomials, record_loops
from gaugeflow.lattice.paths import Loops, is_closed, parse_path, path_name, reverse

__all__ = ["LoopBasis", "function_name", "luescher_functions", "parse_function"]


def luescher_functions(
    group: Group, ndim: int, loops: Loops, order: int, max_traces: int | None = None
) -> list[Monomial]:
    """One monomial for each lattice-symmetric function of Luescher's expansion up to an order, shortest first.

    Args:
        group: U(1) or SU(N).
        ndim: dimension D.
        loops: those of the action.
        order: 0, 1, 2, ...
        max_traces: leave out products of more traces than this; for U(1) and SU(2) products of two that touch are
            sums of single ones.

    Raises:
        UserError: a negative order.
    """
    if order < 0:
        raise UserError(f"loop basis: expected an order >= 0, got {order}")
    algebra = LoopAlgebra(group, ndim)
    origin = (0,) * ndim
    partners = sorted({walk for path, _ in loops for walk in (path, reverse(path))})
    known: set[Monomial] = set()
    latest = _representatives(algebra, [((path, origin),) for path, _ in loops])
    for level in range(order + 1):
        latest -= known
        known |= latest
        if level < order:
            latest = _representatives(algebra, _successors(algebra, latest, partners))
    kept = [m for m in known if max_traces is None or len(m) <= max_traces]
    return sorted(kept, key=lambda m: (sum(len(path) for path, _ in m), len(m), m))


def parse_function(text: str, ndim: int) -> Monomial:
    """A product of loops such as ``"+x+y-x-y * +x+y-x-y @ 1 0"``: paths, each after ``@`` with where it starts.

    Raises:
        UserError: a path that is not closed or not written so, or a place without one whole number for each axis.
    """
    loops = []
    for factor in text.split("*"):
        path_text, _, place_text = factor.partition("@")
        path = parse_path(path_text.strip(), ndim)
        places = place_text.split() or ["0"] * ndim
        if not is_closed(path) or len(places) != ndim or not all(p.lstrip("-").isdecimal() for p in places):
            raise UserError(f"function {text!r}: expected closed paths, each with {ndim} whole numbers after an @")
        loops.append((path, tuple(map(int, places))))
    return tuple(loops)


def function_name(monomial: Monomial) -> str:
    """The text that :func:`parse_function` reads."""
    return " * ".join(
        path_name(path, len(place)).replace(" ", "") + (f" @ {' '.join(map(str, place))}" if any(place) else "")
        for path, place in monomial
    )


def _successors(algebra: LoopAlgebra, monomials: Iterable[Monomial], partners: Sequence[Path]) -> Iterable[Monomial]:
    for monomial in monomials:
        yield from algebra.laplacian(monomial)
        for path in partners:
            for loop in algebra.meetings(monomial, path):
                yield from algebra.contractions(monomial, (loop,))


def _representatives(algebra: LoopAlgebra, monomials: Iterable[Monomial]) -> set[Monomial]:
    """One of each set of lattice images; the constant is left out."""
    return {images(monomial, algebra)[0] for monomial in set(monomials) if monomial}


class LoopBasis:
    """Functions on one torus and their Laplacians.

    ``Phi_k = (1/N) sum over sites and lattice images`` of a monomial; coefficients in this basis do not depend on the
    extents, as long as the torus is larger than the loops.

    Args:
        group: U(1) or SU(N).
        shape: extents.
        monomials: one for each function, from :func:`luescher_functions` or one's own.

    Attributes:
        size: number of functions Phi_k.
        functions: these functions, then those that only their Laplacians need.
        recording: how all of these are computed.
        laplacian: ``(size, len(functions))`` float64, ``Lap Phi_k = sum_j laplacian[k, j] M_j``.
    """

    def __init__(self, group: Group, shape: Sequence[int], monomials: Sequence[Monomial]) -> None:
        self.group, self.shape, self.size = group, tuple(shape), len(monomials)
        infinite = LoopAlgebra(group, len(self.shape))
        torus = LoopAlgebra(group, len(self.shape), self.shape)
        orbits = [[torus.canonical(image) for image in images(monomial, infinite)] for monomial in monomials]
        laplacians = [_summed(torus.laplacian(image) for image in orbit) for orbit in orbits]
        table = _Functions(torus, orbits)
        rows = [table.expand(polynomial) for polynomial in laplacians]
        self.functions: Monomials = tuple(table.functions)
        self.recording = record_loops(self.functions, self.shape)
        self.laplacian = torch.zeros(self.size, len(self.functions), dtype=torch.float64)
        for k, row in enumerate(rows):
            for j, coefficient in row.items():
                self.laplacian[k, j] = coefficient

    def weights(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """``sum_k c_k Phi_k`` and its Laplacian as coefficients of all functions, ``(len(functions),)`` each."""
        return torch.nn.functional.pad(c, (0, len(self.functions) - self.size)), c @ self.laplacian.to(c)


class _Functions:
    """Finds for a polynomial the functions of which it is made, and adds those that are missing."""

    def __init__(self, torus: LoopAlgebra, orbits: Sequence[Sequence[Monomial]]) -> None:
        self.torus = torus
        self.functions: list[tuple[Monomial, ...]] = []
        self.place: dict[tuple[Monomial, ...], int] = {}
        self.orbit_of: dict[Monomial, int] = {}
        for orbit in orbits:
            index = self._add(tuple(orbit))
            if len(set(orbit)) == len(orbit):
                self.orbit_of |= dict.fromkeys(orbit, index)

    def _add(self, function: tuple[Monomial, ...]) -> int:
        self.functions.append(function)
        return self.place.setdefault(function, len(self.functions) - 1)

    def expand(self, polynomial: dict[Monomial, float]) -> dict[int, float]:
        """Coefficients by function: whole sets of images where they stand together, else monomials one by one."""
        row: dict[int, float] = defaultdict(float)
        rest = dict(polynomial)
        while rest:
            monomial, coefficient = next(iter(rest.items()))
            whole = self._images(monomial)
            together = all(abs(rest.get(image, 0.0) - coefficient) < 1e-12 for image in whole)
            index = self._index(whole if together else (monomial,))
            row[index] += coefficient
            for image in whole if together else (monomial,):
                del rest[image]
        return row

    def _images(self, monomial: Monomial) -> tuple[Monomial, ...]:
        if monomial in self.orbit_of:
            return self.functions[self.orbit_of[monomial]]
        return images(monomial, self.torus)

    def _index(self, function: tuple[Monomial, ...]) -> int:
        return self.place[function] if function in self.place else self._add(function)


def _summed(polynomials: Iterable[dict[Monomial, float]]) -> dict[Monomial, float]:
    total: dict[Monomial, float] = defaultdict(float)
    for polynomial in polynomials:
        for monomial, coefficient in polynomial.items():
            total[monomial] += coefficient
    return {m: c for m, c in total.items() if abs(c) > 1e-12}
