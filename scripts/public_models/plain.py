"""Networks of torch alone: a transformer, a convolution, dense layers, sets."""

from __future__ import annotations

import torch
from torch import nn

from gaugeflow.symmetry import Image, PointFeatures, Points, Report, Scalars, check
from public_models.model import model, normal


@model("TransformerEncoder without positions", holds=True)
def transformer() -> Report:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(d_model=16, nhead=4, dim_feedforward=32, batch_first=True)
    encoder = nn.TransformerEncoder(layer, num_layers=3, enable_nested_tensor=False).eval()
    return check(
        encoder, PointFeatures(normal(2, 6, 16)), "permutations", out=PointFeatures, label="TransformerEncoder"
    )


@model("CNN with zero padding", holds=False, broken_at="2")
def padded_cnn() -> Report:
    torch.manual_seed(0)
    periodic = {"padding": 1, "padding_mode": "circular"}
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, **periodic),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, **periodic),
    )
    return check(net, Image(normal(2, 1, 8, 8)), "translations", out=Image, label="CNN with zero padding")


@model("plain network of electrons", holds=False, broken_at="1")
def plain_wavefunction() -> Report:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))
    return check(net, Points(normal(2, 4, 3)), "fermions", out=Scalars, label="plain network of electrons")


class Block(nn.Module):
    """A set layer; with `bad` it treats the particles according to their place in the list."""

    def __init__(self, inputs: int, outputs: int, bad: bool = False) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.mean = nn.Linear(inputs, outputs)
        self.bad = bad

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        if self.bad:
            h = h * torch.arange(1, 1 + h.shape[1], dtype=h.dtype)[:, None]
        return torch.tanh(self.own(h) + self.mean(h.mean(1, keepdim=True)))


@model("set network with a bad layer in the middle", holds=False, broken_at="2")
def bad_middle_layer() -> Report:
    torch.manual_seed(0)
    net = nn.Sequential(Block(3, 16), Block(16, 16), Block(16, 16, bad=True), Block(16, 16), nn.Linear(16, 1))
    return check(net, Points(normal(2, 5, 3)), "permutations", out=PointFeatures, label="set network, bad layer 2")
