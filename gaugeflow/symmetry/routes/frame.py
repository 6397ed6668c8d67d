"""A weighted frame: a few elements for each input, with weights that make the average over them continuous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Group, InfiniteGroup
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.routes.choices.axes import frames_of_tuples
from gaugeflow.symmetry.routes.choices.best import near_best
from gaugeflow.symmetry.routes.choices.chosen import Chosen
from gaugeflow.symmetry.routes.choices.orbit import Score, scored_orbit
from gaugeflow.symmetry.routes.route import Route

__all__ = ["Frame"]


class Frame(Route):
    """sum over g of w(g, x) D_Y(g) f(D_X(g)^-1 x) with few weights that are not zero: exact, and continuous.

    The weights move with the input, w(h g, h x) = w(g, x), which makes the sum equivariant. An element weighs
    (1 - gap / width)^2 by how far its score is below the best one, and nothing beyond `width`, so that it comes and
    goes with weight zero, and elements that differ by one of the stabiliser weigh the same.

    * Finite groups score the orbit, as `Canonical` does, but that the stabiliser and near ties blend. A wide frame is
      the average over all elements, a narrow one the canonical form.
    * "euclidean" and its subgroups score the frames that every d - 1 points span around the centre, see `axes`.

    Args:
        width: how far below the best score an element still counts; 0.3 of the spread of the scores for a finite
            group, and 0.5 of the squared area that two points span for motions, if None.
        score: as for `Canonical`.

    The other arguments as for `Route`.

    Raises:
        InfiniteGroup: another infinite group, as the gauge group.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        types: Any,
        group: Group | str,
        *,
        out: Any,
        width: float | None = None,
        score: Score | None = None,
        chunk_size: int | None = None,
    ) -> None:
        super().__init__(f, types, group, out=out, chunk_size=chunk_size)
        if width is not None and not width > 0:
            raise ValueError(f"expected a positive width, got {width}")
        self.width, self.score = width, score

    def chosen(self, x: Tree) -> Chosen:
        if isinstance(self.group, Euclidean) and not self.group.listed:
            return frames_of_tuples(self.group, x, self.width or 0.5)
        try:
            element, scores = scored_orbit(self.group, x, self.score)
        except InfiniteGroup as error:
            raise InfiniteGroup(f"{error}; routes.Canonical has forms for gauge groups, motions and orders") from error
        entry, candidate, weight = near_best(scores, self.width or 0.3)
        return Chosen(element.take(candidate), entry, weight)
