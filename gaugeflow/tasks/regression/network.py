"""The `network` section of a regression: layers by name, from plaquettes to one number at each site."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from gaugeflow.nn import LCNN, GaugeTheory, Layer, Plaq, Readout, build_layer
from gaugeflow.runs import Count, Section

__all__ = ["NetworkConfig"]


class Products(Section):
    """L-CB: sums of products of local and transported matrices."""

    name: Literal["convolution-bilinear"]
    channels: Count
    """Matrices at each site that come out."""
    paths: Annotated[list[str], Field(min_length=1)]
    """Paths along which matrices are transported, as `+x` or `-t`."""
    adjoints: bool = True
    """Whether the adjoint of each matrix enters too."""
    unit: bool = True
    """Whether the unit matrix enters too, which gives linear terms."""


class LocalProducts(Section):
    """L-Bilin: sums of products of matrices at one site."""

    name: Literal["bilinear"]
    channels: Count
    """Matrices at each site that come out."""
    adjoints: bool = True
    """Whether the adjoint of each matrix enters too."""
    unit: bool = True
    """Whether the unit matrix enters too, which gives linear terms."""


class Sums(Section):
    """L-Conv: sums of transported matrices; the path `""` is the site itself."""

    name: Literal["convolution"]
    channels: Count
    """Matrices at each site that come out."""
    paths: Annotated[list[str], Field(min_length=1)]
    """Paths along which matrices are transported; `""` is the site itself."""


LayerConfig = Annotated[Products | LocalProducts | Sums, Field(discriminator="name")]


class NetworkConfig(Section):
    """Plaquettes of all planes, the layers in turn, traces, and a linear function of these."""

    layers: Annotated[list[LayerConfig], Field(min_length=1)]
    """The layers in turn, between plaquettes and the readout."""

    def build(self, theory: GaugeTheory, generator: torch.Generator) -> LCNN:
        """A network with new initial weights. Raises UserError for paths that the lattice does not have."""
        source = Plaq(theory)
        layers: list[Layer] = []
        channels = source.channels
        for entry in self.layers:
            options = entry.model_dump(exclude={"name", "channels"})
            layers.append(build_layer(entry.name, theory, channels, entry.channels, generator=generator, **options))
            channels = layers[-1].channels_out
        return LCNN(source, *layers, readout=Readout(theory, channels, generator=generator))
