"""L-Conv: sums of parallel-transported matrices."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.nn.channels import Channels, read_paths
from gaugeflow.nn.initial import draw_normalised_
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.sums.sums import sum_ends
from gaugeflow.nn.sums.transport import path_lines
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LConv"]


class LConv(Layer):
    """``W'_i(x) = sum_{p, c} omega_{i, p, c} U_p(x) W_c(x + p) U_p(x)^dagger`` (L-Conv of arXiv:2012.12901).

    Args:
        theory: group, dimension, rotations.
        channels_in: channels that come in, a number of scalars or :class:`Channels`.
        channels_out: channels that go out.
        generator: source of the initial weights: normal, the squares of each output summing to one.
        paths: along what is transported, texts or signed steps, see :func:`axis_paths`; the nearest neighbours in both
            directions and the site itself by default.

    Raises:
        UserError: paths or channels that do not fit the theory.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels_in: Channels | int,
        channels_out: Channels | int,
        *,
        generator: torch.Generator,
        paths: Sequence[str | Sequence[int]] | None = None,
    ) -> None:
        super().__init__(theory, channels_in, channels_out)
        self.paths = read_paths(paths, theory)
        sources = [label for path in self.paths for label in self.channels_in.labels("channel", path)]
        self.weight = Weight(theory, [*self.channels_out.labels()], sources)
        draw_normalised_(self.weight, generator)

    @property
    def linear_weight(self) -> Weight:
        return self.weight

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        return sum_ends(path_lines(links, self.paths), w, self.weight(), self.paths)
