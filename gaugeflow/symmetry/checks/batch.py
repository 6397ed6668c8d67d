"""Whether a function sees one entry of the batch at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gaugeflow.symmetry.actions.values import Tree, batch_size, map_leaves, map_tensors, zip_leaves
from gaugeflow.symmetry.checks.precision import MARGIN, amplification_allowed, exceeds
from gaugeflow.symmetry.checks.probe import conditioning, relative_error
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict

__all__ = ["batch_finding", "mixing", "normalises_batch"]


def mixing(subject: Subject, x: Tree, dtype: torch.dtype, generator: torch.Generator | None) -> float:
    """How much the output of the first and of the last entry changes when all others become copies of it, in units
    of the output; 0 where it is no more than rounding. A batch of one gets a random companion, from `generator`."""
    if batch_size(x) == 1:
        return 0.0 if generator is None else _with_companion(subject, x, dtype, generator)
    y = subject(x, dtype)
    return max(_change(subject, x, y, dtype, entry) for entry in (0, batch_size(x) - 1))


def _change(subject: Subject, x: Tree, y: Tree, dtype: torch.dtype, entry: int) -> float:
    try:
        alone = subject(map_tensors(lambda t: t[entry : entry + 1].expand_as(t), x), dtype)
        change = relative_error(_entry(alone, entry), _entry(y, entry))
    except Unusable:
        return torch.inf
    return _beyond_rounding(subject, x, dtype, change)


def _with_companion(subject: Subject, x: Tree, dtype: torch.dtype, generator: torch.Generator) -> float:
    other = random_like(x, generator)
    values = iter([b for _, b in zip_leaves(x, other)])
    both = map_leaves(lambda leaf: _joined(leaf, next(values)), x)
    try:
        change = relative_error(_entry(subject(both, dtype), 0), subject(x, dtype))
    except Unusable:  # it takes one entry only, or no random ones
        return 0.0
    return _beyond_rounding(subject, x, dtype, change)


def _joined(leaf: Tree, other: Tree) -> Tree:
    parts = iter(other.tensors)
    return leaf.map(lambda t: torch.cat([t, next(parts)]))


def _entry(tree: Tree, entry: int) -> Tree:
    return map_tensors(lambda t: t[entry : entry + 1], tree)


def _beyond_rounding(subject: Subject, x: Tree, dtype: torch.dtype, change: float) -> float:
    eps = torch.finfo(dtype).eps
    table = amplification_allowed(subject.depth)
    if not exceeds(Tensor([change]), table * eps):
        return 0.0
    rounding = MARGIN * conditioning(subject, x, dtype)
    return change if bool(exceeds(Tensor([change]), max(table, rounding) * eps)) else 0.0


def normalises_batch(modules: list[nn.Module]) -> bool:
    """Whether a batch norm uses the statistics of the batch, as it does in training: that explains a dependence."""
    norms = (m for root in modules for m in root.modules() if isinstance(m, _BatchNorm))
    return any(m.training or m.running_mean is None for m in norms)


def batch_finding(change: float) -> Finding:
    """What is said of a function that mixes the entries of the batch unasked."""
    return Finding(
        "every entry of the batch for itself",
        Verdict.MIXES_BATCH,
        f"the output for one entry changes by {change:.1e} of its size with the other entries of the batch: a mean, a "
        "norm or an attention over the wrong axis; say batch_dependent=True if it is meant",
    )
