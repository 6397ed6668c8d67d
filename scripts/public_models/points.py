"""Networks of points: invariant point attention, and a graph network of distances on pairs that look alike."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gaugeflow.symmetry import PointFeatures, Points, Report, Scalars, check
from gaugeflow.symmetry.examples.invariant_features import FEATURES
from public_models.model import PAIRS, Pair, model, normal


class InvariantPointAttention(nn.Module):
    """Attention among frames by features and by points in them (J. Jumper et al., Nature 596 (2021) 583, algorithm 22).

    With `laboratory` the points of the result stay in the axes of the laboratory instead of those of each frame.
    """

    def __init__(self, width: int, points: int = 2, laboratory: bool = False) -> None:
        super().__init__()
        self.features = nn.Linear(width, 3 * width)
        self.points = nn.Linear(width, 3 * points * 3)
        self.output = nn.Linear(width + 4 * points, width)
        self.width, self.count, self.laboratory = width, points, laboratory

    def forward(self, t: Tensor, axes: Tensor, s: Tensor) -> Tensor:
        """Origins `(b, n, 3)`, axes `(b, n, 3, 3)` of which each row is a vector, features `(b, n, width)`."""
        q, k, v = self.features(s).split(self.width, dim=-1)
        local = self.points(s).reshape(*s.shape[:2], 3 * self.count, 3)
        whole = local @ axes + t.unsqueeze(2)
        q_points, k_points, v_points = whole.split(self.count, dim=2)
        apart = (q_points.unsqueeze(2) - k_points.unsqueeze(1)).square().sum((-1, -2))
        weights = (q @ k.mT / self.width**0.5 - apart / 2).softmax(2)
        found = torch.einsum("bij,bjpx->bipx", weights, v_points) - t.unsqueeze(2)
        if not self.laboratory:
            found = found @ axes.mT
        parts = [weights @ v, found.flatten(2), found.square().sum(-1)]
        return self.output(torch.cat(parts, dim=-1))


def point_attention(laboratory: bool) -> Report:
    torch.manual_seed(0)
    axes = torch.linalg.qr(normal(2, 5, 3, 3))[0]
    x = (Points(normal(2, 5, 3)), PointFeatures(axes, rank=1), PointFeatures(normal(2, 5, 6)))
    net = InvariantPointAttention(6, laboratory=laboratory)
    return check(net, x, "euclidean * permutations", out=PointFeatures, label="invariant point attention")


model("invariant point attention", holds=True)(partial(point_attention, False))
model("point attention in the laboratory's axes", holds=False, broken_at="InvariantPointAttention")(
    partial(point_attention, True)
)


class DistanceNetwork(nn.Module):
    """A graph network on all pairs of points that sees their distances alone: a number for each cloud.

    Without `rounds` of messages it is a sum over bonds.
    """

    def __init__(self, rounds: int, width: int = 8) -> None:
        super().__init__()
        self.edges = nn.ModuleList(nn.Linear(2 * width + 1, width) for _ in range(rounds))
        self.nodes = nn.ModuleList(nn.Linear(width, width) for _ in range(rounds))
        self.bonds = nn.Sequential(nn.Linear(width + 1, width), nn.Tanh(), nn.Linear(width, 1))
        self.width = width

    def forward(self, r: Tensor) -> Tensor:
        n = r.shape[1]
        squared = (r.unsqueeze(2) - r.unsqueeze(1)).square().sum(-1, keepdim=True) / 10
        others = (1 - torch.eye(n, dtype=r.dtype)).unsqueeze(-1)
        h = torch.ones(*r.shape[:2], self.width, dtype=r.dtype)
        for edge, node in zip(self.edges, self.nodes, strict=True):
            ends = [h.unsqueeze(2).expand(-1, -1, n, -1), h.unsqueeze(1).expand(-1, n, -1, -1)]
            h = torch.tanh(node((torch.tanh(edge(torch.cat([*ends, squared], -1))) * others).sum(2)))
        both = h.unsqueeze(2) + h.unsqueeze(1)
        return (self.bonds(torch.cat([both, squared], -1)) * others).sum((1, 2, 3))


def distances(rounds: int) -> DistanceNetwork:
    torch.manual_seed(0)
    return DistanceNetwork(rounds)


@model("graph network of distances", holds=True)
def distance_network() -> Report:
    x = Points(normal(2, 5, 3))
    return check(distances(2), x, "euclidean * permutations", out=Scalars, label="graph network of distances")


MIRRORED = "a tetrahedron and its mirror image"
OURS = {"kite and trapezoid": "triangles", "points on a line": "triangles", MIRRORED: "signed volumes"}
"""Pairs with equal distances, and the features of the harness that tell each apart."""
for name, ours in OURS.items():
    PAIRS[f"bonds alone, {name}"] = Pair(lambda r: distances(0).double()(r), name, apart=False)
    PAIRS[f"two rounds of messages, {name}"] = Pair(lambda r: distances(2).double()(r), name, apart=name != MIRRORED)
    PAIRS[f"{ours}, {name}"] = Pair(FEATURES[ours].of, name, apart=True)
