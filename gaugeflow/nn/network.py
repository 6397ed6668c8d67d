"""A network from links to covariant fields, or to invariant numbers."""

from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.nn.layer import Layer, Stack
from gaugeflow.nn.readout import Readout
from gaugeflow.nn.sources import Source, Sources

__all__ = ["LCNN"]


class LCNN(nn.Module):
    """Sources, layers, and where invariants are wanted a readout (arXiv:2012.12901).

    A conditioner or a regression takes the readout's features, a potential their sum over the sites; learned smearing
    takes the links of a stack that ends with :class:`LExp`.

    Args:
        source: where the site matrices come from.
        layers: what happens to them.
        readout: how they become numbers; without it links and site matrices are returned.

    Raises:
        UserError: parts whose channels do not match, or of different theories.

    >>> import torch
    >>> from gaugeflow.lattice import hot_start
    >>> from gaugeflow.nn import LCNN, GaugeTheory, LConvBilin, Plaq, Readout
    >>> theory, generator = GaugeTheory("su3", ndim=2), torch.Generator().manual_seed(0)
    >>> layer = LConvBilin(theory, 1, 2, generator=generator)
    >>> network = LCNN(Plaq(theory), layer, readout=Readout(theory, 2, generator=generator))
    >>> network(hot_start(theory.group, (4, 4), generator, chains=5)).shape
    torch.Size([5, 1, 4, 4])
    """

    def __init__(self, source: Source | Sources, *layers: Layer, readout: Readout | None = None) -> None:
        super().__init__()
        self.theory, self.source, self.stack, self.readout = source.theory, source, Stack(*layers), readout
        source.theory.agree(self.stack.theory, "LCNN: source and layers")
        if source.channels != self.stack.channels_in:
            raise UserError(f"LCNN: expected a source of {self.stack.channels_in}, got {source.channels}")
        if readout is not None:
            source.theory.agree(readout.theory, "LCNN: layers and readout")
            if readout.channels_in != self.stack.channels_out:
                raise UserError(f"LCNN: expected a readout of {self.stack.channels_out}, got {readout.channels_in}")

    def forward(self, links: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Links to features ``(batch, features, *shape)``, or to ``(links, w)`` where there is no readout."""
        links, w = self.stack(links, self.source(links))
        return (links, w) if self.readout is None else self.readout(w)
