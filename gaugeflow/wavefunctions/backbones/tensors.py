"""Scalars, vectors and Cartesian tensors of each particle: features that turn with particles and nuclei."""

import math
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.backbones.radial import of_distance

__all__ = ["TensorFeatures", "Tensors"]


class TensorFeatures(NamedTuple):
    """Of each particle scalars ``(batch, n, width)``, vectors ``(batch, n, c, d)`` and symmetric tensors of rank two
    ``(batch, n, c, d, d)``."""

    scalars: Tensor
    vectors: Tensor
    tensors: Tensor


class Tensors(Backbone):
    """Features that are equivariant under rotations, reflections and translations of particles and centres together.

    At the start the vectors and tensors of a particle are sums over the centres, ``sum_I a_cI u_iI`` and ``sum_I b_cI
    u_iI u_iI^T``, with coefficients of its distances. In a layer, with filters F of the distances::

        vectors   v <- norm(v + A [v, mean_j F_ij B s_j u_ij, T v])
        tensors   T <- norm(T + A' [T, mean_j F'_ij B' s_j u_ij u_ij^T, v v^T])
        scalars   s <- s + tanh(C [s, mean_j F''_ij s_j, log(1 + |v|^2), tr T, log(1 + |T|^2)])

    and vectors and tensors of a channel are multiplied by a gate, a sigmoid of the scalars. Products are contractions,
    nonlinearities act on scalars and lengths alone (arXiv:2306.06482; arXiv:2102.03150 without tensors). The scalars of
    the last layer are what orbitals are made of: with frozen parameters psi is turned with the nuclei.

    Args:
        width: of the scalars.
        channels: of the vectors and of the tensors.

    Raises:
        UserError: particles on a ring, where displacements are no vectors.
    """

    def __init__(self, features: Features, width: int, channels: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        features.in_open_space("tensors")
        self.width, self.channels = width, channels
        count = len(features.centres)
        self.components = _Components(features.particles.dimension)
        self.embed = Dense(count + 1, width, generator)
        self.weights = Dense(count + 1, 2 * channels * count, generator)
        self.layers = nn.ModuleList(_Layer(features, width, channels, generator) for _ in range(layers))

    def forward(self, x: Any) -> Tensor:
        return self._run(x)[0]

    def tensors(self, x: Any) -> TensorFeatures:
        """All features of the last layer."""
        s, v, t = self._run(x, whole=True)
        return TensorFeatures(s, v.mT, self.components.matrices(t).movedim(-1, 2))

    def _run(self, x: Any, whole: bool = False) -> tuple[Any, Any, Any]:
        """Scalars, vectors ``(batch, n, d, c)`` and the components of tensors ``(batch, n, D, c)``.

        Without `whole` the last vectors and tensors are those before the gates, on which no scalar depends.
        """
        around, (distances, u) = self.features.invariants_and_vectors(x)
        like = self.features.like.to(x.dtype).expand(u.shape[0], *self.features.like.shape)
        pairs = _Pairs(distances[..., :1], like, u.mT, self.components.squares(u.mT))
        found, last = self._of_centres(*around), None if whole else next(reversed(self.layers), None)
        for layer in self.layers:
            found = layer(found, pairs, self.components, gated=layer is not last)
        return found

    def _of_centres(self, invariants: Any, u: Any) -> tuple[Any, Any, Any]:
        """From distances and spins ``(batch, n, I + 1)`` and directions ``(batch, n, I, d)``."""
        a, b = self.weights(invariants).unflatten(-1, (2, self.channels, u.shape[-2])).mT.unbind(2)
        return torch.tanh(self.embed(invariants)), u.mT @ a, self.components.squares(u.mT) @ b


class _Components(nn.Module):
    """The D = d (d + 1) / 2 components of symmetric tensors, ``T_ii`` and ``sqrt(2) T_ij``, of the same sum of squares.

    They stand in the last axis but one, channels in the last, which linear layers mix without a copy.
    """

    first: Tensor
    second: Tensor
    scale: Tensor
    place: Tensor

    def __init__(self, d: int) -> None:
        super().__init__()
        self.d = d
        pairs = [*((i, i) for i in range(d)), *((i, j) for i in range(d) for j in range(i + 1, d))]
        order = {pair: place for place, (i, j) in enumerate(pairs) for pair in ((i, j), (j, i))}
        place = [order[i, j] for i in range(d) for j in range(d)]
        scale = [1.0 if i == j else math.sqrt(2) for i, j in pairs]
        self.register_buffer("first", torch.tensor([i for i, _ in pairs]), persistent=False)
        self.register_buffer("second", torch.tensor([j for _, j in pairs]), persistent=False)
        self.register_buffer("place", torch.tensor(place), persistent=False)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64).unsqueeze(-1), persistent=False)

    def squares(self, v: Any) -> Any:
        """``v v^T``, ``(..., d, c)`` to ``(..., D, c)``."""
        scaled = v.index_select(-2, self.second) * self.scale.to(v.dtype)
        return v.index_select(-2, self.first) * scaled

    def matrices(self, t: Any) -> Any:
        """``(..., D, c)`` to ``(..., d, d, c)``."""
        whole = t.index_select(-2, self.place) / self.scale[self.place].to(t.dtype)
        return whole.unflatten(-2, (self.d, self.d))

    def times(self, t: Any, v: Any) -> Any:
        """``T v`` of each channel."""
        return (self.matrices(t) * v.unsqueeze(-3)).sum(-2)

    def trace(self, t: Any) -> Any:
        """Of each channel, ``(..., c)``."""
        return t[..., : self.d, :].sum(-2)


