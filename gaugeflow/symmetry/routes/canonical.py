"""The canonical form: an input is moved to the one place of its orbit that a fixed rule prefers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.fields import SiteVectors
from gaugeflow.symmetry.actions.gauge import LocalGauge
from gaugeflow.symmetry.actions.groups import Group, InfiniteGroup, Product
from gaugeflow.symmetry.actions.particles import Electrons, Points
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.values import Tree, leaves
from gaugeflow.symmetry.routes.choices.axes import principal_axes
from gaugeflow.symmetry.routes.choices.best import ROUNDINGS, best
from gaugeflow.symmetry.routes.choices.chosen import Chosen, rows_of
from gaugeflow.symmetry.routes.choices.gauge_tree import gauge_of_tree
from gaugeflow.symmetry.routes.choices.orbit import Score, scored_orbit
from gaugeflow.symmetry.routes.choices.ordering import ordered
from gaugeflow.symmetry.routes.route import Route
from gaugeflow.symmetry.routes.values.reading import kinds_of

__all__ = ["Canonical"]


class Canonical(Route):
    """D_Y(h) f(D_X(h)^-1 x), where h = h(x) moves the canonical form of x to x: one evaluation.

    It is exact where such a map h(g x) = g h(x) exists:

    * finite groups: h takes the element of the orbit with the largest score, by default a fixed sum of numbers that no
      gauge transformation changes; ties are averaged, and with them the stabiliser of x;
    * "gauge", "global-gauge": the gauge of a maximal tree, then the eigenframe of its root, see `gauge_tree`;
    * "euclidean" and its subgroups: the centre and the principal axes;
    * "permutations": the order along a direction, on a lattice also with the sign of fermions.

    A product takes them one inside the other: lattice groups around the gauge group, motions around permutations.
    What comes out is not continuous, as no canonical form is where an orbit has ties; `Frame` is.

    Args:
        score: a function of the plain input that gives `(batch,)` numbers of the order of one, for finite groups.
        tolerance: how close two scores are ties, in machine epsilons.

    The other arguments as for `Route`.

    Raises:
        InfiniteGroup: a group without such a map, as the centre of U(1).
        ValueError: electrons in the continuum, whose kinetic energy would be lost where two exchange their places
            in the order; vectors out of links alone; a product that cannot be taken one inside the other.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        types: Any,
        group: Group | str,
        *,
        out: Any,
        score: Score | None = None,
        tolerance: float = ROUNDINGS,
        chunk_size: int | None = None,
    ) -> None:
        super().__init__(f, types, group, out=out, chunk_size=chunk_size)
        self.score, self.tolerance = score, tolerance
        self.stages = _stages(self.group)
        for stage in self.stages:
            if isinstance(stage, Permutations):
                _refuse_electrons(stage, types)
            if isinstance(stage, LocalGauge):
                _refuse_charged(stage, types, out)

    def chosen(self, x: Tree) -> Chosen:
        found = self._stage(self.stages[0], x)
        for stage in self.stages[1:]:
            moved = found.element.inverse()(rows_of(x, found.entry))
            found = found.then(self._stage(stage, moved))
        return found

    def _stage(self, group: Group, x: Tree) -> Chosen:
        if isinstance(group, LocalGauge):
            return gauge_of_tree(group, x)
        if isinstance(group, Euclidean) and not group.listed:
            return principal_axes(group, x, self.tolerance)
        if isinstance(group, Permutations):
            _refuse_continuum(group, x)
            return ordered(group, x, self.tolerance)
        try:
            element, scores = scored_orbit(group, x, self.score)
        except InfiniteGroup as error:
            raise InfiniteGroup(
                f"{error}; {group.label()} has no canonical form, expected Average(samples=)"
            ) from error
        entry, candidate, weight = best(scores, self.tolerance)
        return Chosen(element.take(candidate), entry, weight)


_UNSCORED = (Euclidean, Permutations, LocalGauge)


def _stages(group: Group) -> list[Group]:
    """The parts of a product from the outermost to the innermost; finite ones are scored together."""
    finite = [part for part in group.parts() if getattr(part, "listed", not isinstance(part, _UNSCORED))]
    others = {kind: [p for p in group.parts() if isinstance(p, kind) and p not in finite] for kind in _UNSCORED}
    moves, orders, gauges = others[Euclidean], others[Permutations], others[LocalGauge]
    if max(map(len, others.values())) > 1 or (bool(moves or orders) and bool(finite or gauges)):
        raise ValueError(
            f"expected lattice groups around the gauge group or motions around permutations, got {group.label()}; "
            "one route around another may do it"
        )
    scored = [finite[0] if len(finite) == 1 else Product(*finite)] if finite else []
    return [*scored, *moves, *orders, *gauges]


def _refuse_electrons(group: Permutations, types: Any) -> None:
    if any(issubclass(kind, Electrons) for kind in kinds_of(types)):
        raise ValueError(
            f"{group.label()} of electrons have no canonical form that serves: psi would jump where two electrons "
            "exchange their places in the order, and the kinetic energy of the jump would be lost; expected a "
            "determinant, or routes.Average for a few electrons"
        )


def _refuse_continuum(group: Permutations, x: Tree) -> None:
    """Fermions have places in an order on a lattice only."""
    if group.sign and any(isinstance(leaf, Points) and leaf.data.is_floating_point() for leaf in leaves(x)):
        raise ValueError(
            "expected integer coordinates for the order of fermions, which stand on a lattice; in the continuum psi "
            "would jump where two exchange their places, and the kinetic energy of the jump would be lost"
        )


def _refuse_charged(group: LocalGauge, types: Any, out: Any) -> None:
    vectors = [any(issubclass(kind, SiteVectors) for kind in kinds_of(spec)) for spec in (types, out)]
    if vectors[1] and not vectors[0]:
        raise ValueError(
            "expected site_vectors in the input where they are the output: a constant phase leaves links alone, so "
            f"that zero is the only vector that {group.label()} allows"
        )
