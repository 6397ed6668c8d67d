"""L-Norm: gauge-invariant normalisation that keeps deep stacks from growing."""

from typing import Literal

from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.invariants import frobenius
from gaugeflow.nn.layer import Layer, over_sites
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LNorm"]

EPSILON = 1e-6
"""Added to the mean square, so that matrices that vanish stay differentiable; fields of unit size do not feel it."""


class LNorm(Layer):
    """``W_i -> g_i W_i / sqrt(m + 1e-6)`` with the mean square ``m = <(1/N) tr W^dagger W>``, a gain for each channel.

    Args:
        theory: group, dimension, rotations.
        channels: channels that come in and go out.
        over: the mean is taken over the ``channels`` at each site, which is local and so fit for couplings of flows, or
            for each channel over the ``sites`` of its configuration.

    Raises:
        UserError: ``over`` is neither.
    """

    def __init__(
        self, theory: GaugeTheory, channels: Channels | int, over: Literal["channels", "sites"] = "channels"
    ) -> None:
        super().__init__(theory, channels, channels)
        if over not in ("channels", "sites"):
            raise UserError(f"LNorm: expected over = channels or sites, got {over!r}")
        self.over = over
        self.gain = Weight(theory, [*self.channels_out.labels()])
        self.gain.set_(self.gain.free.new_ones(len(self.channels_out)))

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        square = frobenius(w, w)  # (batch, channels, *shape)
        axes = (1,) if self.over == "channels" else tuple(range(2, square.ndim))
        scale = (square.mean(axes, keepdim=True) + EPSILON).rsqrt()
        return (over_sites(self.gain(), scale) * scale)[..., None, None] * w
