"""Frames of point clouds: principal axes with signs, and weighted frames of pairs of points, which are continuous."""

from __future__ import annotations

from itertools import permutations, product

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.values import Tree, leaves
from gaugeflow.symmetry.routes.choices.best import best, near_best
from gaugeflow.symmetry.routes.choices.chosen import Chosen, each_once

__all__ = ["frames_of_tuples", "principal_axes"]


def principal_axes(group: Euclidean, x: Tree, tolerance: float) -> Chosen:
    """The motion that puts the centre at the origin and the principal axes along the coordinates.

    The axes are the eigenvectors of the second moments in the order of the eigenvalues. Their signs make the third
    moments along them positive, as far as det = +1 allows without reflections; what is left undecided within
    `tolerance` machine epsilons is averaged. The map jumps where two eigenvalues meet or a third moment vanishes, and
    does not exist at equal eigenvalues: `Frame` is continuous there.
    """
    data, shift = _centred(group, x)
    if not group.rotations:
        rotation = torch.eye(data.shape[2], dtype=data.dtype, device=data.device).expand(len(data), -1, -1)
        return each_once(_motion(group, rotation, shift), data)
    axes = torch.linalg.eigh(data.mT @ data).eigenvectors
    along = data @ axes
    third = along.pow(3).sum(1) / along.norm(dim=2).pow(3).sum(1, keepdim=True).clamp(min=torch.finfo(data.dtype).tiny)
    flips = torch.tensor(list(product([1.0, -1.0], repeat=data.shape[2])), dtype=data.dtype, device=data.device)
    scores = third @ flips.mT
    if not group.reflections:
        handed = determinant(axes).sign().unsqueeze(1) * flips.prod(1)
        scores = torch.where(handed > 0, scores, -torch.inf)
    entry, candidate, weight = best(scores, tolerance)
    rotation = axes[entry] * flips[candidate].unsqueeze(1)
    return Chosen(_motion(group, rotation, shift[entry]), entry, weight)


def frames_of_tuples(group: Euclidean, x: Tree, width: float) -> Chosen:
    """The frames that every d - 1 points span around the centre, weighted by how well they span it.

    In three dimensions the first axis points from the centre to point i, the second one to point j as far as it is
    at right angles to the first, and the third one is their cross product, and its opposite too if there are
    reflections. A pair is scored by the squared area of its parallelogram, in units of the largest one. A frame that
    is not defined has weight zero, so the sum is continuous (weighted frames, arXiv:2402.16077, where principal axes
    and all other finite unweighted frames are shown not to be). It does not exist where no d - 1 points span
    anything: all points on a line through the centre for d = 3.
    """
    data, shift = _centred(group, x)
    n, d = data.shape[1:]
    if not group.rotations:
        return principal_axes(group, x, 0.0)
    if n < d - 1:
        raise ValueError(f"expected at least {d - 1} points for frames in {d} dimensions, got {n}")
    tuples = torch.tensor(list(permutations(range(n), d - 1)), device=data.device).reshape(-1, d - 1)
    spans = data[:, tuples].mT  # (batch, tuples, d, d - 1)
    volume = determinant(spans.mT @ spans)
    entry, candidate, weight = near_best(volume / volume.amax(1, keepdim=True), width)
    rotation = _completed(spans[entry, candidate])
    if not group.reflections:
        return Chosen(_motion(group, rotation, shift[entry]), entry, weight)
    mirror = torch.ones(2, d, dtype=data.dtype, device=data.device)
    mirror[1, -1] = -1
    both = (rotation.unsqueeze(1) * mirror.unsqueeze(1)).flatten(0, 1)
    entry, weight = entry.repeat_interleave(2), weight.repeat_interleave(2) / 2
    return Chosen(_motion(group, both, shift[entry]), entry, weight)


def _completed(spans: Tensor) -> Tensor:
    """Gram-Schmidt of the columns `(size, d, d - 1)`, and the last axis that makes the determinant one."""
    axes: list[Tensor] = []
    for column in spans.unbind(2):
        for axis in axes:
            column = column - (axis * column).sum(1, keepdim=True) * axis
        axes.append(column / column.norm(dim=1, keepdim=True))
    return torch.stack([*axes, _last_axis(axes, spans)], dim=2)


def _last_axis(axes: list[Tensor], like: Tensor) -> Tensor:
    """The cofactors of the last column: its cross product in three dimensions."""
    size, d, _ = like.shape
    if d == 1:
        return torch.ones(size, 1, dtype=like.dtype, device=like.device)
    others = torch.stack(axes, dim=2)
    minors = [determinant(torch.cat([others[:, :i], others[:, i + 1 :]], dim=1)) for i in range(d)]
    return torch.stack([minor * (-1) ** (i + d - 1) for i, minor in enumerate(minors)], dim=1)


def determinant(matrix: Tensor) -> Tensor:
    """det of small matrices `(..., d, d)` by expansion along the first row: a polynomial, with derivatives of any
    order in any mode, which those of `torch.linalg.det` are not."""
    d = matrix.shape[-1]
    if d == 1:
        return matrix[..., 0, 0]
    below = matrix[..., 1:, :]
    minors = [determinant(torch.cat([below[..., :k], below[..., k + 1 :]], dim=-1)) for k in range(d)]
    return torch.stack([matrix[..., 0, k] * minor * (-1) ** k for k, minor in enumerate(minors)]).sum(0)


def _centred(group: Euclidean, x: Tree) -> tuple[Tensor, Tensor]:
    """Positions around the centre, `(batch, n, d)`, and the centre; as they are without translations."""
    points = next((leaf.data for leaf in leaves(x) if isinstance(leaf, Points)), None)
    if points is None:
        raise ValueError(f"frames under {group.label()} need points, got {', '.join(leaf.name for leaf in leaves(x))}")
    centre = points.mean(1) if group.translations else torch.zeros_like(points[:, 0])
    return points - centre.unsqueeze(1), centre


def _motion(group: Euclidean, rotation: Tensor, shift: Tensor) -> Element:
    return Element(((group, {"rotation": rotation, "shift": shift}),))
