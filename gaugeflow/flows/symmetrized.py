"""A flow's density averaged over symmetries of its target, exactly, and without another training.

For any set E of symmetry operations that keep the measure (they move links and sites, so no Jacobian appears)

    q_E(x) = (1/|E|) sum_{g in E} q(g x)

is the density of `g^-1 y` with y from q and g uniform in E: no approximation, whatever E is. It is invariant under h
where E h = E, as under the whole group if E is all of it.

It is never further from an invariant target p than q was. The Kullback-Leibler distance is convex in its first
argument, and q(g x) is as far from p(x) = p(g x) as q(x):

    KL(q_E || p) <= (1/|E|) sum_g KL(q o g || p) = KL(q || p).

The same holds of `E_q[w^2] = int p^2 / q`, which is convex in q too, and so of the effective sample size. What is won
is a mean over samples x of q_E, and not negative for any of them: with `pi_g = q(g x) / sum_h q(h x)`

    KL(q || p) - KL(q_E || p) = E[ sum_g pi_g log(|E| pi_g) ],

the distance of the shares of the orbit of x from equal ones.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from normflows.distributions import BaseDistribution
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.symmetry.actions.groups import Element, Group, InfiniteGroup, NoAction, group_named
from gaugeflow.symmetry.actions.lattice import Translations
from gaugeflow.symmetry.actions.values import Value

__all__ = ["Operations", "Symmetrized", "choose_operations"]

AT_ONCE = 256
"""Fields that go through the flow together: more leave the cache of a processor, and an iterated inverse waits for its
slowest field."""


class Operations(NamedTuple):
    """Symmetry operations to average over."""

    elements: Element
    """E, as one batch."""
    whole: tuple[str, ...]
    """The labels of the factors of the group all of whose elements are in it: q_E is invariant under these."""
    order: int
    """Of the whole group."""


class Symmetrized(BaseDistribution):
    """The distribution `q_E(x) = (1/|E|) sum_g q(g x)` of fields, as a base: `GaugeFlow(Symmetrized(...), [], action)`.

    A call of `log_prob` costs ``|E|`` evaluations of the flow, a sample one more.

    Args:
        flow: q.
        elements: E, see `choose_operations`.
        example: a field of the lattice as a value of `gaugeflow.symmetry`, such as `Links(u)`: how fields are read.
    """

    def __init__(self, flow: GaugeFlow, elements: Element, example: Value) -> None:
        super().__init__()
        self.flow, self.elements, self._example = flow, elements, example

    def forward(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Independent fields `(num_samples, ...)` and `log q_E`, `(num_samples,)`."""
        x = self.moved(*self.drawn(num_samples, generator))
        return x, self.log_prob(x)

    def drawn(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Samples of the flow's base, and for each the number of an operation, `(num_samples,)`."""
        z, _ = self.flow.q0(num_samples, generator)
        return z, torch.randint(len(self.elements), (num_samples,), generator=generator, device=generator.device)

    def moved(self, z: Tensor, numbers: Tensor) -> Tensor:
        """Through the layers, then by the inverses of the operations with these numbers."""
        y, _ = self.flow.forward_and_log_det(z)
        return self._acted(self.elements.inverse(), numbers, y)

    def orbit(self, x: Tensor) -> Tensor:
        """`log q(g x)` for every g in E, `(batch, |E|)`."""
        size = len(self.elements)
        numbers = torch.arange(size, device=x.device)
        parts = [
            self.flow.log_prob(self._acted(self.elements, numbers.repeat(len(part)), part.repeat_interleave(size, 0)))
            for part in x.split(max(1, AT_ONCE // size))
        ]
        return torch.cat(parts).reshape(len(x), size)

    def log_prob(self, x: Tensor) -> Tensor:
        """`log q_E(x)`, `(batch,)`."""
        return average(self.orbit(x))

    def _acted(self, elements: Element, numbers: Tensor, x: Tensor) -> Tensor:
        """D(g) x, a g for each field."""
        here = elements.map(lambda t: t.to(x.device)).take(numbers)
        moved: Tensor = here(self._example.with_data(x)).data
        return moved


def average(orbit: Tensor) -> Tensor:
    """`log q_E`, `(batch,)`, from the logarithms `(batch, |E|)` on an orbit."""
    return orbit.logsumexp(1) - math.log(orbit.shape[1])


def distance_won(orbit: Tensor) -> Tensor:
    """`sum_g pi_g log(|E| pi_g) >= 0` of each orbit, `(batch,)`: its mean over samples of q_E is the distance won."""
    shares = orbit.log_softmax(1)
    return (shares.exp() * shares).sum(1) + math.log(orbit.shape[1])


def choose_operations(group: Group | str, example: Value, count: int | None = None) -> Operations:
    """All elements of a finite group, or `count` of them that are exactly symmetric under as much of it as they can be.

    The factors of a product count as in `gaugeflow.symmetry`, the first acts first. As many of the first factors as
    fit are taken whole, a group H; of the products t of the others the first `count / |H|` are taken. E is the union of
    the cosets `t H`, and since `t H h = t H`, q_E is exactly invariant under H.

    Translations are in Morton's order, a box that doubles along one axis after the other: flows with masks repeat
    themselves after few sites, and such a box has all places of a mask equally often.

    Args:
        group: such as `"hypercubic * translations"`.
        example: a field on which the group is to act.
        count: ``|E|``; by default, and from the order of the group on, all of it.

    Raises:
        UserError: a group that is infinite or does not act on such fields, or a count that is no multiple of ``|H|``.
    """
    try:
        parts = [part.elements(example) for part in group_named(group).parts()]
        for part in parts:
            part.take(slice(1))(example.map(lambda t: t[:1]))
    except (InfiniteGroup, NoAction, ValueError) as error:
        raise UserError(f"symmetrized: {error}") from error
    sizes = [len(part) for part in parts]
    order = math.prod(sizes)
    count = order if count is None else min(count, order)
    fitting = sum(math.prod(sizes[: n + 1]) <= count for n in range(len(sizes)))
    size = math.prod(sizes[:fitting])
    if count % size:
        raise UserError(
            f"symmetrized: expected a number of elements that {size} divides, the order of "
            f"{' * '.join(map(_label, parts[:fitting]))}, came {count}"
        )
    words = _words([_in_order(part) for part in parts], torch.arange(count))
    return Operations(words, tuple(map(_label, parts[:fitting])), order)


def _in_order(part: Element) -> Element:
    """Translations in Morton's order: by the number in which the digits of all axes alternate, in base two."""
    group, parameters = part.factors[0]
    if not isinstance(group, Translations):
        return part
    shift = parameters["shift"]
    axes = shift.shape[1]
    digits = [((shift >> bit) & 1) << (axes * bit + torch.arange(axes)) for bit in range(int(shift.max()).bit_length())]
    number = sum(digits, torch.zeros_like(shift)).sum(1)
    return part.take(number.argsort())


def _words(parts: list[Element], numbers: Tensor) -> Element:
    """The products of elements of all factors with these numbers, in which the first factor is the fastest digit."""
    word = parts[0].take(numbers % len(parts[0]))
    for before, part in pairwise(parts):
        numbers = numbers // len(before)
        word = part.take(numbers % len(part)) @ word
    return word


def _label(part: Element) -> str:
    return part.factors[0][0].label()
