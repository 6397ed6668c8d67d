"""Refinement with unequal parts: single plaquettes are cut off the torus until a few are left, then these are halved.

With A - 1 plaquettes left and `w_{A-1}` flat, the law ``w_1(L) w_{A-1}(L^dagger M) / w_A(M)`` of a plaquette L is that
of the infinite plane, ``w_1(L)``, whatever the rest. Only where the last plaquettes close the torus the laws know of
each other, and these are few whatever the volume: so is what their errors cost.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import zero_log_det
from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.flows.refinement.torus import TorusFlow

__all__ = ["PeelingFlow"]


class PeelingFlow(TorusFlow):
    """Plaquettes are cut off one after the other, with any L1 >= 1 and any L2 from K on.

    Column after column, the links along axis 1 that close the plaquettes of the column before are moved. In the last
    column all of these are known, and the links along axis 0 are moved, one after the other, until the strip of the
    last K = 2 A_max plaquettes is left, A_max the largest of `areas`; that is halved down to plaquettes.

    Raises:
        UserError: not two dimensions, or L2 below K.
    """

    def _cut(self, areas: Sequence[int], law: Callable[..., SplitFlow]) -> None:
        self.strip = 2 * max(areas, default=0) or 1
        if len(self.shape) != 2 or self.shape[1] < self.strip:
            raise UserError(f"refinement: expected two extents, the second at least {self.strip}, got {self.shape}")
        self.single = law(1, centred=True)
        super()._cut(areas, law)

    def laws(self) -> list[tuple[int, SplitFlow]]:
        return [*super().laws(), (1, self.single)]

    def _swept(self, field: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        columns, rungs = list(field[:, 1].unbind(1)), list(field[:, 0, -1].unbind(1))
        known_columns, known_rungs = list(columns), list(rungs)
        log_det = zero_log_det(field)
        for x in range(self.shape[0] - 1):
            across = field[:, 0, x]
            moved, change = self._column(known_columns[x], across, columns[x + 1], inverse)
            log_det = log_det + change
            columns[x + 1] = moved
            if not inverse:
                known_columns[x + 1] = moved
        left, right = known_columns[-1].unbind(1), known_columns[0].unbind(1)
        for split, begin, middle, end in self._cuts():
            moved, change = self._rung(split, left, right, known_rungs, (begin, middle, end), inverse)
            log_det = log_det + change
            rungs[middle] = moved
            if not inverse:
                known_rungs[middle] = moved
        last = torch.stack(rungs, 1)[:, None]
        first_axis = torch.cat((field[:, 0, :-1], last), 1)
        return torch.stack((first_axis, torch.stack(columns, 1)), 1), log_det

    def _cuts(self) -> Iterator[tuple[SplitFlow, int, int, int]]:
        """(law, begin, middle, end) of every rung of the last column: the part from `begin` to `middle` is cut off."""
        length = self.shape[1]
        for y in range(length - self.strip):
            yield self.single, y, y + 1, length
        size = self.strip
        while size > 1:
            for begin in range(length - self.strip, length, size):
                yield self.splits[str(size // 2)], begin, begin + size // 2, begin + size  # type: ignore[misc]
            size //= 2

    def _column(self, left: Tensor, across: Tensor, right: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """The links `right`, ``(batch, L2, ...)``, that close the plaquettes of a column."""
        mul, dagger = self.group.mul, self.group.dagger
        back = mul(left, across.roll(-1, 1))
        loops = mul(mul(across, right), dagger(back))
        moved, log_det = self._moved(self.single, loops, self._line_around(left), inverse)
        return mul(dagger(across), mul(moved, back)), log_det

    def _rung(
        self,
        split: SplitFlow,
        left: Sequence[Tensor],
        right: Sequence[Tensor],
        rungs: Sequence[Tensor],
        cut: tuple[int, int, int],
        inverse: bool,
    ) -> tuple[Tensor, Tensor]:
        """The rung in the `middle` of the strip from `begin` to `end`."""
        mul, dagger = self.group.mul, self.group.dagger
        begin, middle, end = cut
        near_left, near_right = self._product(left[begin:middle]), self._product(right[begin:middle])
        whole_left = mul(near_left, self._product(left[middle:end]))
        whole_right = mul(near_right, self._product(right[middle:end]))
        start = mul(rungs[begin], near_right)
        loop = mul(start, dagger(mul(near_left, rungs[middle])))
        m = mul(mul(rungs[begin], whole_right), dagger(mul(whole_left, rungs[end % self.shape[1]])))
        moved, log_det = self._moved(split, loop, m, inverse)
        return mul(dagger(near_left), mul(dagger(moved), start)), log_det

    def _product(self, links: Sequence[Tensor]) -> Tensor:
        product = links[0]
        for link in links[1:]:
            product = self.group.mul(product, link)
        return product

    def _line_around(self, column: Tensor) -> Tensor:
        """The loop along axis 1 round the torus from every site: ``(batch, L2, ...)``."""
        lines = [self._product(column.unbind(1))]
        for link in column.unbind(1)[:-1]:
            lines.append(self.group.mul(self.group.dagger(link), self.group.mul(lines[-1], link)))
        return torch.stack(lines, 1)