class _Pairs(NamedTuple):
    """Distances and kinds ``(batch, n, n - 1, 1)``, directions ``(batch, n, d, n - 1)`` and their squares."""

    q: Any
    like: Tensor
    u: Any
    uu: Any


class _Layer(nn.Module):
    """One round of messages and products; see `Tensors`."""

    def __init__(self, features: Features, width: int, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.others, self.sizes = features.particles.others, [width, channels, channels]
        self.once, self.both = _unordered(self.others)
        self.inner = Dense(2, width, generator)
        self.filters = Dense(width, sum(self.sizes), generator)
        self.sent = Dense(width, sum(self.sizes), generator, offset=None)
        self.mix_vectors, self.mix_tensors = (Dense(3 * channels, channels, generator, offset=None) for _ in range(2))
        self.own = Dense(2 * width + 3 * channels, width, generator)
        self.gates = Dense(width, 2 * channels, generator)

    def forward(self, old: tuple[Any, Any, Any], pairs: _Pairs, many: _Components, gated: bool) -> tuple[Any, Any, Any]:
        s, v, t = old
        share = 1 / max(1, self.others.shape[1])
        filters = of_distance(partial(self._filters, like=pairs.like), pairs.q)
        messages = filters * (self.sent(s) * share)[:, self.others]
        of_scalars, of_vectors, of_tensors = messages.split(self.sizes, -1)
        v = v + self.mix_vectors(torch.cat([v, pairs.u @ of_vectors, many.times(t, v)], -1))
        shrink_v = _shrink(v)
        v = _bounded(v, shrink_v)
        t = t + self.mix_tensors(torch.cat([t, pairs.uu @ of_tensors, many.squares(v)], -1))
        shrink_t = _shrink(t)
        trace, lengths = many.trace(t) * shrink_t, _length(torch.cat([shrink_v, shrink_t], -1)).chunk(2, -1)
        s = s + torch.tanh(self.own(torch.cat([s, of_scalars.sum(2), lengths[0], trace, lengths[1]], -1)))
        if not gated:
            return s, v, t
        gate_v, gate_t = self.gates(s).sigmoid().chunk(2, -1)
        return s, _bounded(v, gate_v), _bounded(t, gate_t * shrink_t)

    def _filters(self, q: Any, like: Tensor) -> Any:
        """Of the distance and kind of each pair, which are the same from j to i as from i to j."""
        of_pair = torch.cat((q, like), -1).flatten(1, 2)[:, self.once]
        return self.filters(torch.tanh(self.inner(of_pair)))[:, self.both].unflatten(1, q.shape[1:3])


def _unordered(others: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pair of different particles stands first among the ordered pairs ``(n, n - 1)``, and which pair each
    ordered one is."""
    firsts = torch.arange(len(others)).unsqueeze(1).expand_as(others)
    names = (torch.minimum(firsts, others) * len(others) + torch.maximum(firsts, others)).flatten().tolist()
    once = {name: place for place, name in reversed(list(enumerate(names)))}
    order = {name: place for place, name in enumerate(sorted(once))}
    kept = [once[name] for name in order]
    return torch.tensor(kept, dtype=torch.long), torch.tensor([order[name] for name in names], dtype=torch.long)


def _shrink(v: Any) -> Any:
    """``1 / sqrt(1 + |v|^2)`` of each channel, ``(batch, n, c)``."""
    return (v.square().sum(-2) + 1).rsqrt()


def _bounded(v: Any, factor: Any) -> Any:
    """Of the same direction; with the factor of `_shrink` shorter than one."""
    return v * factor.unsqueeze(-2)


def _length(shrink: Any) -> Any:
    """``log(1 + |w|^2)`` of ``w = v / sqrt(1 + |v|^2)``."""
    return (1 - shrink.square()).log1p()
