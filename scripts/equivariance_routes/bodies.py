"""Five charges: where they are after a time, by networks with and without the symmetry of space."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from equivariance_routes.charges import evolve, initial_state
from equivariance_routes.section import Part, section
from equivariance_routes.seeds import mean_error
from equivariance_routes.stacked import descend
from gaugeflow.random import stream
from gaugeflow.symmetry import PointFeatures, Points, routes

PARTICLES, TIME, INTEGRATION_STEPS = 5, 1.0, 200
TRAINED, TESTED, SEEDS = 1000, 1000, 3
WIDTH, BATCH, STEPS, RATE = 32, 50, 1500, 2e-3
State = tuple[Tensor, Tensor, Tensor]


def dense(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, WIDTH), nn.SiLU(), nn.Linear(WIDTH, outputs))


class Linear(nn.Module):
    """`a v`: what no force would do, with a fitted time."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Parameter(torch.ones(()))

    def forward(self, r: Tensor, v: Tensor, q: Tensor) -> Tensor:
        return self.time * v


class MessagePassing(nn.Module):
    """Two rounds of messages between all pairs; positions and velocities are features like any other.

    `(batch, n, 3)`, `(batch, n, 3)`, `(batch, n)` to displacements `(batch, n, 3)`. Equivariant under permutations.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(7, WIDTH)
        self.edges = nn.ModuleList(dense(2 * WIDTH, WIDTH) for _ in range(2))
        self.nodes = nn.ModuleList(dense(2 * WIDTH, WIDTH) for _ in range(2))
        self.readout = nn.Linear(WIDTH, 3)

    def forward(self, r: Tensor, v: Tensor, q: Tensor) -> Tensor:
        h = self.embed(torch.cat((r, v, q.unsqueeze(-1)), -1))
        for edge, node in zip(self.edges, self.nodes, strict=True):
            message = silu(edge(pairs(h))).sum(2)
            h = h + node(torch.cat((h, message), -1))
        return self.readout(h)


class EquivariantMessagePassing(nn.Module):
    """The same with invariant features: distances, speeds and charges. Vectors are sums of differences and velocities
    with invariant weights (after arXiv:2102.09844)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(2, WIDTH)
        self.edges = nn.ModuleList(dense(2 * WIDTH + 3, WIDTH) for _ in range(2))
        self.nodes = nn.ModuleList(dense(2 * WIDTH, WIDTH) for _ in range(2))
        self.weights = nn.ModuleList(nn.Linear(WIDTH, 2) for _ in range(2))
        self.own = nn.Linear(WIDTH, 1)

    def forward(self, r: Tensor, v: Tensor, q: Tensor) -> Tensor:
        apart, relative = (x.unsqueeze(2) - x.unsqueeze(1) for x in (r, v))
        seen = torch.stack(((apart * apart).sum(-1), (apart * relative).sum(-1), (relative * relative).sum(-1)), -1)
        h = self.embed(torch.stack((q, v.square().sum(-1)), -1))
        total = torch.zeros_like(r)
        for edge, node, weight in zip(self.edges, self.nodes, self.weights, strict=True):
            message = silu(edge(torch.cat((pairs(h), seen), -1)))
            along, with_speed = weight(message).unsqueeze(-1).unbind(-2)
            total = total + (along * apart + with_speed * relative).mean(2)
            h = h + node(torch.cat((h, message.sum(2)), -1))
        return total + self.own(h) * v


def pairs(h: Tensor) -> Tensor:
    """Features of both partners, `(batch, n, n, 2 channels)`."""
    n = h.shape[1]
    return torch.cat((h.unsqueeze(2).expand(-1, -1, n, -1), h.unsqueeze(1).expand(-1, n, -1, -1)), -1)


def framed() -> nn.Module:
    """The network that knows no symmetry, averaged over a frame of weighted principal axes."""
    inputs = (Points, lambda v: PointFeatures(v, rank=1), PointFeatures)
    return routes.Frame(MessagePassing(), inputs, "euclidean", out=lambda d: PointFeatures(d, rank=1))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "linear": Linear,
    "message passing": MessagePassing,
    "message passing, frame-averaged": framed,
    "message passing, E(3)": EquivariantMessagePassing,
}


def sample(count: int, generator: torch.Generator) -> tuple[State, Tensor]:
    """States in single precision, and how far each charge moves."""
    r, v, q = initial_state(count, PARTICLES, generator)
    moved = evolve(r, v, q, TIME, INTEGRATION_STEPS)[0] - r
    return (r.float(), v.float(), q.float()), moved.float()


def error(network: nn.Module, state: State, moved: Tensor) -> Tensor:
    """The mean squared error of a coordinate."""
    return (network(*state) - moved).square().mean()


def trained(name: str, seed: int, state: State, moved: Tensor) -> nn.Module:
    with torch.random.fork_rng():  # torch's layers draw their weights from the global generator
        torch.manual_seed(seed)
        network = NETWORKS[name]()
    generator = stream("routes", "bodies", seed)

    def loss(_: int) -> Tensor:
        chosen = torch.randint(TRAINED, (BATCH,), generator=generator)
        return error(network, tuple(t[chosen] for t in state), moved[chosen])

    descend(network, loss, STEPS, RATE)
    return network


def part(name: str) -> dict[str, Any]:
    """Mean squared errors on new states for several seeds of the weights, with the training set of each."""
    tested = sample(TESTED, stream("routes", "bodies", "test"))
    errors = []
    for seed in range(SEEDS):
        network = trained(name, seed, *sample(TRAINED, stream("routes", "bodies", "train", seed)))
        with torch.no_grad():
            errors.append(float(error(network, *tested)))
    mean, deviation = mean_error(errors)
    parameters = sum(p.numel() for p in network.parameters())
    return {"mse": mean, "mse_error": deviation, "variance": float(tested[1].var()), "parameters": parameters}


@section("bodies")
def parts() -> dict[str, Part]:
    return {name: partial(part, name) for name in NETWORKS}
