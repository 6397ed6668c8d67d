"""Scalars, vectors and Cartesian tensors of each particle: features that turn with particles and nuclei."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.lengths import squared_length

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
        self.embed = Dense(count + 1, width, generator)
        self.weights = Dense(count + 1, 2 * channels * count, generator)
        self.layers = nn.ModuleList(_Layer(features, width, channels, generator) for _ in range(layers))

    def forward(self, x: Any) -> Tensor:
        return self.tensors(x).scalars

    def tensors(self, x: Any) -> TensorFeatures:
        """All features of the last layer."""
        around, between = self.features.invariants_and_vectors(x)
        found = self._of_centres(*around)
        for layer in self.layers:
            found = layer(found, *between)
        return found

    def _of_centres(self, invariants: Any, u: Any) -> TensorFeatures:
        """From distances and spins ``(batch, n, I + 1)`` and directions ``(batch, n, I, d)``."""
        a, b = self.weights(invariants).unflatten(-1, (2, self.channels, u.shape[-2])).unbind(2)
        squares = b @ _squares(u).flatten(-2)
        d = u.shape[-1]
        return TensorFeatures(torch.tanh(self.embed(invariants)), a @ u, squares.unflatten(-1, (d, d)))


class _Layer(nn.Module):
    """One round of messages and products; see `Tensors`."""

    def __init__(self, features: Features, width: int, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.others, self.sizes = features.particles.others, [width, channels, channels]
        self.inner = Dense(2, width, generator)
        self.filters = Dense(width, sum(self.sizes), generator)
        self.sent = Dense(width, sum(self.sizes), generator, offset=None)
        self.mix_vectors, self.mix_tensors = (Dense(3 * channels, channels, generator, offset=None) for _ in range(2))
        self.own = Dense(2 * width + 3 * channels, width, generator)
        self.gates = Dense(width, 2 * channels, generator)

    def forward(self, old: TensorFeatures, distances: Any, u: Any) -> TensorFeatures:
        """With distances and kinds of pairs ``(batch, n, n - 1, 2)`` and directions ``(batch, n, n - 1, d)``."""
        s, v, t = old
        d, share = u.shape[-1], 1 / max(1, u.shape[-2])
        messages = self.filters(torch.tanh(self.inner(distances))) * self.sent(s)[:, self.others]
        of_scalars, of_vectors, of_tensors = messages.split(self.sizes, -1)
        sent_vectors = of_vectors.mT @ u * share
        sent_tensors = (of_tensors.mT @ _squares(u).flatten(-2) * share).unflatten(-1, (d, d))
        turned = (t @ v.unsqueeze(-1)).squeeze(-1)
        v = _bounded(v + _mixed(self.mix_vectors, [v, sent_vectors, turned]), 1)
        t = _bounded(t + _mixed(self.mix_tensors, [t, sent_tensors, _squares(v)]), 2)
        invariants = [s, of_scalars.sum(2) * share, *_lengths(v, t)]
        s = s + torch.tanh(self.own(torch.cat(invariants, -1)))
        gate_v, gate_t = self.gates(s).sigmoid().chunk(2, -1)
        return TensorFeatures(s, v * gate_v.unsqueeze(-1), t * gate_t.unsqueeze(-1).unsqueeze(-1))


def _squares(v: Any) -> Any:
    """``v v^T``, ``(..., d)`` to ``(..., d, d)``."""
    return v.unsqueeze(-1) * v.unsqueeze(-2)


def _mixed(mix: Dense, parts: list[Any]) -> Any:
    """Channels, the third axis, are mixed, components are not."""
    whole = torch.cat(parts, 2)
    return mix(whole.flatten(3).mT).mT.unflatten(-1, whole.shape[3:])


def _bounded(v: Any, rank: int) -> Any:
    """``v / sqrt(1 + |v|^2)``: shorter than one, and of the same direction."""
    size = squared_length(v.flatten(3)) + 1
    return v * (size**-0.5).unflatten(-1, (1,) * rank)


def _lengths(v: Any, t: Any) -> list[Any]:
    """The invariants of vectors and tensors of each channel."""
    of_vectors, of_tensors = (squared_length(part.flatten(3)).squeeze(-1).log1p() for part in (v, t))
    return [of_vectors, t.diagonal(dim1=-2, dim2=-1).sum(-1), of_tensors]
