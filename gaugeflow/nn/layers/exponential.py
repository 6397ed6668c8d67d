"""L-Exp: links that are multiplied by group elements made of site matrices."""

import torch
from torch import Tensor

from gaugeflow.kernels import Path
from gaugeflow.nn.channels import Channels, Label
from gaugeflow.nn.initial import draw_normalised_
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.sums.rows import mix_channels
from gaugeflow.nn.sums.transport import transport
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LExp"]


class LExp(Layer):
    """``U_mu(x) -> exp(i Q_mu(x)) U_mu(x)``, the site matrices stay (L-Exp of arXiv:2012.12901).

    ``Q_mu(x) = H_{+mu}(x) - U_mu(x) H_{-mu}(x + mu) U_mu(x)^dagger``, where H_s is the traceless Hermitian part of
    ``-i sum_j beta_sj W_j`` for each of the 2 D directions s: both ends of the link contribute, and the backward link
    ``U_mu(x)^dagger`` is updated by the same formula from its own start, so that reflections can be kept. With
    plaquettes as W this contains stout smearing.

    Args:
        theory: group, dimension, rotations.
        channels: channels of the site matrices.
        generator: source of the initial weights, normal.
        size: the squares of the initial weights sum to ``size^2`` for each direction.
        both_ends: ``H_-`` as well; without it the update is the published one, with D weights for each channel.

    Raises:
        UserError: rotations ask for both ends.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels: Channels | int,
        *,
        generator: torch.Generator,
        size: float = 0.1,
        both_ends: bool = True,
    ) -> None:
        super().__init__(theory, channels, channels)
        forward: list[Path] = [(axis + 1,) for axis in range(theory.ndim)]
        self.steps = forward + [(-axis - 1,) for axis in range(theory.ndim) if both_ends]
        directions: list[Label] = [("direction", (step,)) for step in self.steps]
        self.weight = Weight(theory, directions, [*self.channels_in.labels()])
        draw_normalised_(self.weight, generator, size)

    def new_links(self, links: Tensor, w: Tensor) -> Tensor:
        group, ndim = self.theory.group, self.theory.ndim
        h = mix_channels(self.weight(), w)  # (batch, 2 D or D, *shape, N, N)
        q = h[:, :ndim]
        if len(self.steps) > ndim:
            ends = [transport(links, h[:, ndim + mu, None], [(mu + 1,)])[:, 0] for mu in range(ndim)]
            q = q - torch.cat(ends, 1)
        hermitian = (q - q.mH) / 2j
        coefficients = group.coefficients(hermitian if group.element_shape else hermitian[..., 0, 0].real)
        return group.mul(group.exp(coefficients), links)
