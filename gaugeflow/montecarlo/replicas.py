"""Parallel tempering: replicas of one field along a path of actions, which change places."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Region
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.lattice.profiles.difference import Difference
from gaugeflow.montecarlo.heatbath import HeatBath
from gaugeflow.montecarlo.sampler import Sampler, check_start
from gaugeflow.random import draw_key, stream

__all__ = ["Replicas", "swap_"]

TUNE_EVERY = 10
"""Updates of the warm-up over which acceptances are averaged before the actions move."""


class Crew(Protocol):
    """Processes that share the replicas, as :class:`gaugeflow.runs.Ranks`."""

    @property
    def size(self) -> int:
        """How many processes."""

    def part(self, batch: Tensor, /) -> Tensor:
        """The share of this process."""

    def gather(self, part: Tensor, /) -> Tensor:
        """The shares of all, one after another."""

    def values(self, value: Any, /) -> list[Any]:
        """A plain value of each process."""


def swap_(difference: Difference, a: Tensor, b: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Fields of the actions S_a and S_b change places with probability ``min(1, exp(-D(a) + D(b)))``, D = S_b - S_a.

    What has to be copied is copied within the memory of a and b, and where most of them change places it is the others
    that are copied back: at most half of all.

    Args:
        difference: D.
        a: ``(batch, ...)``, distributed as ``exp(-S_a)``; changed.
        b: the same as ``exp(-S_b)``.
        generator: source of the accept steps.

    Returns:
        The new a, the new b, and the probability of each pair, ``(batch,)``, with a minus where it was not accepted.
    """
    probability = torch.exp((difference(b) - difference(a)).clamp(max=0))
    taken = torch.rand(len(a), generator=generator, dtype=torch.float64, device=a.device) < probability
    most = 2 * int(taken.sum()) > len(a)
    if most:
        a, b = b, a
    held = torch.empty_like(a[:1])
    for chain in torch.nonzero(taken != most).tolist():
        held.copy_(a[chain])
        a[chain] = b[chain]
        b[chain] = held
    return a, b, torch.where(taken, probability, -probability)


