"""What layers share that integrate a differential equation: their steps, and the error that these leave.

The log-determinant of such a layer is that of the equation, not of the map that was computed. Both the field and the
log-determinant after n steps of a method of order p are off by terms of order `n^-p`, and so are all weights. Neither
reweighting nor an accept step removes it. It is kept small in two ways: more steps, or extrapolation in the step.
"""

from abc import abstractmethod
from collections.abc import Sequence

from normflows.flows import Flow
from torch import Tensor, nn

__all__ = ["Integrated", "halve_steps"]


class Integrated(Flow):
    """A layer that integrates an equation from t = 0 to 1 in equal steps; the inverse integrates it back.

    With `extrapolated`, field and log-determinant are those of 2n steps and `1 / (2^p - 1)` of their difference from
    those of n steps (Richardson), which cancels the error of order p in both. The field has to go along: the sample of
    2n steps with an extrapolated weight would be the sample of one map with the weight of another. It costs 3n steps.

    A subclass gives `integrate` and `beyond`, and the order of its method. Fields are `(batch, ...)`, links or scalars.

    Attributes:
        steps: how many; it may be changed at any time.
        order: p of the method.
        extrapolated: whether to extrapolate.
    """

    steps: int
    order: int
    extrapolated: bool = False

    @abstractmethod
    def integrate(self, field: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        """The field at the last of the times, one step between each two, and `log|det J|` of the way, `(batch,)`."""

    @abstractmethod
    def beyond(self, fine: Tensor, coarse: Tensor, share: float) -> Tensor:
        """The field that lies behind `fine` as seen from `coarse`, by this share of their small difference."""

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self._run(z, 1)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self._run(x, -1)

    def times(self, steps: int | None = None) -> list[float]:
        """From 0 to 1 in equal steps, as many as the layer has or as given."""
        steps = steps or self.steps
        return [k / steps for k in range(steps + 1)]

    def _run(self, field: Tensor, direction: int) -> tuple[Tensor, Tensor]:
        coarse, before = self.integrate(field, self.times()[::direction])
        if not self.extrapolated:
            return coarse, before
        fine, after = self.integrate(field, self.times(2 * self.steps)[::direction])
        share = 1 / (2**self.order - 1)
        return self.beyond(fine, coarse, share), after + share * (after - before)


def halve_steps(flow: nn.Module, times: int = 1) -> None:
    """Gives every integrated layer of a flow steps half as long, in place, so many times over."""
    for layer in flow.modules():
        if isinstance(layer, Integrated):
            layer.steps *= 2**times
