"""How the plaquette answers to the coupling, with a flow as control variate.

With E the sum of `1 - Re tr P / N` and `S = beta E`, `d<P>/d beta = -cov(P, E)` is a fluctuation of the whole lattice.
A flow along v carries fields at beta to fields at beta + d beta, as in correlated ensembles at both, and changes the
plaquette field by field. Per d beta

    d<P>/d beta = <v . grad P> - cov(P, E - A),    A = div v - v . grad S,    <A> = 0,

holds for every v, by integration by parts. The better v trivializes, the less E - A varies; S. Bacchio,
arXiv:2305.07932. Here `v = c grad E`, the first order of a trivializing map (arXiv:0907.5491), with
`div grad E = 4 C (V_p - E)`, C the Casimir of the links, V_p the number of plaquettes, and c where E - A varies least.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import group_of
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import WilsonAction
from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["Response", "response_terms"]

Array = NDArray[np.float64]


def response_terms(action: WilsonAction, links: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """E, A for c = 1, and `|grad E|^2` of links `(batch, D, *shape, ...)`, each `(batch,)` in float64.

    Raises:
        UserError: another action than Wilson's, the same everywhere, or an extent of 1, where loops pass a link twice.
    """
    shape, group = lattice_shape(links), group_of(links)
    if type(action) is not WilsonAction or action.profile is not None or min(shape) < 2:
        raise UserError(
            "response: expected Wilson's action, the same everywhere, on extents of 2 or more, "
            f"got {action!r} on {shape}"
        )
    one = WilsonAction(len(shape), 1.0)
    energy, square = one(links).double(), one.force(links).double().square().flatten(1).sum(1)
    casimir = 1.0 if group.n == 1 else (group.n**2 - 1) / (2 * group.n)
    plaquettes = _plaquettes(shape)
    return energy, 4 * casimir * (plaquettes - energy) - action.beta * square, square


@dataclass(frozen=True)
class Response:
    """`d<P>/d beta`, P the mean plaquette, from an ensemble at beta.

    Args:
        energy: E, `(chains, n)` or `(n,)`; so the others.
        variate: A for c = 1.
        square: `|grad E|^2`.
        shape: extents of the lattice.
    """

    energy: Array
    variate: Array
    square: Array
    shape: tuple[int, ...]

    @property
    def connected(self) -> Estimate:
        """By the fluctuations alone, `-cov(P, E)`."""
        d = self.energy - self.energy.mean()
        volume = _plaquettes(self.shape)
        return derived(lambda e, ee: (ee - e * e) / volume, d, d * d)

    @property
    def flowed(self) -> Estimate:
        """With the flow as control variate."""
        d, a, volume = self.energy - self.energy.mean(), self.variate, _plaquettes(self.shape)

        def value(e: float, ee: float, ea: float, m: float, aa: float, g: float) -> float:
            c = (ea - e * m) / (aa - m * m)
            return (ee - e * e - c * (ea - e * m) - c * g) / volume

        return derived(value, d, d * d, d * a, a, a * a, self.square)

    @property
    def saved(self) -> float:
        """By how much the flow divides the variance."""
        return (self.connected.error / self.flowed.error) ** 2


def _plaquettes(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) * len(shape) * (len(shape) - 1) // 2