class Replicas(Sampler):
    """One update of every replica, swaps of neighbours, then further updates and swaps in smaller and smaller regions.

    `update` takes and gives the field of the first replica, whose action is the target's; the others are kept here.
    A slow mode is overcome where it is fast, at the other end of the path: at a weaker coupling, R. Swendsen, J.-S.
    Wang, Phys. Rev. Lett. 57 (1986) 2607, or with a defect, where charge flows in and out (PTBC: M. Hasenbusch,
    arXiv:1706.04443; for gauge fields C. Bonanno, C. Bonati, M. D'Elia, arXiv:2012.14000).

    While ``warmup`` is true the actions move along the path until all neighbours swap as often. Each replica draws from
    a stream of its own, so that any number of processes makes the same fields.

    Args:
        path: the action at each t from 0, the target's, to 1, the other end.
        make: the sampler of an action.
        replicas: how many, two or more.
        regions: for each a heat-bath sweep of its links alone and swaps, after the update of the whole lattice.
        translate: whether the field of the target is moved by a random translation after swaps, so that a defect
            works everywhere; the target must be invariant.

    Raises:
        UserError: fewer than two replicas.
    """

    def __init__(
        self,
        path: Callable[[float], LoopAction],
        make: Callable[[LoopAction], Sampler],
        replicas: int,
        regions: Sequence[Region] = (),
        translate: bool = False,
    ) -> None:
        if replicas < 2:
            raise UserError(f"replicas: expected at least two, got {replicas}")
        self.path, self.regions, self.translate = path, tuple(regions), translate
        self.samplers = [make(path(0.0)) for _ in range(replicas)]
        self.warmup = True
        self._crew: Crew | None = None
        self._others: list[Tensor] = []
        self._walkers = self._far = torch.empty(0)
        self._tuned, self._swapped = 0, torch.zeros(replicas - 1, dtype=torch.float64)
        self._space_out(torch.full((replicas - 1,), 1 / (replicas - 1), dtype=torch.float64))

    @property
    def times(self) -> list[float]:
        """Where on the path each replica stands."""
        return [0.0, *self._gaps.cumsum(0).tolist()]

    def share(self, crew: Crew) -> None:
        """Several processes move the replicas, each some of them; all hold the same fields after each update.

        Raises:
            UserError: more processes than replicas.
        """
        if crew.size > len(self.samplers):
            raise UserError(
                f"replicas: expected one at least for each of {crew.size} processes, got {len(self.samplers)}"
            )
        self._crew = crew if crew.size > 1 else None

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The next field of the target ``(batch, ...)``.

        Returns:
            The field; ``swap_acceptance`` of each pair of neighbours, ``(batch, replicas - 1)``; and ``round_trips``
            that replicas have completed from the target to the other end and back, ``(batch,)``.

        Raises:
            UserError: what the samplers and the actions refuse.
        """
        check_start(self._actions[0].space, field, generator)
        fields = self._joined(field)
        for sampler in self.samplers:
            sampler.warmup = self.warmup
        fields = self._moved(fields, self.samplers, generator)
        fields, found = self._swaps(fields, generator)
        for region in self.regions:
            moves = [HeatBath(action, region=region) for action in self._actions]
            fields = self._moved(fields, moves, generator)
            fields, more = self._swaps(fields, generator)
            found = found + more
        self._others = fields[1:]
        tries = 1 + len(self.regions)
        if self.warmup:
            self._tune(found.abs().mean(0) / tries)
        return fields[0], {"swap_acceptance": self._taken / tries, "round_trips": self._round_trips()}

    def _moved(self, fields: list[Tensor], moves: Sequence[Sampler], generator: torch.Generator) -> list[Tensor]:
        """One update of each replica, here or by another process."""
        keys = [draw_key(generator) for _ in fields]

        def moved(k: int) -> Tensor:
            return moves[k].update(fields[k], stream("replica", keys[k], device=fields[k].device))[0]

        places = torch.arange(len(fields))
        if self._crew is None:
            return [moved(k) for k in places.tolist()]
        mine = self._crew.part(places).tolist()
        fields = [*self._crew.gather(torch.stack([moved(k) for k in mine]))]
        if self.warmup:
            states = self._crew.values([moves[k].state_dict() for k in mine])
            for move, state in zip(moves, itertools.chain(*states), strict=True):
                move.load_state_dict(state)
        return fields

    def _joined(self, field: Tensor) -> list[Tensor]:
        """The field and the other replicas, which begin as copies of it."""
        if not self._others or self._others[0].shape != field.shape:
            self._others = [field.clone() for _ in self.samplers[1:]]
            walkers = torch.arange(len(self.samplers), device=field.device)
            self._walkers = walkers[:, None].expand(-1, len(field)).clone()
            self._far = torch.zeros_like(self._walkers, dtype=torch.bool)
        self._taken = torch.zeros(len(field), len(self.samplers) - 1, dtype=torch.float64, device=field.device)
        return [field, *(other.to(field) for other in self._others)]

    def _swaps(self, fields: list[Tensor], generator: torch.Generator) -> tuple[list[Tensor], Tensor]:
        """Every second pair, then the others; signed probabilities ``(batch, replicas - 1)``."""
        found = torch.zeros_like(self._taken)
        for k in [*range(0, len(fields) - 1, 2), *range(1, len(fields) - 1, 2)]:
            fields[k], fields[k + 1], found[:, k] = swap_(self._differences[k], fields[k], fields[k + 1], generator)
            taken = found[:, k] > 0
            pair = self._walkers[k : k + 2]
            self._walkers[k : k + 2] = torch.where(taken, pair.flip(0), pair)
        self._taken += found > 0
        if self.translate:
            fields[0] = _translated(fields[0], generator)
        return fields, found.abs()

    def _round_trips(self) -> Tensor:
        """Replicas that have come home from the other end in this update, ``(batch,)``."""
        self._far.scatter_(0, self._walkers[-1:], True)
        home = self._walkers[:1]
        back = self._far.gather(0, home)
        self._far.scatter_(0, home, False)
        return back[0].double()

    def _tune(self, acceptance: Tensor) -> None:
        """Pairs that swap more often than the others move apart."""
        self._tuned += 1
        self._swapped += acceptance.cpu() / TUNE_EVERY
        if self._tuned % TUNE_EVERY == 0:
            gain = (TUNE_EVERY / self._tuned) ** 0.5
            gaps = self._gaps * torch.exp(gain * (self._swapped - self._swapped.mean()))
            self._space_out(gaps / gaps.sum())
            self._swapped.zero_()

    def _space_out(self, gaps: Tensor) -> None:
        """Sets the actions by their distances on the path, which sum to 1."""
        self._gaps = gaps
        self._actions = [self.path(min(t, 1.0)) for t in self.times]
        self._differences = [Difference(a, b) for a, b in zip(self._actions, self._actions[1:], strict=False)]
        for sampler, action in zip(self.samplers, self._actions, strict=True):
            sampler.action = action  # type: ignore[attr-defined]  # every sampler of links has one

    def state_dict(self) -> dict[str, Any]:
        """The tuning and the other replicas."""
        return {
            "warmup": self.warmup,
            "gaps": self._gaps,
            "tuned": self._tuned,
            "swapped": self._swapped,
            "others": self._others,
            "walkers": self._walkers,
            "far": self._far,
            "samplers": [sampler.state_dict() for sampler in self.samplers],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        self.warmup, self._tuned = bool(state["warmup"]), int(state["tuned"])
        self._others, self._walkers, self._far = list(state["others"]), state["walkers"].clone(), state["far"].clone()
        self._swapped = state["swapped"].clone()
        for sampler, mine in zip(self.samplers, state["samplers"], strict=True):
            sampler.load_state_dict(mine)
        self._space_out(state["gaps"].clone())


def _translated(field: Tensor, generator: torch.Generator) -> Tensor:
    """All chains moved by the same random translation."""
    shape = lattice_shape(field)
    shifts = [int(torch.randint(n, (), generator=generator, device=field.device)) for n in shape]
    return field.roll(shifts, tuple(range(2, 2 + len(shape))))
