"""The average over a group: exact for a finite one, by samples with their error for any compact one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Element, Group, InfiniteGroup
from gaugeflow.symmetry.actions.particles import species_of
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors, raw_of
from gaugeflow.symmetry.routes.choices.chosen import Chosen, every_pair
from gaugeflow.symmetry.routes.choices.one_dimensional import Character, character_of
from gaugeflow.symmetry.routes.route import Route
from gaugeflow.symmetry.routes.values.reading import precision_of, written_like
from gaugeflow.symmetry.routes.values.spread import spread
from gaugeflow.symmetry.routes.values.sums import summed

__all__ = ["Average"]


class Average(Route):
    """mean over g of chi(g) D_Y(g) f(D_X(g)^-1 x): the projection of any function on the equivariant ones.

    All elements of a finite group make it exact, at ``|G|`` evaluations. With `samples` it takes that many random
    elements of any compact group, the same at every call and for every entry: the symmetry then holds up to the
    standard error that `with_error` gives, and the harness calls it broken.

    Angles are averaged on the circle, signed logs in the log domain with their signs, all else by its components: the
    mean of links is a matrix, not a link.

    Args:
        character: a one-dimensional irreducible part to project on, trivial if None: "parity", "charge", "z2", a
            product "parity * charge", or a function of the elements that gives `(n,)` numbers of modulus one. The
            output then transforms as chi(g) D_Y(g).
        samples: the number of random elements; all elements if None.
        seed: of the random elements.

    The other arguments as for `Route`.

    Raises:
        InfiniteGroup: all elements of an infinite group are asked for.
        ValueError: a character that the group does not have; translations of points, over which there is no uniform
            distribution.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        types: Any,
        group: Group | str,
        *,
        out: Any,
        character: Character | None = None,
        samples: int | None = None,
        seed: int = 0,
        chunk_size: int | None = None,
    ) -> None:
        super().__init__(f, types, group, out=out, chunk_size=chunk_size)
        if samples is not None and not (isinstance(samples, int) and samples >= 2):
            raise ValueError(f"expected 2 samples or more, got {samples}")
        for part in self.group.parts():
            if isinstance(part, Euclidean) and part.translations and not part.listed:
                raise ValueError(
                    f"{part.label()} has no average: its translations have no uniform distribution; expected "
                    "routes.Frame or routes.Canonical, or Euclidean(translations=False)"
                )
        self.character, self.samples, self.seed = character, samples, seed

    def chosen(self, x: Tree) -> Chosen:
        like = torch.empty(0, dtype=precision_of(x), device=device_of(x))
        element = self._elements(map_tensors(lambda t: t[:1], x)) if self.samples is None else self._drawn(x)
        chi = character_of(element, self.character, like, whole=self.samples is None)
        return every_pair(element, batch_size(x), chi / len(element))

    def _elements(self, x: Tree) -> Element:
        try:
            return self.group.elements(x)
        except InfiniteGroup as error:
            raise InfiniteGroup(f"{error}; expected samples=, or routes.Canonical where it exists") from error

    def _drawn(self, x: Tree) -> Element:
        assert self.samples is not None
        if any(isinstance(part, Permutations) and part.within_species for part in self.group.parts()):
            species = species_of(x)
            if bool((species != species[:1]).any()):
                raise ValueError("expected the same spins in all entries of an average within species, got different")
        one = map_tensors(lambda t: t[:1], x)
        return self.group.element(one, self.samples, torch.Generator().manual_seed(self.seed))

    def with_error(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The output, and its standard error over the samples in the same shape `(batch, ...)`.

        Of a signed log: zero in the place of the sign, and the relative error of the number in the place of the log.
        A `ValueError` where all elements are taken, which leaves no error.
        """
        if self.samples is None:
            raise ValueError("expected an average with samples=: one over all elements has no error")
        x = self._read(args, kwargs)
        chosen = self._cast(self.chosen(x), x)
        raw, y = self._evaluated(x, chosen)
        mean = summed(y, chosen.entry, chosen.weight, batch_size(x))
        error = spread(y, mean, chosen.entry, chosen.weight * self.samples, self.samples**0.5)
        return written_like(raw, mean), raw_of(error)
