"""Many Wilson loops with few products: shared pieces of paths are found once and multiplied once.

A loop is a cyclic word of links. The pair of neighbouring letters that occurs most often in all words, at any place of
the lattice and in either direction, becomes a letter of its own, a field of products; this is repeated until every
loop has two letters left, whose product needs no more than its trace. (The pair replacement of Larsson and Moffat,
Proc. IEEE 88 (2000) 1722, on loops.) The list of products is a *tape*: played forwards it gives the traces, backwards
their gradient.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gaugeflow.kernels.tables import Path, visited_links

__all__ = ["LoopTape", "Product", "Trace", "record_tape"]

Site = tuple[int, ...]


class Letter(NamedTuple):
    """A field of matrices (a link axis or a product) at a place relative to where the loop starts."""

    field: int
    adjoint: bool
    place: Site


class Product(NamedTuple):
    """``C(x) = A(x) B(x + shift)`` with either factor adjoint, not both."""

    a: int
    a_adjoint: bool
    b: int
    b_adjoint: bool
    shift: Site


class Trace(NamedTuple):
    """``t(x) = (1/N) tr A(x) B(x + shift)``, B perhaps adjoint.

    The loop that starts at x is ``t(x + place)``, or its conjugate.
    """

    a: int
    b: int
    b_adjoint: bool
    shift: Site
    place: Site
    conjugate: bool


class LoopTape(NamedTuple):
    """Fields 0 ... D-1 are the links, field D + k is product k; one trace for each loop."""

    ndim: int
    products: tuple[Product, ...]
    traces: tuple[Trace, ...]

    def shifts(self) -> list[Site]:
        return [product.shift for product in self.products] + [trace.shift for trace in self.traces]


def record_tape(loops: Sequence[Path], ndim: int) -> LoopTape:
    """The tape of closed paths of two links or more."""
    words = [
        [Letter(axis, backward, place) for axis, backward, place in visited_links(loop, [0] * ndim)] for loop in loops
    ]
    products: list[Product] = []
    while any(len(word) > 2 for word in words):
        counts = Counter(pair for word in words if len(word) > 2 for pair in _pairs(word))
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = [_replaced(word, best, ndim + len(products)) for word in words]
        products.append(best)
    return LoopTape(ndim, tuple(products), tuple(_trace(*word) for word in words))


def _difference(one: Site, other: Site) -> Site:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _adjoint(letter: Letter) -> Letter:
    return letter._replace(adjoint=not letter.adjoint)


def _forms(one: Letter, two: Letter) -> Iterator[tuple[Product, Letter, bool]]:
    """The product of two letters, its first letter, and whether it is the adjoint of ``one two``: one or two ways."""
    for first, second, turned in ((one, two, False), (_adjoint(two), _adjoint(one), True)):
        if not (first.adjoint and second.adjoint):
            shift = _difference(second.place, first.place)
            yield Product(first.field, first.adjoint, second.field, second.adjoint, shift), first, turned


def _pairs(word: Sequence[Letter]) -> Iterator[Product]:
    for k, letter in enumerate(word):
        yield min(_forms(letter, word[(k + 1) % len(word)]))[0]


def _merged(one: Letter, two: Letter, pair: Product, field: int) -> Letter | None:
    """The letter that stands for ``one two`` where these are the pair or its adjoint."""
    for product, first, turned in _forms(one, two):
        if product == pair:
            return Letter(field, turned, first.place)
    return None


def _replaced(word: Sequence[Letter], pair: Product, field: int) -> list[Letter]:
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


def _trace(one: Letter, two: Letter) -> Trace:
    """``tr A B`` in a form where A is not adjoint: turned round, or its conjugate."""
    conjugate = one.adjoint and two.adjoint
    if one.adjoint:
        one, two = two, one
    if conjugate:
        one, two = _adjoint(one), _adjoint(two)
    return Trace(one.field, two.field, two.adjoint, _difference(two.place, one.place), one.place, conjugate)
