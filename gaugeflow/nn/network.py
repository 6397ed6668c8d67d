"""A network from links to covariant fields, or to invariant numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.layer import Layer, Stack
from gaugeflow.nn.layers.bilinear import LConvBilin
from gaugeflow.nn.layers.readout import Readout
from gaugeflow.nn.layers.sources import Plaq, Source, Sources
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["LCNN"]


class LCNN(nn.Module):
    """Sources, layers, and where invariants are wanted a readout (arXiv:2012.12901).

    A regression takes the readout's features, a conditioner those of frozen links; :class:`~gaugeflow.nn.Potential` is
    their sum over the sites, and :class:`~gaugeflow.nn.Smearing` takes the links behind :class:`LExp` layers.

    Args:
        source: where the site matrices come from.
        layers: what happens to them.
        readout: how they become numbers; without it links and site matrices are returned.
        shape: extents of a lattice on which the network shall work, to be told at once if it cannot.

    Raises:
        UserError: parts whose channels do not match, or of different theories; a lattice that is smaller than a shift.

    >>> import torch
    >>> from gaugeflow.lattice import hot_start
    >>> from gaugeflow.nn import LCNN, GaugeTheory, LConvBilin, Plaq, Readout
    >>> theory, generator = GaugeTheory("su3", ndim=2), torch.Generator().manual_seed(0)
    >>> layer = LConvBilin(theory, 1, 2, generator=generator)
    >>> network = LCNN(Plaq(theory), layer, readout=Readout(theory, 2, generator=generator))
    >>> network(hot_start(theory.group, (4, 4), generator, chains=5)).shape
    torch.Size([5, 1, 4, 4])
    """

    def __init__(
        self,
        source: Source | Sources,
        *layers: Layer,
        readout: Readout | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.theory, self.source, self.stack, self.readout = source.theory, source, Stack(*layers), readout
        source.theory.agree(self.stack.theory, "LCNN: source and layers")
        if source.channels != self.stack.channels_in:
            raise UserError(f"LCNN: expected a source of {self.stack.channels_in}, got {source.channels}")
        if readout is not None:
            source.theory.agree(readout.theory, "LCNN: layers and readout")
            if readout.channels_in != self.stack.channels_out:
                raise UserError(f"LCNN: expected a readout of {self.stack.channels_out}, got {readout.channels_in}")
        if shape is not None:
            if len(shape) != self.theory.ndim:
                raise UserError(f"LCNN: expected {self.theory.ndim} extents, got {tuple(shape)}")
            self.stack.shape_after(tuple(shape))

    @classmethod
    def of(
        cls,
        theory: GaugeTheory,
        features: int = 1,
        *,
        generator: torch.Generator,
        source: Source | Sources | None = None,
        channels: Sequence[int] = (4,),
        paths: Sequence[str | Sequence[int]] | None = None,
        hidden: Sequence[int] = (16,),
        over_sites: Literal["none", "mean", "sum"] = "none",
        size: float = 1.0,
        shape: Sequence[int] | None = None,
    ) -> "LCNN":
        """A network of merged layers with a readout.

        Args:
            theory: group, dimension, rotations.
            features: how many numbers go out, see :class:`Readout`.
            generator: source of the initial weights.
            source: where the site matrices come from; all plaquettes by default.
            channels: for each :class:`LConvBilin` how many scalar channels go out.
            paths: along what these layers transport.
            hidden: widths of the readout's hidden layers.
            over_sites: features of each site, their mean or their sum.
            size: initial size of the readout's last weights; with 0 all features start as zero.
            shape: extents on which it shall work.
        """
        source = Plaq(theory) if source is None else source
        widths = [source.channels, *map(Channels.of, channels)]
        layers = [LConvBilin(theory, a, b, generator=generator, paths=paths) for a, b in pairwise(widths)]
        readout = Readout(
            theory, widths[-1], features, generator=generator, hidden=hidden, over_sites=over_sites, size=size
        )
        return cls(source, *layers, readout=readout, shape=shape)

    def forward(self, links: Tensor, frozen: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """Links to features ``(batch, features, *shape)``, or to ``(links, w)`` where there is no readout.

        Args:
            links: the configurations.
            frozen: boolean ``(D, *shape)``; the features then depend on those links alone for which it is true, as a
                coupling layer needs it. Loops and transports that touch another link are zero, which is covariant.

        Raises:
            UserError: fields of another kind, or ``frozen`` without a readout.
        """
        w = self.source(links)
        if frozen is not None:
            links, w = self._seen(links, w, frozen)
        links, w = self.stack(links, w)
        return (links, w) if self.readout is None else self.readout(w)

    def _seen(self, links: Tensor, w: Tensor, frozen: Tensor) -> tuple[Tensor, Tensor]:
        expected = links.shape[1 : 2 + self.theory.ndim]
        if self.readout is None or frozen.dtype is not torch.bool or frozen.shape != expected:
            raise UserError(
                f"LCNN: expected a readout and frozen links as bool {tuple(expected)}, "
                f"got {'no' if self.readout is None else 'a'} readout and {frozen.dtype} {tuple(frozen.shape)}"
            )
        seen = self.source.seen(frozen)[..., None, None]
        if links.is_complex():  # transport in U(1) does not look at links
            links = torch.where(frozen[..., None, None], links, 0)
        return links, torch.where(seen, w, 0)
