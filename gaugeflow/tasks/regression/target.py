"""The `target` section of a regression: the invariant number at each site that the network is to find."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice import lattice_shape, loop_traces, parse_path
from gaugeflow.lattice.charge import field_strength
from gaugeflow.lattice.observables import planes
from gaugeflow.lattice.paths import is_closed, rectangle
from gaugeflow.runs import Section

__all__ = ["Charge", "ClosedPath", "Loop", "TargetConfig"]


def _closed(path: str) -> str:
    if not is_closed(parse_path(path, 10)):  # whether the lattice has these axes is seen by `require`
        raise ValueError(f"expected a closed path, came {path!r}")
    return path


ClosedPath = Annotated[str, AfterValidator(_closed)]
"""`4x4` (the first extent along x, the second along t) or any closed path such as `+x +y -x -y`."""


class Loop(Section):
    """A Wilson loop."""

    name: Literal["loop"]
    path: ClosedPath
    """`4x4` (extents along x and t) or any closed path such as `+x +y -x -y`."""

    @property
    def convention(self) -> str:
        """What exactly the numbers are."""
        return f"(1/N) Re tr of the loop {self.path}, mean over sites"

    def require(self, ndim: int) -> None:
        """Raises UserError if a lattice of so many axes has no such loop."""
        parse_path(self.path, ndim)

    def density(self, links: Tensor) -> Tensor:
        """The number at each site, ``(batch, *shape)``."""
        return loop_traces(links, self.path).real


class Charge(Section):
    """The topological charge density in four dimensions, field strength from one plaquette in each plane."""

    name: Literal["charge_plaquette"]

    @property
    def convention(self) -> str:
        """What exactly the numbers are."""
        return "q = (1/32 pi^2) eps tr G G with G from the plaquette that leads from x to x + mu, mean over sites"

    def require(self, ndim: int) -> None:
        """Raises UserError unless there are four axes."""
        if ndim != 4:
            raise UserError(f"target: expected a shape of 4 extents for charge_plaquette, came {ndim}")

    def density(self, links: Tensor) -> Tensor:
        """The density at each site, ``(batch, *shape)``; its sum is :func:`gaugeflow.lattice.charge_plaquette`."""
        self.require(len(lattice_shape(links)))
        g = field_strength(links, {(mu, nu): [rectangle(mu, nu, 1, 1)] for mu, nu in planes(4)})
        pairs = (((0, 1), (2, 3), 1), ((0, 2), (1, 3), -1), ((0, 3), (1, 2), 1))
        terms = [sign * (g[a] * g[b].mT).sum((-2, -1)).real for a, b, sign in pairs]
        return sum(terms) / (4 * math.pi**2)  # type: ignore[return-value]


TargetConfig = Annotated[Loop | Charge, Field(discriminator="name")]
