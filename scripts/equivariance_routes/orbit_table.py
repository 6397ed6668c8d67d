"""How often networks predict one class along an orbit: by plain and augmented training, ensembles, and two routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from equivariance_routes.orbits import images, orbit_outputs, same_predictions
from equivariance_routes.stacked import StackedDense, descend
from gaugeflow.symmetry import Group, Scalars, Value, routes

SEEDS, MEMBERS = 5, 20
WIDTH, BATCH, RATE = 48, 32, 3e-3
Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Problem:
    """What is classified.

    Args:
        group: under which predictions should not change.
        value: how the group reads an input.
        features: inputs `(batch, ...)` to what dense networks see, `(batch, features)`.
        x: training inputs, those of the first seed first.
        labels: their classes.
        moves: permutations of the features `(moves, features)` under which labels do not change either, drawn at random
            in training; they are no part of the group.
        copied: inputs `(batch, ...)` to several copies of each under such moves, side by side, `(batch * copies, ...)`.
        shared: whether every seed trains on all inputs, and not on its own.
        steps: of the optimiser.
    """

    group: Group
    value: type[Value]
    features: Network
    x: Tensor
    labels: Tensor
    moves: Tensor
    copied: Callable[[Tensor], Tensor]
    shared: bool
    steps: int

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


class Classifiers(nn.Module):
    """Inputs `(batch, ...)` to the logits of each member, `(batch, members, classes)`."""

    def __init__(self, problem: Problem, members: int, generator: torch.Generator) -> None:
        super().__init__()
        self.features = problem.features
        sizes = [problem.moves.shape[1], WIDTH, WIDTH, problem.classes]
        self.dense = StackedDense(members, sizes, generator)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.features(x)).movedim(0, 1)


@dataclass(frozen=True)
class Draws:
    """Batches for each member: features `(elements, inputs, features)` of which one element or all are seen."""

    table: Tensor
    labels: Tensor
    moves: Tensor
    members: int
    shared: bool
    generator: torch.Generator

    def __call__(self, every: bool) -> tuple[Tensor, Tensor]:
        """`(elements or 1, members, batch, features)`, and labels `(members, batch)`."""
        each = len(self.labels) // (1 if self.shared else SEEDS)
        seed = torch.arange(self.members)[:, None] * SEEDS // self.members
        chosen = self._below(each) + (0 if self.shared else each * seed)
        element = torch.arange(len(self.table))[:, None, None] if every else self._below(len(self.table))[None]
        drawn, move = self.table[element, chosen], self.moves[self._below(len(self.moves))]
        return drawn.gather(3, move.expand(drawn.shape)), self.labels[chosen]

    def _below(self, bound: int) -> Tensor:
        return torch.randint(bound, (self.members, BATCH), generator=self.generator)


def trained(problem: Problem, draws: Draws, every: bool = False) -> Classifiers:
    """Members that see a random element of each input, or, if `every`, whose mean over the group is trained."""
    networks = Classifiers(problem, draws.members, draws.generator)

    def loss(_: int) -> Tensor:
        seen, labels = draws(every)
        rows = seen.transpose(0, 1).flatten(1, 2)
        logits = networks.dense(rows).view(draws.members, len(seen), BATCH, -1).mean(1)
        return draws.members * cross_entropy(logits.flatten(0, 1), labels.flatten())

    descend(networks, loss, problem.steps, RATE)
    return networks.double()


def rows(
    problem: Problem, tested: dict[str, tuple[Tensor, Tensor]], generator: torch.Generator
) -> list[dict[str, Any]]:
    """For each method: elements with the same prediction and accuracy, for each test set and seed."""
    found = []
    for method, f in methods(problem, generator).items():
        row: dict[str, Any] = {"method": method, "same": {}, "accuracy": {}}
        for name, (x, labels) in tested.items():
            here, orbit = orbit_outputs(f, problem.value(x), problem.group)
            same = same_predictions(here, orbit).double()
            right = (here.argmax(-1) == labels[:, None]).double()
            row["same"][name], row["accuracy"][name] = by_seed(same), by_seed(right)
        found.append(row)
    return found


def by_seed(values: Tensor) -> list[float]:
    """Means over inputs and networks, `(batch, networks)`, for each seed."""
    return values.mean(0).view(SEEDS, -1).mean(1).tolist()


def methods(problem: Problem, generator: torch.Generator) -> dict[str, Network]:
    """Maps from inputs to logits `(batch, networks, classes)`, with as many networks for each seed."""
    orbit = images(problem.value(problem.x), problem.group)
    table = torch.stack([problem.features(moved).float() for moved in orbit])

    def draws(table: Tensor, members: int, moves: Tensor = problem.moves, labels: Tensor = problem.labels) -> Draws:
        return Draws(table, labels, moves, members, problem.shared, generator)

    augmented = trained(problem, draws(table, SEEDS * MEMBERS))
    forms, labels = canonical_forms(problem)
    canonical = trained(problem, draws(forms, SEEDS, torch.arange(forms.shape[2])[None], labels))
    return {
        "nothing": trained(problem, draws(table[:1], SEEDS)),
        "augmentation": augmented,
        "augmentation, ensemble of 5": partial(ensembles, augmented, 5),
        "augmentation, ensemble of 20": partial(ensembles, augmented, 20),
        "equivariant": routes.Average(
            trained(problem, draws(table, SEEDS), every=True), problem.value, problem.group, out=Scalars
        ),
        "canonical": routes.Canonical(canonical, problem.value, problem.group, out=Scalars),
    }


def ensembles(networks: Classifiers, size: int, x: Tensor) -> Tensor:
    """Means over ensembles of `size` members, `(batch, members / size, classes)`."""
    return networks(x).unflatten(1, (-1, size)).mean(2)


def canonical_forms(problem: Problem) -> tuple[Tensor, Tensor]:
    """Features `(1, copies, features)` of copies of the inputs in canonical form, and their labels.

    `routes.Canonical` shows its function such forms. A move behind it would spoil them, hence the copies.
    """
    form = routes.Canonical(lambda x: x, problem.value, problem.group, out="invariants")
    copies = problem.copied(problem.x)
    forms = torch.cat([problem.features(form(part)).float() for part in copies.split(1000)])
    return forms[None], problem.labels.repeat_interleave(len(copies) // len(problem.x))
