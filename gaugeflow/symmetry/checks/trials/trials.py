"""The trials of a check: inputs and group elements drawn chunk by chunk, each chunk again from the seed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.groups import Element, Group
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, map_leaves, map_tensors, zip_leaves

__all__ = ["Trials", "master"]


def master(x: Tree) -> Tree:
    """The example in float64, links that lost their unitarity to float32 put back on the group."""

    def widen(leaf: Value) -> Value:
        leaf = leaf.map(lambda t: _widened(t.detach()))
        return leaf.refined() if isinstance(leaf, Links) else leaf

    return map_leaves(widen, x)


def _widened(tensor: Tensor) -> Tensor:
    if tensor.is_complex():
        return tensor.to(torch.complex128)
    return tensor.double() if tensor.is_floating_point() else tensor


@dataclass(frozen=True)
class Trials:
    """Every chunk holds `size` trials. The inputs are entries of the example in even chunks, and random ones of the
    same shape in odd chunks if `fresh`. With `shared` all entries of a chunk meet the same group element, and the
    chunk counts as one trial."""

    x: Tree
    group: Group
    seed: int
    count: int
    size: int
    fresh: bool = True
    shared: bool = False

    @property
    def chunks(self) -> int:
        per_chunk = 1 if self.shared else self.size
        return max(-(-self.count // per_chunk), 2 if self.fresh else 1)

    def generator(self, chunk: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 1_000_003 + chunk) % 2**63)

    def is_fresh(self, chunk: int) -> bool:
        return self.fresh and chunk % 2 == 1

    def draw(self, chunk: int) -> tuple[Tree, Element]:
        """Inputs `(size, ...)` in float64 and as many group elements."""
        generator = self.generator(chunk)
        first = (chunk // 2 if self.fresh else chunk) * self.size
        index = (first + torch.arange(self.size)) % batch_size(self.x)
        x = map_tensors(lambda t: t[index.to(t.device)], self.x)
        if self.is_fresh(chunk):
            x = random_like(x, generator)
        if not self.shared:
            return x, self.group.element(x, self.size, generator)
        element = self.group.element(map_tensors(lambda t: t[:1], x), 1, generator)
        return x, element.take(torch.zeros(self.size, dtype=torch.long))

    def describe(self, trial: int) -> str:
        chunk, entry = divmod(trial, self.size)
        if self.is_fresh(chunk):
            return f"random input {entry} of chunk {chunk}"
        first = (chunk // 2 if self.fresh else chunk) * self.size
        return f"entry {(first + entry) % batch_size(self.x)} of the example"


def random_like(x: Tree, generator: torch.Generator) -> Tree:
    return map_leaves(lambda leaf: leaf.random_like(generator), x)


def moved(x: Tree, gx: Tree) -> Tensor:
    """Which entries of the batch a group element changes at all, `(batch,)`."""
    changes = [(a.distance(b) > 1e-9 * a.magnitude()).any(1) for a, b in zip_leaves(gx, x)]
    return torch.stack(changes).any(0)
