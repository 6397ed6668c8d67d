"""Actions that are sums of Wilson loops: Wilson's, the rectangle-improved ones, and any other."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Self, TypeGuard

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import LoopKernels, Path, Profile, get_kernels, is_traced
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import lattice_shape, volume
from gaugeflow.lattice.loops import factors_of, mean_loop_traces
from gaugeflow.lattice.paths import Loops, is_closed, lattice_images, parse_path, rectangle, staple_paths
from gaugeflow.lattice.spaces import LINKS

__all__ = ["DBW2", "IWASAKI", "SYMANZIK", "LoopAction", "RectangleAction", "WilsonAction", "is_loop_sum"]

SYMANZIK = -1 / 12
"""Tree-level Symanzik improvement, Luescher and Weisz, Commun. Math. Phys. 97 (1985) 59."""
IWASAKI = -0.331
"""Iwasaki, arXiv:1111.7054 (1983)."""
DBW2 = -1.4088
"""Doubly blocked Wilson in two couplings, hep-lat/9911033."""


class LoopAction(Action):
    """``S = sum_x sum_l c_l (1 - (1/N) Re tr W_l(x))`` of links ``(batch, D, *shape, ...)``, for U(1) and SU(N).

    With a profile (:meth:`weighted`) each term has a factor of its own at each site.

    The force is that of its staples, ``dS/dw_a = (1/N) Im tr(T_a U A)``; action, force, heat bath and overrelaxation
    all follow from the list of loops.

    Args:
        ndim: dimension D of the lattice.
        loops: pairs of a closed path and its coefficient. Each path counts once per site as it stands; for all its
            images under lattice rotations and reflections use :meth:`of_orbits`.

    Raises:
        UserError: a path is not closed, or does not fit the dimension.
    """

    space = LINKS
    profile: Profile | None = None

    def __init__(self, ndim: int, loops: Sequence[tuple[str | Sequence[int], float]]) -> None:
        if ndim < 2:
            raise UserError(f"a gauge action needs at least 2 dimensions, got {ndim}")
        if any(isinstance(pair, str) or len(pair) != 2 for pair in loops):
            raise UserError(f"loops: expected pairs of a path and its coefficient, got {list(loops)}")
        parsed = [(parse_path(path, ndim), float(coefficient)) for path, coefficient in loops]
        if not all(math.isfinite(coefficient) for _, coefficient in parsed):
            raise UserError(f"loops: expected finite coefficients, got {[c for _, c in parsed]}")
        open_paths = [path for path, _ in parsed if not is_closed(path)]
        if open_paths or not parsed:
            raise UserError(f"loops: expected at least one path and closed ones, got {open_paths or 'none'}")
        self.ndim = ndim
        self.loops: Loops = tuple(parsed)
        self.staples = staple_paths(self.loops, ndim)

    @classmethod
    def of_orbits(cls, ndim: int, loops: Mapping[str | Path, float]) -> "LoopAction":
        """The action in which every lattice image of each given loop has the coefficient of that loop."""
        expanded = [(image, coefficient) for path, coefficient in loops.items() for image in lattice_images(path, ndim)]
        return LoopAction(ndim, expanded)

    def weighted(self, profile: Profile | None) -> Self:
        """The same action with factors of its loops by where they lie, or with none."""
        action = copy(self)
        action.profile = profile
        return action

    def scaled(self, factor: float) -> "LoopAction":
        """``factor S``."""
        return LoopAction(self.ndim, [(path, factor * c) for path, c in self.loops]).weighted(self.profile)

    def kernels(self, links: Tensor, backend: str = "auto") -> LoopKernels:
        """The hot loops for fields like ``links``."""
        self._check(links)
        return get_kernels(links, self.staples, backend=backend, profile=self.profile)

    def __call__(self, field: Tensor) -> Tensor:
        """The action in double precision, ``(batch,)``; differentiable."""
        self._check(field)
        coefficients = torch.tensor([c for _, c in self.loops], dtype=torch.float64, device=field.device)
        paths = [path for path, _ in self.loops]
        if is_traced(field):
            means = mean_loop_traces(field, paths, profile=self.profile).real
        else:  # kernels of the staples hold all that the loops reach
            kernels = self.kernels(field)
            means = kernels.loop_traces(kernels.pack(field), paths, self.profile).real
        ones: Tensor | int = 1
        if self.profile:
            ones = factors_of(self.profile, lattice_shape(field), paths).flatten(1).mean(1).to(field.device)
        return volume(field) * ((ones - means) @ coefficients)

    def force(self, field: Tensor) -> Tensor:
        kernels = self.kernels(field, "torch" if is_traced(field) else "auto")
        return kernels.unpack_momenta(kernels.force(kernels.pack(field)))

    def _check(self, links: Tensor) -> None:
        if len(lattice_shape(links)) != self.ndim:
            raise UserError(f"action: expected links in {self.ndim} dimensions, got a lattice {lattice_shape(links)}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ndim={self.ndim}, {len(self.loops)} loops)"


class RectangleAction(LoopAction):
    """``beta sum_x [c0 sum (1 - Re tr P / N) + c1 sum (1 - Re tr R_{1x2} / N)]`` with ``c0 = 1 - 8 c1``.

    Args:
        ndim: dimension D; the plaquettes and, in both orientations, the rectangles of all planes take part.
        beta: inverse coupling.
        c1: ``SYMANZIK``, ``IWASAKI``, ``DBW2`` or any other number; 0 leaves out the rectangles.
    """

    def __init__(self, ndim: int, beta: float, c1: float) -> None:
        if ndim < 2:
            raise UserError(f"a gauge action needs at least 2 dimensions, got {ndim}")
        self.beta, self.c1 = float(beta), float(c1)
        loops = [(path, self.beta * (1 - 8 * self.c1)) for path in lattice_images(rectangle(0, 1, 1, 1), ndim)]
        if self.c1:
            loops += [(path, self.beta * self.c1) for path in lattice_images(rectangle(0, 1, 1, 2), ndim)]
        super().__init__(ndim, loops)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ndim={self.ndim}, beta={self.beta}, c1={self.c1})"


class WilsonAction(RectangleAction):
    """``beta sum_{x, mu < nu} (1 - Re tr P_{mu nu}(x) / N)``, Wilson, Phys. Rev. D 10 (1974) 2445."""

    def __init__(self, ndim: int, beta: float) -> None:
        super().__init__(ndim, beta, 0.0)


def is_loop_sum(action: Action) -> TypeGuard[LoopAction]:
    """Whether the list of loops is the whole action: a subclass with a formula or force of its own is not."""
    kind = type(action)
    return isinstance(action, LoopAction) and kind.__call__ is LoopAction.__call__ and kind.force is LoopAction.force
