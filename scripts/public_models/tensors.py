"""Networks of irreducible tensors: those of e3nn, and a layer of a tensor field network."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gaugeflow.symmetry import Irreps, PointFeatures, Points, Report, check
from public_models.model import OUTSIDE, model, normal

MOTIONS = "euclidean * permutations"


def edges(r: Tensor) -> Tensor:
    """r_i - r_j `(b, n, n, 3)`."""
    return r.unsqueeze(2) - r.unsqueeze(1)


@model("e3nn network", holds=True, needs="e3nn")
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

        def forward(self, r: Tensor, features: Tensor) -> Tensor:
            apart = edges(r)
            sh = o3.spherical_harmonics(self.harmonics, apart, normalize=False, normalization="component")
            sh = sh * torch.exp(-apart.square().sum(-1, keepdim=True))
            h = self.embed(features)
            for product in self.products:
                h = product(h.unsqueeze(1).expand(-1, r.shape[1], -1, -1), sh).mean(2)
            return self.output(h)

    x = (Points(normal(2, 5, 3)), PointFeatures(normal(2, 5, 4)))
    return check(Network(), x, MOTIONS, out=Irreps(hidden).of_points, label="e3nn network")


@model("e3nn gate", holds=True, needs="e3nn")
def e3nn_gate() -> Report:
    """Scalars through activations, tensors times other scalars: the module says its own irreps."""
    from e3nn.nn import Gate

    gate = Gate("4x0e", [torch.tanh], "3x0e", [torch.sigmoid], "2x1o + 1x2e")
    return check(gate, Irreps(gate.irreps_in)(normal(4, gate.irreps_in.dim)), label="e3nn gate")


@model("tanh on the components of a vector of e3nn", holds=False, broken_at=OUTSIDE, needs="e3nn")
def bad_gate() -> Report:
    from e3nn import o3

    torch.manual_seed(0)
    irreps = Irreps("2x0e + 2x1o")
    net = nn.Sequential(o3.Linear(str(irreps), str(irreps)), nn.Tanh(), o3.Linear(str(irreps), str(irreps)))
    return check(net, irreps(normal(4, irreps.dim)), "orthogonal", out=irreps, label="tanh on vectors")


class Attention(nn.Module):
    """Queries, keys and values of irreducible parts; weights from invariant products, as in e3nn's guide."""

    def __init__(self, irreps: str) -> None:
        from e3nn import o3

        super().__init__()
        harmonics = o3.Irreps("1x0e + 1x1o + 1x2e")
        self.harmonics = partial(o3.spherical_harmonics, harmonics, normalize=True, normalization="component")
        self.query = o3.Linear(irreps, irreps)
        self.key, self.value = (o3.FullyConnectedTensorProduct(irreps, harmonics, irreps) for _ in range(2))
        self.product = o3.FullyConnectedTensorProduct(irreps, irreps, "0e")

    def forward(self, r: Tensor, h: Tensor) -> Tensor:
        apart, n = edges(r), r.shape[1]
        near = torch.exp(-apart.square().sum(-1, keepdim=True) / 4) * (1 - torch.eye(n, dtype=r.dtype)).unsqueeze(-1)
        sh = self.harmonics(apart) * near
        sources = h.unsqueeze(1).expand(-1, n, -1, -1)
        queries = self.query(h).unsqueeze(2).expand(-1, -1, n, -1)
        weights = self.product(queries, self.key(sources, sh)).softmax(2)
        return (weights * self.value(sources, sh)).sum(2)


@model("e3nn attention", holds=True, needs="e3nn")
def attention() -> Report:
    torch.manual_seed(0)
    irreps = Irreps("4x0e + 2x1o")
    x = (Points(normal(2, 5, 3)), irreps.of_points(normal(2, 5, irreps.dim)))
    return check(Attention(str(irreps)), x, MOTIONS, out=irreps.of_points, label="e3nn attention")


def cross(group: str) -> Report:
    """The cross product of two vectors, which is said to be a vector: it is one under rotations alone."""
    from e3nn import o3

    product = o3.FullTensorProduct("1x1o", "1x1o", filter_ir_out=["1e"])
    x = (Irreps("1x1o")(normal(4, 3)), Irreps("1x1o")(normal(4, 3).flip(0)))
    return check(lambda a, b: product(a, b), x, group, out=Irreps("1x1o"), label="a wrong parity")


model("e3nn product with a wrong parity", holds=False, broken_at=OUTSIDE, needs="e3nn")(partial(cross, "orthogonal"))
model("the same under rotations", holds=True, needs="e3nn")(partial(cross, "rotations"))


class TensorField(nn.Module):
    """One layer of a tensor field network (arXiv:1802.08219): filters R(|r|) Y_l, coupled to scalars and vectors.

    `crossed` has the product of two vectors that is a third one, as the paper, which knows no parity.
    """

    def __init__(self, crossed: bool) -> None:
        super().__init__()
        self.radial = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 5))
        self.crossed = crossed

    def forward(self, r: Tensor, s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Positions and vectors `(b, n, 3)` and scalars `(b, n)`."""
        apart = edges(r)
        length = apart.square().sum(-1, keepdim=True)
        near = torch.exp(-length) * self.radial(length)
        filters, y = near.unbind(-1), apart
        sources, vectors = s.unsqueeze(1), v.unsqueeze(1).expand_as(y)
        scalars = filters[0] * sources + filters[1] * (y * vectors).sum(-1)
        out = filters[2].unsqueeze(-1) * vectors + (filters[3] * sources).unsqueeze(-1) * y
        if self.crossed:
            out = out + filters[4].unsqueeze(-1) * torch.linalg.cross(y, vectors)
        return scalars.sum(2), out.sum(2)


def tensor_field(crossed: bool, group: str) -> Report:
    torch.manual_seed(0)
    vector = partial(PointFeatures, rank=1)
    x = (Points(normal(2, 5, 3)), PointFeatures(normal(2, 5)), vector(normal(2, 5, 3)))
    return check(TensorField(crossed), x, group, out=(PointFeatures, vector), label="tensor field layer")


model("tensor field layer", holds=True)(partial(tensor_field, False, MOTIONS))
model("tensor field layer with cross products, rotations", holds=True)(
    partial(tensor_field, True, "rotations * permutations")
)
model("tensor field layer with cross products, mirrors too", holds=False, broken_at="TensorField")(
    partial(tensor_field, True, MOTIONS)
)
