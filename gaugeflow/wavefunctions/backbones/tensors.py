"""Scalars, vectors and Cartesian tensors of each particle: features that turn with particles and nuclei."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone, SpinMeans
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.backbones.own_and_pairs import Pairs, of_others, of_own

__all__ = ["TensorFeatures", "Tensors"]


class TensorFeatures(NamedTuple):
    """Of each particle scalars ``(batch, n, width)``, vectors ``(batch, n, c, d)`` and symmetric tensors of rank two
    ``(batch, n, c, d, d)``."""

    scalars: Tensor
    vectors: Tensor
    tensors: Tensor


class Tensors(Backbone):
    """Features that are equivariant under rotations, reflections and translations of particles and centres together.

    At the start they are sums over the centres and means over the other particles, with directions u and distances r::

        vectors   v = sum_I a_I(r_iI) u_iI + mean_j F(h_ij) u_ij
        tensors   T = sum_I b_I(r_iI) u_iI u_iI^T + mean_j F'(h_ij) u_ij u_ij^T
        scalars   s = tanh(E [r_iI, spin, mean_j h_ij]),    h_ij = tanh(D [r_ij, spin_i spin_j])

    In a layer they are multiplied by contraction and mixed among channels and with means over each spin::

        s <- s + tanh(C [s, mean s, log(1 + |v|^2), log(1 + |T|^2), tr T / sqrt(1 + |T|^2)])
        v <- v + g A [v, T v, mean v]
        T <- T + g A' [T, v v^T]

    with a gate g for each channel, a sigmoid of the scalars. What is not linear acts on scalars and lengths alone
    (arXiv:2306.06482; arXiv:2102.03150 without tensors). The last layer changes the scalars only, of which orbitals are
    made: with frozen parameters psi is turned with the nuclei.

    Args:
        width: of the scalars; the features h of a pair are half as many.
        channels: of the vectors and of the tensors.

    Raises:
        UserError: particles on a ring, where displacements are no vectors.
    """

    def __init__(self, features: Features, width: int, channels: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        features.in_open_space("tensors")
        self.width, self.components = width, _Components(features.particles.dimension, channels)
        means, pair_width = SpinMeans(features.particles), (width + 1) // 2
        self.of_centres = _OfCentres(features, self.components, generator)
        self.pairs = Pairs(features.particles)
        self.of_pairs = _OfPairs(features, self.pairs, self.components, pair_width, generator)
        self.embed = Dense(len(features.centres) + 1 + pair_width, width, generator)
        self.layers = nn.ModuleList(_Layer(means, self.components, width, generator) for _ in range(layers - 1))
        self.last = _Scalars(means, self.components, width, generator)

    def forward(self, x: Any) -> Tensor:
        return self.last(*self._run(x))

    def tensors(self, x: Any) -> TensorFeatures:
        """The scalars of the last layer, and the vectors and tensors that it sees."""
        s, w = self._run(x)
        v, t = self.components.apart(w)
        return TensorFeatures(self.last(s, w), v.mT, self.components.matrices(t).movedim(-1, 2))

    def _run(self, x: Any) -> tuple[Any, Any]:
        """Scalars, and the components ``(batch, n, D, c)`` of vectors and tensors, before the last layer."""
        many = self.components
        own = of_own(self.of_centres, x)
        seen = of_others(self.of_pairs, x, self.pairs).flatten(2)
        s = torch.tanh(self.embed(torch.cat((own[..., : -many.size], seen[..., : -many.size]), -1)))
        w = (own[..., -many.size :] + seen[..., -many.size :]).unflatten(-1, (-1, many.channels))
        for layer in self.layers:
            s, w = layer(s, w)
        return s, w


class _Components(nn.Module):
    """The d components of vectors and then the ``T_ij``, i <= j, of symmetric tensors, D in all, of each channel.

    They stand in the last axis but one, channels in the last, which linear layers mix without a copy.
    """

    first: Tensor
    second: Tensor
    place: Tensor
    squares_of: Tensor

    def __init__(self, d: int, channels: int) -> None:
        super().__init__()
        pairs = [*((i, i) for i in range(d)), *((i, j) for i in range(d) for j in range(i + 1, d))]
        order = {pair: place for place, (i, j) in enumerate(pairs) for pair in ((i, j), (j, i))}
        self.d, self.channels, self.size = d, channels, (d + len(pairs)) * channels
        place = [order[i, j] for i in range(d) for j in range(d)]
        self.register_buffer("first", torch.tensor([i for i, _ in pairs]), persistent=False)
        self.register_buffer("second", torch.tensor([j for _, j in pairs]), persistent=False)
        self.register_buffer("place", torch.tensor(place), persistent=False)
        counts = torch.zeros(2, d + len(pairs), dtype=torch.float64)
        counts[0, :d] = 1
        counts[1, d:] = torch.tensor([1.0 if i == j else 2.0 for i, j in pairs])
        self.register_buffer("squares_of", torch.kron(counts, torch.eye(channels).double()), persistent=False)

    def apart(self, w: Any) -> tuple[Any, Any]:
        """Vectors ``(..., d, c)`` and tensors ``(..., D - d, c)``."""
        return w[..., : self.d, :], w[..., self.d :, :]

    def squares(self, v: Any) -> Any:
        """``v v^T``, ``(..., d, c)`` to ``(..., D - d, c)``."""
        return v.index_select(-2, self.first) * v.index_select(-2, self.second)

    def matrices(self, t: Any) -> Any:
        """``(..., D - d, c)`` to ``(..., d, d, c)``."""
        return t.index_select(-2, self.place).unflatten(-2, (self.d, self.d))

    def times(self, t: Any, v: Any) -> Any:
        """``T v`` of each channel."""
        return (self.matrices(t) * v.unsqueeze(-3)).sum(-2)

    def lengths(self, w: Any) -> Any:
        """``|v|^2`` of each channel, and then ``|T|^2``, ``(..., 2 c)``: one product, as sums of so few are slow."""
        return nn.functional.linear(w.square().flatten(-2), self.squares_of.to(w.dtype))

    def trace(self, w: Any) -> Any:
        """``tr T`` of each channel, ``(..., c)``."""
        return w[..., self.d : 2 * self.d, :].sum(-2)


class _OfCentres(nn.Module):
    """Of one particle distances from the centres and its spin, ``(batch, n, I + 1)``, then vectors and tensors."""

    def __init__(self, features: Features, components: _Components, generator: torch.Generator) -> None:
        super().__init__()
        self.features, self.components = features, components
        count = len(features.centres)
        self.weights = Dense(count + 1, 2 * count * components.channels, generator)

    def forward(self, x: Any) -> Any:
        invariants, u = self.features.of_centres(x)
        a, b = self.weights(invariants).unflatten(-1, (2, -1, 1, self.components.channels)).unbind(2)
        u = u.unsqueeze(-1)
        v, t = (u * a).sum(2), (self.components.squares(u) * b).sum(2)
        return torch.cat((invariants, v.flatten(2), t.flatten(2)), -1)


class _OfPairs(nn.Module):
    """Of displacements features h, ``(batch, n, n - 1, width)``, then vectors with the sign of the end from which a
    pair is seen, and tensors."""

    like: Tensor

    def __init__(
        self, features: Features, pairs: Pairs, components: _Components, width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.features, self.pairs, self.components = features, pairs, components
        self.inner = Dense(2, width, generator)
        self.filters = Dense(width, 2 * components.channels, generator, offset=None)
        spins = features.particles.spins
        self.register_buffer("like", (spins[pairs.first] * spins[pairs.second]).unsqueeze(-1), persistent=False)

    def forward(self, t: Any) -> Any:
        u, r = self.features.of_displacements(t)
        like = self.like.to(r.dtype).expand(r.shape)
        h = torch.tanh(self.inner(torch.cat((r, like), -1)))
        of_vectors, of_tensors = self.filters(h).unsqueeze(-2).chunk(2, -1)
        u = u.unsqueeze(-1)
        v, t = (u * of_vectors).flatten(2), (self.components.squares(u) * of_tensors).flatten(2)
        return self.pairs.seen(torch.cat((h, v, t), -1), torch.cat((h, -v, t), -1))


class _Scalars(nn.Module):
    """What a layer does to the scalars; see `Tensors`."""

    def __init__(self, means: SpinMeans, components: _Components, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.means, self.components = means, components
        self.own = Dense(width + 3 * components.channels, width, generator)
        self.mean = Dense(means.kinds * width, width, generator, offset=None)

    def forward(self, s: Any, w: Any) -> Any:
        lengths = self.components.lengths(w)
        trace = self.components.trace(w) * (lengths[..., self.components.channels :] + 1).rsqrt()
        own = self.own(torch.cat((s, lengths.log1p(), trace), -1))
        return s + torch.tanh(own + self.mean(self.means.of_one(s)))


class _Layer(nn.Module):
    """A round of products; see `Tensors`."""

    def __init__(self, means: SpinMeans, components: _Components, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.means, self.components = means, components
        channels = components.channels
        self.scalars = _Scalars(means, components, width, generator)
        self.vectors, self.tensors = (Dense(2 * channels, channels, generator, offset=None) for _ in range(2))
        self.mean = Dense(means.kinds * channels, channels, generator, offset=None)
        self.gates = Dense(width, channels, generator)

    def forward(self, s: Any, w: Any) -> tuple[Any, Any]:
        s = self.scalars(s, w)
        v, t = self.components.apart(w)
        of_vectors = self.vectors(torch.cat((v, self.components.times(t, v)), -1)) + self.mean(self._mean(v))
        of_tensors = self.tensors(torch.cat((t, self.components.squares(v)), -1))
        return s, w + _gated(torch.cat((of_vectors, of_tensors), -2), self.gates(s).sigmoid())

    def _mean(self, v: Any) -> Any:
        """Over each spin, ``(batch, 1, d, kinds c)``."""
        means = self.means.of_one(v.flatten(2)).unflatten(-1, (self.means.kinds, *v.shape[2:]))
        return means.movedim(2, -2).flatten(-2)


def _gated(w: Any, gates: Any) -> Any:
    """All components of a channel times the number of the channel."""
    return w * gates.unsqueeze(-2)
