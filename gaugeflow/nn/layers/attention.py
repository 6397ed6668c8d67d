"""L-Attention: how much a transported matrix counts is decided by its likeness to the local one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn.channels import Channels, Label, read_paths
from gaugeflow.nn.initial import draw_normalised_
from gaugeflow.nn.invariants import frobenius
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.sums.rows import mix_channels
from gaugeflow.nn.sums.transport import transport
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.weight import Weight

__all__ = ["LAttention"]


class LAttention(Layer):
    """Gauge-covariant attention over the ends of paths.

    For each head, queries, keys and values are real combinations Q, K, V of the channels, as many as come in. The
    scores ``s_p(x) = C^(-1/2) sum_c (1/N) Re tr(Q_c(x)^dagger T_p K_c(x)) + b_p`` are gauge invariant, and so is their
    softmax a_p over the paths; ``sum_p a_p(x) T_p V(x)`` is covariant. The heads are combined linearly.

    Args:
        theory: group, dimension, rotations.
        channels_in: channels that come in, a number of scalars or :class:`Channels`.
        channels_out: channels that go out.
        generator: source of the initial weights: normal, the squares of each output summing to one.
        paths: along what is transported; the nearest neighbours in both directions and the site itself by default.
        heads: how many independent sets of Q, K, V.

    Raises:
        UserError: no head, or paths or channels that do not fit the theory.
    """

    def __init__(
        self,
        theory: GaugeTheory,
        channels_in: Channels | int,
        channels_out: Channels | int,
        *,
        generator: torch.Generator,
        paths: Sequence[str | Sequence[int]] | None = None,
        heads: int = 1,
    ) -> None:
        super().__init__(theory, channels_in, channels_out)
        if heads < 1:
            raise UserError(f"LAttention: expected at least one head, got {heads}")
        self.paths, self.heads = read_paths(paths, theory), heads
        sources = [*self.channels_in.labels()]
        hidden = [label for head in range(heads) for label in self.channels_in.labels(head)]
        self.query, self.key, self.value = (Weight(theory, hidden, sources) for _ in range(3))
        self.mixture = Weight(theory, [*self.channels_out.labels()], hidden)
        for weight in (self.query, self.key, self.value, self.mixture):
            draw_normalised_(weight, generator)
        steps: list[Label] = [("path", (path,)) for path in self.paths]
        self.bias = Weight(theory, steps, [(("head", head), ()) for head in range(heads)])

    @property
    def linear_weight(self) -> Weight:
        return self.mixture

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        sizes = (self.heads, len(self.channels_in))
        query = mix_channels(self.query(), w).unflatten(1, sizes)[:, None]
        pairs = mix_channels(torch.cat((self.key(), self.value())), w)
        key, value = transport(links, pairs, self.paths).chunk(2, 2)  # each (batch, P, heads * C, *shape, N, N)
        scores = frobenius(query, key.unflatten(2, sizes)).sum(3) / sizes[1] ** 0.5  # (batch, P, heads, *shape)
        bias = self.bias().to(scores.dtype)
        shares = (scores + bias[(..., *[None] * (scores.ndim - 3))]).softmax(1)
        heads = (shares[:, :, :, None, ..., None, None] * value.unflatten(2, sizes)).sum(1).flatten(1, 2)
        return mix_channels(self.mixture(), heads)
