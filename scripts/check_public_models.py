"""Check the symmetries of models that people use, and say of each whether it came out as it should.

    python scripts/check_public_models.py [--verbose]

A transformer encoder without positions is equivariant under permutations; a CNN with zero padding is not under
translations; a plain network of electron coordinates is not antisymmetric; a network with one bad layer in the middle
is broken there; an e3nn network is equivariant under motions and permutations (needs e3nn).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gaugeflow.symmetry import Image, Irreps, PointFeatures, Points, Report, Scalars, check


@dataclass(frozen=True)
class Model:
    """A check with its expected result; `needs` names an optional package."""

    check: Callable[[], Report]
    holds: bool
    broken_at: str | None = None
    needs: str | None = None


def normal(*size: int) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(0))


def transformer() -> Report:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(d_model=16, nhead=4, dim_feedforward=32, batch_first=True)
    encoder = nn.TransformerEncoder(layer, num_layers=3, enable_nested_tensor=False).eval()
    return check(
        encoder, PointFeatures(normal(2, 6, 16)), "permutations", out=PointFeatures, label="TransformerEncoder"
    )


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


def bad_middle_layer() -> Report:
    torch.manual_seed(0)
    net = nn.Sequential(Block(3, 16), Block(16, 16), Block(16, 16, bad=True), Block(16, 16), nn.Linear(16, 1))
    return check(net, Points(normal(2, 5, 3)), "permutations", out=PointFeatures, label="set network, bad layer 2")


def e3nn_network() -> Report:
    """Messages along spherical harmonics of the edges, and irreducible features of each point."""
    from e3nn import o3

    torch.manual_seed(0)
    hidden = o3.Irreps("4x0e + 3x1o + 2x2e")

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.harmonics = o3.Irreps("1x0e + 1x1o + 1x2e")
            self.embed = o3.Linear("4x0e", hidden)
            self.products = nn.ModuleList(
                o3.FullyConnectedTensorProduct(hidden, self.harmonics, hidden, shared_weights=True) for _ in range(2)
            )
            self.output = o3.Linear(hidden, hidden)

        def forward(self, r: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            apart = r.unsqueeze(2) - r.unsqueeze(1)
            sh = o3.spherical_harmonics(self.harmonics, apart, normalize=False, normalization="component")
            sh = sh * torch.exp(-apart.square().sum(-1, keepdim=True))
            h = self.embed(features)
            for product in self.products:
                h = product(h.unsqueeze(1).expand(-1, r.shape[1], -1, -1), sh).mean(2)
            return self.output(h)

    x = (Points(normal(2, 5, 3)), PointFeatures(normal(2, 5, 4)))
    return check(Network(), x, "euclidean * permutations", out=Irreps(hidden).of_points, label="e3nn network")


MODELS = {
    "TransformerEncoder without positions": Model(transformer, holds=True),
    "CNN with zero padding": Model(padded_cnn, holds=False, broken_at="2"),
    "plain network of electrons": Model(plain_wavefunction, holds=False, broken_at="1"),
    "set network with a bad layer in the middle": Model(bad_middle_layer, holds=False, broken_at="2"),
    "e3nn network": Model(e3nn_network, holds=True, needs="e3nn"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the symmetries of public models.")
    parser.add_argument("--verbose", action="store_true", help="print the whole reports")
    verbose = parser.parse_args().verbose
    wrong = 0
    for name, model in MODELS.items():
        try:
            report = model.check()
        except ModuleNotFoundError as error:
            print(f"{name}: left out, {error}")
            continue
        finding = report.findings[0]
        right = report.holds is model.holds and finding.broken_at == model.broken_at
        wrong += not right
        place = f" at layer {finding.broken_at}" if finding.broken_at else ""
        print(f"{name}: {report.verdict.value}{place} ({'as' if right else 'NOT as'} it should be)")
        if verbose or not right:
            print(report)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
