"""Actions on lattices whose spacing along time is shorter than in space."""

import math
from collections import Counter

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.lattice.paths import lattice_images, rectangle

__all__ = ["AnisotropicAction"]


class AnisotropicAction(LoopAction):
    """Plaquettes and rectangles with weights of their own for planes in space and planes with time.

    Let ``P`` and ``R`` be ``1 - (1/N) Re tr`` of a plaquette and of a 1 x 2 rectangle, divided by ``u_s`` for each link
    in space and by ``u_t`` for each along time. Then

    ``S = beta sum_x [(1/xi) sum_{i<j} (c0 P_ij + c1 R_ij) + xi sum_i (c0' P_it + c1 R_it)]``, ``c0 = 1 - 8 c1``.

    The bare anisotropy ``xi = a_s / a_t`` is 1 on an isotropic lattice. ``R`` takes both orientations and ``c0' = c0``;
    with ``short`` the rectangles that are two steps long in time are left out, and ``c0' = 1 - 4 c1``, which with
    ``c1 = -1/12`` and mean links is the action of C. Morningstar and M. Peardon, hep-lat/9704011. With
    ``c1 = 0`` it is Wilson's, T. Klassen, hep-lat/9803010.

    Args:
        ndim: dimension D of the lattice; time is its last axis.
        beta: inverse coupling.
        xi: bare anisotropy.
        c1: weight of the rectangles, 0 for none.
        u_s: mean link in space (tadpole factor).
        u_t: mean link along time.
        short: whether rectangles reach one step in time at most.

    Raises:
        UserError: ``xi``, ``u_s`` or ``u_t`` is not positive and finite, or fewer than two dimensions.
    """

    def __init__(
        self,
        ndim: int,
        beta: float,
        xi: float,
        c1: float = 0.0,
        *,
        u_s: float = 1.0,
        u_t: float = 1.0,
        short: bool = False,
    ) -> None:
        for name, value in (("xi", xi), ("u_s", u_s), ("u_t", u_t)):
            if not (math.isfinite(value) and value > 0):
                raise UserError(f"anisotropic action: expected {name} > 0, got {value}")
        if ndim < 2:
            raise UserError(f"a gauge action needs at least 2 dimensions, got {ndim}")
        self.beta, self.xi, self.c1 = float(beta), float(xi), float(c1)
        plaquettes, rectangles = (lattice_images(rectangle(0, 1, 1, t), ndim) for t in (1, 2))
        loops = []
        for path in plaquettes + (rectangles if self.c1 else ()):
            space, time = _links(path, ndim)
            if short and time > 2:
                continue
            shape = self.c1 if len(path) > 4 else 1 - (4 if short and time else 8) * self.c1
            plane = self.xi if time else 1 / self.xi
            loops.append((path, self.beta * plane * shape / (u_s**space * u_t**time)))
        super().__init__(ndim, loops)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ndim={self.ndim}, beta={self.beta}, xi={self.xi}, c1={self.c1})"


def _links(path: Path, ndim: int) -> tuple[int, int]:
    """How many links of a path lie in space, and along time."""
    count = Counter(abs(step) == ndim for step in path)
    return count[False], count[True]
