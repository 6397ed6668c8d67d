"""Many Wilson loops with few products: shared pieces of paths are found once and multiplied once.

A loop is a cyclic word of links. The pair of neighbouring letters that occurs most often in all words, at any place of
the lattice and in either direction, becomes a letter of its own, a field of products; this is repeated until every
loop has two letters left, whose product needs no more than its trace. (The pair replacement of Larsson and Moffat,
Proc. IEEE 88 (2000) 1722, on loops.) The list of products is a *tape*: played forwards it gives the traces, backwards
their gradient. Several products may add up in one field: a trace is then that of a sum of paths.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gaugeflow.errors import UserError
from gaugeflow.kernels.tables import Path, check_loops, visited_links

__all__ = ["Factor", "LoopTape", "Product", "Recording", "Trace", "record_loops", "record_tape"]

Site = tuple[int, ...]
Monomials = tuple[tuple[tuple[tuple[Path, Site], ...], ...], ...]
"""For each function its products of loops, a loop being a closed path and the place where it starts."""


class Letter(NamedTuple):
    """A field of matrices (a link axis or a product) at a place relative to where the loop starts."""

    field: int
    adjoint: bool
    place: Site


class Pair(NamedTuple):
    """``A(x) B(x + shift)`` with either factor adjoint, not both."""

    a: int
    a_adjoint: bool
    b: int
    b_adjoint: bool
    shift: Site


class Product(NamedTuple):
    """``field(x) += A(x + a_place) B(x + b_place)`` with either factor adjoint, not both.

    Those of one field follow each other, behind those of their factors.
    """

    a: int
    a_adjoint: bool
    a_place: Site
    b: int
    b_adjoint: bool
    b_place: Site
    field: int


class Trace(NamedTuple):
    """``t(x) = (1/N) tr A(x) B(x + shift)``, B perhaps adjoint."""

    a: int
    b: int
    b_adjoint: bool
    shift: Site


class LoopTape(NamedTuple):
    """Fields 0 ... D-1 are the links, those behind them the sums of products."""

    ndim: int
    products: tuple[Product, ...]
    traces: tuple[Trace, ...]

    @property
    def fields(self) -> int:
        """How many, links included."""
        return max((product.field for product in self.products), default=self.ndim - 1) + 1


Factor = tuple[int, bool, Site]
"""The number of a trace, whether its conjugate is meant, and where it lies as seen from where the term stands."""


class Recording(NamedTuple):
    """A tape, and for each function its terms: real parts of products of traces, summed over all sites."""

    tape: LoopTape
    functions: tuple[tuple[tuple[Factor, ...], ...], ...]


def record_loops(functions: Monomials, shape: Sequence[int]) -> Recording:
    """The tape of all loops in products of loops.

    Raises:
        UserError: a path that does not close on the lattice of this shape, or that has a single link.
    """
    loops = sorted({path for k in functions for monomial in k for path, _ in monomial})
    check_loops(loops, shape)
    if not loops or min(map(len, loops)) < 2:
        raise UserError(f"loop polynomials: expected loops of two links or more on the lattice {tuple(shape)}")
    tape, starts = record_tape(loops, len(shape))
    index = {path: k for k, path in enumerate(loops)}

    def factor(path: Path, start: Site) -> Factor:
        place, conjugate = starts[index[path]]
        return index[path], conjugate, tuple(a + b for a, b in zip(start, place, strict=True))

    return Recording(tape, tuple(tuple(tuple(factor(*loop) for loop in m) for m in k) for k in functions))


def record_tape(loops: Sequence[Path], ndim: int) -> tuple[LoopTape, list[tuple[Site, bool]]]:
    """The tape of closed paths of two links or more, one trace for each.

    The loop that starts at x is the trace at ``x + place``, or its conjugate: these two are given for each loop.
    """
    words = [
        [Letter(axis, backward, place) for axis, backward, place in visited_links(loop, [0] * ndim)] for loop in loops
    ]
    pairs: list[Pair] = []
    while any(len(word) > 2 for word in words):
        counts = Counter(pair for word in words if len(word) > 2 for pair in _pairs(word))
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = [_replaced(word, best, ndim + len(pairs)) for word in words]
        pairs.append(best)
    here = (0,) * ndim
    products = [Product(p.a, p.a_adjoint, here, *p[2:], ndim + k) for k, p in enumerate(pairs)]
    traces, starts = zip(*(_trace(*word) for word in words), strict=True)
    return LoopTape(ndim, tuple(products), traces), list(starts)


def _difference(one: Site, other: Site) -> Site:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _adjoint(letter: Letter) -> Letter:
    return letter._replace(adjoint=not letter.adjoint)


def _forms(one: Letter, two: Letter) -> Iterator[tuple[Pair, Letter, bool]]:
    """The product of two letters, its first letter, and whether it is the adjoint of ``one two``: one or two ways."""
    for first, second, turned in ((one, two, False), (_adjoint(two), _adjoint(one), True)):
        if not (first.adjoint and second.adjoint):
            shift = _difference(second.place, first.place)
            yield Pair(first.field, first.adjoint, second.field, second.adjoint, shift), first, turned


def _pairs(word: Sequence[Letter]) -> Iterator[Pair]:
    for k, letter in enumerate(word):
        yield min(_forms(letter, word[(k + 1) % len(word)]))[0]


def _merged(one: Letter, two: Letter, pair: Pair, field: int) -> Letter | None:
    """The letter that stands for ``one two`` where these are the pair or its adjoint."""
    for product, first, turned in _forms(one, two):
        if product == pair:
            return Letter(field, turned, first.place)
    return None


def _replaced(word: Sequence[Letter], pair: Pair, field: int) -> list[Letter]:
    """The word with the pair written as one letter, from the left and at last round the end, two letters kept."""
    found: list[Letter] = []
    k = 0
    while k < len(word):
        spare = len(found) + len(word) - k > 2
        merged = _merged(word[k], word[k + 1], pair, field) if spare and k + 1 < len(word) else None
        found.append(merged or word[k])
        k += 2 if merged else 1
    if len(found) > 2:
        merged = _merged(found[-1], found[0], pair, field)
        found = [*found[1:-1], merged] if merged else found
    return found


def _trace(one: Letter, two: Letter) -> tuple[Trace, tuple[Site, bool]]:
    """``tr A B`` in a form where A is not adjoint: turned round, or its conjugate."""
    conjugate = one.adjoint and two.adjoint
    if one.adjoint:
        one, two = two, one
    if conjugate:
        one, two = _adjoint(one), _adjoint(two)
    trace = Trace(one.field, two.field, two.adjoint, _difference(two.place, one.place))
    return trace, (one.place, conjugate)
