"""Permutation- and rotation-equivariant networks of particles: deep sets, a determinant, a point cloud network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["DeepSet", "Determinant", "PointNetwork"]


def dense(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, dtype=torch.float64)
    nn.init.normal_(layer.weight, std=inputs**-0.5, generator=generator)
    nn.init.normal_(layer.bias, std=0.1, generator=generator)
    return layer


class SetLayer(nn.Module):
    """h_i -> tanh(A h_i + B mean_j h_j), equivariant under permutations."""

    def __init__(self, inputs: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.own = dense(inputs, outputs, generator)
        self.mean = dense(inputs, outputs, generator)

    def forward(self, h: Tensor) -> Tensor:
        return torch.tanh(self.own(h) + self.mean(h.mean(1, keepdim=True)))


class DeepSet(nn.Module):
    """Coordinates `(b, n, d)` -> a symmetric number `(b,)` (arXiv:1703.06114)."""

    def __init__(self, d: int = 3, width: int = 8, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.layers = nn.Sequential(SetLayer(d, width, generator), SetLayer(width, width, generator))
        self.readout = dense(width, 1, generator)

    def forward(self, r: Tensor) -> Tensor:
        return self.readout(self.layers(r).sum(1)).squeeze(1)


class Determinant(nn.Module):
    """Electrons `(b, n, 3)` -> (sign, log|psi|): one determinant for each spin of equivariant orbitals.

    The first `n_up` electrons are spin up. Antisymmetric within each spin; the backbone gives both spins the same
    layers, with the spin as a feature, so it is equivariant within species only.
    """

    def __init__(self, n_up: int, n_down: int, width: int = 8, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.n_up = n_up
        self.backbone = nn.Sequential(SetLayer(4, width, generator), SetLayer(width, width, generator))
        self.up = dense(width, n_up, generator)
        self.down = dense(width, n_down, generator)

    def forward(self, r: Tensor) -> tuple[Tensor, Tensor]:
        n = r.shape[1]
        spin = torch.where(torch.arange(n, device=r.device) < self.n_up, 1.0, -1.0).to(r.dtype)
        h = self.backbone(torch.cat([r, spin.expand(len(r), n).unsqueeze(2)], dim=2))
        sign_up, log_up = torch.linalg.slogdet(self.up(h[:, : self.n_up]))
        sign_down, log_down = torch.linalg.slogdet(self.down(h[:, self.n_up :]))
        envelope = r.square().sum((1, 2)) / 4
        return sign_up * sign_down, log_up + log_down - envelope


class Messages(nn.Module):
    """(positions, h) -> (vectors at the points, new h) from pair distances, E(d)-equivariant (arXiv:2102.09844)."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.edge = dense(2 * width + 1, width, generator)
        self.weight = dense(width, 1, generator)
        self.node = dense(2 * width, width, generator)

    def forward(self, r: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        n = r.shape[1]
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        squared = apart.square().sum(-1, keepdim=True)
        pairs = [h.unsqueeze(2).expand(-1, n, n, -1), h.unsqueeze(1).expand(-1, n, n, -1), squared]
        message = torch.tanh(self.edge(torch.cat(pairs, dim=-1)))
        vectors = (apart * self.weight(message) / (1 + squared)).mean(2)
        return vectors, torch.tanh(self.node(torch.cat([h, message.mean(2)], dim=-1)))


class PointNetwork(nn.Module):
    """Positions `(b, n, d)` and scalars `(b, n, c)` -> vectors `(b, n, d)` and scalars `(b, n, width)`."""

    def __init__(self, c: int = 2, width: int = 6, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.embed = dense(c, width, generator)
        self.messages = nn.ModuleList(Messages(width, generator) for _ in range(2))

    def forward(self, r: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        h, total = self.embed(features), torch.zeros_like(r)
        for layer in self.messages:
            vectors, h = layer(r + total, h)
            total = total + vectors
        return total, h
