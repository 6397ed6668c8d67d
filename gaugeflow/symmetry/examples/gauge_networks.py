"""Gauge-covariant networks of SU(N) and U(1) links in any dimension (after arXiv:2012.12901, much simplified)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

__all__ = ["AbelianNetwork", "Bilinear", "CovariantNetwork", "Plaquettes", "TraceReadout"]


class Plaquettes(nn.Module):
    """Links `(b, D, *shape, N, N)` -> plaquettes of all planes and their daggers `(b, D (D - 1), *shape, N, N)`."""

    def forward(self, u: Tensor) -> Tensor:
        planes = []
        for mu, nu in itertools.combinations(range(u.shape[1]), 2):
            corner = u[:, mu] @ u[:, nu].roll(-1, 1 + mu) @ u[:, mu].roll(-1, 1 + nu).mH @ u[:, nu].mH
            planes += [corner, corner.mH]
        return torch.stack(planes, dim=1)


class Bilinear(nn.Module):
    """W'_i(x) = W_i(x) + a_ij W_j(x) + b_ij,mu W_j(x) [U_mu(x) W_j(x + mu) U_mu(x)^dagger], scaled by a trace gate."""

    def __init__(self, channels: int, ndim: int, generator: torch.Generator) -> None:
        super().__init__()
        scale = 0.3 / channels

        def normal(*shape: int) -> nn.Parameter:
            return nn.Parameter(scale * torch.randn(*shape, generator=generator, dtype=torch.float64))

        self.mix = normal(channels, channels)
        self.bilinear = normal(ndim, channels, channels)

    def forward(self, w: Tensor, u: Tensor) -> Tensor:
        new = w + torch.einsum("ij,bj...->bi...", self.mix.to(w.dtype), w)
        for mu in range(u.shape[1]):
            link = u[:, mu].unsqueeze(1)
            carried = link @ w.roll(-1, 2 + mu) @ link.mH
            new = new + torch.einsum("ij,bj...->bi...", self.bilinear[mu].to(w.dtype), w @ carried)
        gate = torch.diagonal(new, dim1=-2, dim2=-1).sum(-1).real / w.shape[-1]
        return new * torch.sigmoid(gate)[..., None, None]


class TraceReadout(nn.Module):
    """W -> one number for each configuration: the mean over sites of an affine map of Re tr and |tr|^2."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, channels, generator=generator, dtype=torch.float64))

    def forward(self, w: Tensor) -> Tensor:
        trace = torch.diagonal(w, dim1=-2, dim2=-1).sum(-1).flatten(2)
        features = torch.stack([trace.real.mean(2), trace.abs().square().mean(2)], dim=1)
        return (features * self.weight).sum((1, 2))


class CovariantNetwork(nn.Module):
    """Links -> W `(b, channels, *shape, N, N)`, gauge covariant; a number for each configuration if `invariant`."""

    def __init__(self, ndim: int, layers: int = 4, invariant: bool = False, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        channels = ndim * (ndim - 1)
        self.plaquettes = Plaquettes()
        self.layers = nn.ModuleList(Bilinear(channels, ndim, generator) for _ in range(layers))
        self.readout = TraceReadout(channels, generator) if invariant else None

    def forward(self, u: Tensor) -> Tensor:
        w = self.plaquettes(u)
        for layer in self.layers:
            w = layer(w, u)
        return w if self.readout is None else self.readout(w)


class AbelianNetwork(nn.Module):
    """U(1) angles `(b, 2, L, T)` -> `(b, channels, L, T)`: periodic convolutions of the plaquette's cosine and sine."""

    def __init__(self, channels: int = 4, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        sizes = [2, channels, channels]
        pairs = itertools.pairwise(sizes)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, padding_mode="circular", dtype=torch.float64) for a, b in pairs
        )
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.3, generator=generator)

    def forward(self, theta: Tensor) -> Tensor:
        plaquette = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
        h = torch.stack([plaquette.cos(), plaquette.sin()], dim=1)
        for convolution in self.convolutions:
            h = torch.tanh(convolution(h))
        return h
