"""Every layer by name, in one place: configurations build from it, and the tests of all layers run over it."""

from collections.abc import Callable
from typing import Any

import torch

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.layers.activation import LAct
from gaugeflow.nn.layers.attention import LAttention
from gaugeflow.nn.layers.bilinear import LBilin, LConvBilin
from gaugeflow.nn.layers.blocking import Block
from gaugeflow.nn.layers.convolution import LConv
from gaugeflow.nn.layers.exponential import LExp
from gaugeflow.nn.layers.norm import LNorm
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["LAYERS", "Builder", "build_layer"]


Builder = Callable[..., Layer]
"""``(theory, channels_in, channels_out, *, generator, **options)`` to a layer; the generator draws initial weights."""


def _keeping(layer: Callable[..., Layer], draws: bool = False) -> Builder:
    """The builder of a layer whose channels come out as they go in; ``draws`` tells whether it takes a generator."""

    def build(
        theory: GaugeTheory,
        channels_in: Channels | int,
        channels_out: Channels | int,
        *,
        generator: torch.Generator,
        **options: Any,
    ) -> Layer:
        if Channels.of(channels_in) != Channels.of(channels_out):
            name = getattr(layer, "__name__", "layer")
            raise UserError(f"{name}: expected as many channels out as in, got {channels_in} and {channels_out}")
        return layer(theory, channels_in, **({"generator": generator} if draws else {}), **options)

    return build


LAYERS: dict[str, Builder] = {
    "convolution": LConv,
    "bilinear": LBilin,
    "convolution-bilinear": LConvBilin,
    "activation": _keeping(LAct),
    "exponential": _keeping(LExp, draws=True),
    "norm": _keeping(LNorm),
    "attention": LAttention,
    "block": _keeping(Block),
}


def build_layer(
    name: str,
    theory: GaugeTheory,
    channels_in: Channels | int,
    channels_out: Channels | int,
    *,
    generator: torch.Generator,
    **options: Any,
) -> Layer:
    """The layer called ``name`` in :data:`LAYERS`.

    Raises:
        UserError: there is none, or what the layer itself refuses.
    """
    if name not in LAYERS:
        raise UserError(f"layer: expected one of {', '.join(sorted(LAYERS))}, got {name!r}")
    return LAYERS[name](theory, channels_in, channels_out, generator=generator, **options)
