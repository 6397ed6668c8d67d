"""Independent exact configurations of two-dimensional gauge theory on a torus."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, group_of
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.lattice.paths import lattice_images, rectangle
from gaugeflow.lattice.refinement.cells import cell_loops, refine, refinement_axes
from gaugeflow.lattice.refinement.weight import AreaWeight
from gaugeflow.montecarlo.exact.class_law import reject
from gaugeflow.montecarlo.exact.split import ClassWeight, RejectionSplit, SplitLaw
from gaugeflow.montecarlo.sampler import Sampler, check_start
from gaugeflow.random import draw_key, stream

__all__ = ["ExactSampler", "draw_torus", "plaquette_coupling"]


def plaquette_coupling(action: LoopAction) -> float:
    """beta of Wilson's action in two dimensions.

    Raises:
        UserError: the action is another one, for which the character expansion does not hold, or beta < 0.
    """
    plaquettes = lattice_images(rectangle(0, 1, 1, 1), 2)
    loops = action.loops if is_loop_sum(action) and action.ndim == 2 and not action.profile else ()
    if not loops or any(path not in plaquettes for path, _ in loops):
        raise UserError(f"exact: expected Wilson's action in two dimensions, got {action!r}")
    beta = sum(coefficient for _, coefficient in loops)
    if beta < 0:
        raise UserError(f"exact: expected beta >= 0, got {beta}")
    return beta


class ExactSampler(Sampler):
    """Every update is a new configuration, independent of the one before: no chain, no autocorrelation.

    It begins with the two loops X, Y of the torus, drawn with weight ``w_V(X Y X^dagger Y^dagger)``, and cuts all cells
    in two until they are plaquettes (`gaugeflow.lattice.refinement`), with links split at random and new paths drawn
    from their exact law (`split`). All draws are by rejection from closed forms; the weights w_A are
    right to about 1e-15 of their peak, and nothing else is approximated.

    Args:
        action: Wilson's action in two dimensions, U(1), SU(2) or SU(3).

    Raises:
        UserError: another action; on update another group, or extents that are not powers of two.
    """

    def __init__(self, action: LoopAction) -> None:
        self.action, self.beta = action, plaquette_coupling(action)
        self.warmup = True  # nothing to tune
        self._laws: dict[tuple[str, int], SplitLaw] = {}

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """As many new configurations as `field` holds, of its shape and dtype; no diagnostics.

        Raises:
            UserError: links that are not in the group, a lattice that is not served, or a generator elsewhere.
        """
        check_start(self.action.space, field, generator)
        if field.device.type != "cpu":  # the laws are tables of the CPU
            generator = stream("exact", draw_key(generator))
        group, shape = group_of(field), lattice_shape(field)
        whole = AreaWeight(group, self.beta, prod(shape))
        links = draw_torus(group, shape, len(field), whole, partial(self._law, group), generator)
        return links.to(field), {}

    def _law(self, group: Group, area: int) -> SplitLaw:
        key = (group.name, area)
        if key not in self._laws:
            self._laws[key] = SplitLaw(group, self.beta, area)
        return self._laws[key]


def draw_torus(
    group: Group,
    shape: Sequence[int],
    count: int,
    whole: ClassWeight,
    law: Callable[[int], RejectionSplit | SplitLaw],
    generator: torch.Generator,
) -> Tensor:
    """Independent links of a torus whose plaquettes have a class function as weight, ``(count, 2, *shape, ...)``.

    Args:
        group: U(1), SU(2) or SU(3).
        shape: powers of two.
        count: how many.
        whole: the weight of a loop round all plaquettes.
        law: of the new path through a cell, by the plaquettes of one half.
        generator: on the CPU.

    Raises:
        UserError: extents that are not powers of two.
    """
    axes, area = refinement_axes(shape), prod(shape)
    links = _torus_loops(group, whole, count, generator)
    for axis in axes:
        area //= 2
        loops = cell_loops(group, links, axis)
        sites = loops.shape[: loops.ndim - len(group.element_shape)]
        new = law(area).draw(loops.reshape(-1, *group.element_shape), generator).view(loops.shape)
        links = refine(group, links, axis, group.haar(sites, generator), new)
    return group.project(links)


def _torus_loops(group: Group, weight: ClassWeight, count: int, generator: torch.Generator) -> Tensor:
    """X and Y as the links of the lattice of one site, ``(count, 2, 1, 1, ...)``."""

    def attempt(pending: Tensor) -> tuple[Tensor, Tensor]:
        loops = group.haar((len(pending), 2, 1, 1), generator)
        chance = weight(cell_loops(group, loops, 0)[:, 0, 0]) / weight.peak
        return loops, torch.rand(len(pending), generator=generator, dtype=torch.float64) < chance

    return reject(count, attempt)
