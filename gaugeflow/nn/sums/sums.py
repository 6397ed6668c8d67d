"""The sums that layers are made of: over transported matrices, and over pairs of them.

Large fields on the CPU take the compiled way (:mod:`gaugeflow.nn.sums.compiled`); everything else, and whatever
``torch.func`` transforms, that of torch, which is the reference of its tests.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import forward_ad

from gaugeflow.kernels import Path
from gaugeflow.nn.sums.products import pair_sum
from gaugeflow.nn.sums.rows import block_rows, from_rows, mix
from gaugeflow.nn.sums.transport import carry_rows

__all__ = ["sum_ends", "sum_pairs"]

WORTH_COMPILING = 1 << 16
"""Complex numbers in the transported matrices from which loading compiled code pays."""


def sum_pairs(
    lines: Tensor,
    left: Tensor,
    right: Tensor,
    weight: Tensor,
    paths: tuple[Path, ...],
    adjoints: bool,
    unit: bool,
    recompute: bool = False,
) -> Tensor:
    """``out_i = sum_jk alpha_ijk A_j B_k`` where A are the matrices at x and B those at the ends of paths from x.

    Args:
        lines: :func:`~gaugeflow.nn.sums.transport.path_lines` of the paths.
        left: ``(batch, C, *shape, N, N)``.
        right: ``(batch, C', *shape, N, N)``.
        weight: real ``(I, J, K)``, see :func:`~gaugeflow.nn.sums.products.pair_sum`; K runs over paths, then channels.
        paths: from x; the empty one stays there.
        adjoints: whether A and B include the Hermitian conjugates.
        unit: whether they include the unit matrix.
        recompute: in torch, save memory in the backward pass by computing sums once more, as the compiled way does.

    Returns:
        ``(batch, I, *shape, N, N)``.
    """

    def reference(lines: Tensor, left: Tensor, right: Tensor, weight: Tensor) -> Tensor:
        carried = carry_rows(lines, block_rows(right), paths).flatten(-3, -2)
        return from_rows(pair_sum(block_rows(left), carried, weight, adjoints, unit, recompute))

    return _compiled(reference, paths, (adjoints, adjoints, unit, unit), lines, left, right, weight)


def sum_ends(lines: Tensor, w: Tensor, weight: Tensor, paths: tuple[Path, ...]) -> Tensor:
    """``out_i = sum_k omega_ik B_k``: the sum over pairs whose only A is the unit; ``weight`` is real ``(I, K)``."""

    def reference(lines: Tensor, none: Tensor, w: Tensor, weight: Tensor) -> Tensor:
        return mix(weight[:, 0], carry_rows(lines, block_rows(w), paths).flatten(-3, -2)).movedim(0, 1)

    return _compiled(reference, paths, (False, False, True, False), lines, w[:, :0], w, weight[:, None])


def _compiled(
    reference: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    paths: tuple[Path, ...],
    kinds: tuple[bool, bool, bool, bool],
    *fields: Tensor,
) -> Tensor:
    """The reference of these fields, by the compiled loops where they serve and pay."""
    right = fields[2]
    if right.device.type != "cpu" or right.numel() * len(paths) < WORTH_COMPILING or any(map(_transformed, fields)):
        return reference(*fields)
    from gaugeflow.nn.sums.compiled import CompiledPairs, Plan

    lines, left, right, weight = (field.resolve_conj().contiguous() for field in fields)
    plan = Plan(tuple(right.shape[2:-2]), paths, *kinds, reference)
    return CompiledPairs.apply(plan, lines, left, right, weight.to(right.real.dtype))


def _transformed(field: Tensor) -> bool:
    """Whether a transformation of torch.func or a forward derivative follows ``field``."""
    if torch._C._functorch.is_functorch_wrapped_tensor(field):
        return True
    return forward_ad.unpack_dual(field).tangent is not None
