"""Sums over pairs of matrices and transported matrices for large fields on the CPU, compiled and differentiable.

    out_i(x) = sum_jk alpha_ijk A_j(x) B_k(x),    B = U_p(x) W_c(x + p) U_p(x)^dagger

as :mod:`gaugeflow.nn.sums.products` and :mod:`gaugeflow.nn.sums.transport` have it, in chunks of sites: what is
transported and mixed exists for one chunk at a time, and the backward pass computes it once more. Derivatives of
derivatives follow the same formula in torch.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.kernels import Path
from gaugeflow.kernels.numba.layout import vector_bytes
from gaugeflow.kernels.numba.threads import share
from gaugeflow.lattice.paths import displacement
from gaugeflow.nn.sums import pair_loops
from gaugeflow.nn.sums.pair_loops import Fields, Job

__all__ = ["CompiledPairs", "Plan"]

CHUNK_BYTES = 1 << 22
"""Size of the mixed matrices of one chunk: near the processor, yet enough work for its threads."""
LEAST_VECTORS = 4
"""Vectors of a chunk that are worth handing to a thread."""


class Plan(NamedTuple):
    """What is summed, beside the tensors."""

    shape: tuple[int, ...]
    paths: tuple[Path, ...]
    adjoints_left: bool
    adjoints_right: bool
    unit_left: bool
    unit_right: bool
    reference: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """The same sum of (lines, left, right, weight) in torch, for derivatives of derivatives."""


class CompiledPairs(torch.autograd.Function):
    """``apply(plan, lines, left, right, weight)``.

    ``lines`` are the products along the paths that are not empty ``(P, batch, *shape, N, N)``, empty in U(1); ``left``
    and ``right`` the fields of the A and the W ``(batch, C, *shape, N, N)``; ``weight`` is real ``(I, J, K)``, in the
    order matrices, adjoints, unit, those of all paths behind one another.
    """

    @staticmethod
    def forward(ctx: Any, plan: Plan, lines: Tensor, left: Tensor, right: Tensor, weight: Tensor) -> Tensor:
        ctx.plan = plan
        ctx.save_for_backward(lines, left, right, weight)
        work = _Work(plan, lines, left, right, weight)
        out = left.new_empty(right.shape[0], weight.shape[0], *right.shape[2:])
        for first in range(0, work.sites, work.job.chunk):
            work.mix(first)
            work.share(pair_loops.multiply, first, work.fields, work.mixed, _numbers(out))
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        inputs, plan = ctx.saved_tensors, ctx.plan
        if torch.is_grad_enabled():
            apart = [x.view_as(x) for x in inputs]  # A and W may be one tensor, whose gradient comes in two parts
            wanted = [x for x, needed in zip(apart, ctx.needs_input_grad[1:], strict=True) if needed]
            out = plan.reference(*apart)
            found = iter(torch.autograd.grad(out, wanted, grads[0], create_graph=True, allow_unused=True))
            return None, *[next(found) if needed else None for needed in ctx.needs_input_grad[1:]]
        moving = any(ctx.needs_input_grad[i] for i in (1, 3))
        return None, *_Work(plan, *inputs).backward(grads[0].resolve_conj().contiguous(), moving)


class _Work:
    """The arrays of one call, and the steps on each chunk."""

    def __init__(self, plan: Plan, lines: Tensor, left: Tensor, right: Tensor, weight: Tensor) -> None:
        n, real = right.shape[-1], right.real.dtype
        (outs, factors, _), (channels, copies) = weight.shape, (right.shape[1], len(plan.paths))
        self.given, self.plan, k = (lines, left, right), plan, channels * copies
        lanes = vector_bytes() // real.itemsize
        self.sites = right.shape[0] * int(np.prod(plan.shape))
        per_vector = lanes * 2 * n * n * real.itemsize * outs * factors
        chunk = lanes * max(1, min(CHUNK_BYTES // per_vector, -(-self.sites // lanes)))
        sizes = (right.shape[0], self.sites // right.shape[0], left.shape[1], channels, copies, outs, factors)
        self.job = Job(*sizes, plan.adjoints_left, plan.unit_left, chunk, *_table(plan.shape, plan.paths, n > 1))
        self.size, self.lanes = (0,) * n, (np.dtype(str(real).removeprefix("torch.")).type(0),) * lanes
        self.fields = Fields(*map(_numbers, self.given))
        self.signs = _signed(weight.to(real), k, plan)
        self.unit = weight[..., -1:].to(real).flatten(0, 1) if plan.unit_right else None
        self.parts = right.new_empty(2, k, n * n * chunk, dtype=real)
        self.both = right.new_empty(2, outs * factors, n * n * chunk, dtype=real)
        self.mixed = _flat(self.both)

    def share(self, loop: Callable[..., object], first: int, *arrays: Fields | NDArray[Any]) -> None:
        vectors = -(-min(self.job.chunk, self.sites - first) // len(self.lanes))

        def work(start: int, stop: int) -> None:
            loop(self.size, self.lanes, start, stop, self.job, first, *arrays)

        share(work, (), vectors, LEAST_VECTORS)

    def share_channels(self, first: int, carried: NDArray[Any], grads: Fields) -> None:
        """Takes gradients to the ends of the paths, which may lie anywhere; so threads share channels, not sites."""

        def work(start: int, stop: int) -> None:
            pair_loops.gather_back(self.size, start, stop, self.job, first, carried, grads)

        share(work, (), self.job.right)

    def mix(self, first: int) -> None:
        """The parts of ``C_ij = sum_k alpha_ijk B_k`` of a chunk."""
        self.share(pair_loops.ends, first, self.fields, _flat(self.parts))
        torch.bmm(self.signs, self.parts, out=self.both)
        if self.unit is not None:
            self.both[0, :, : len(self.size) * self.job.chunk] += self.unit

    def backward(self, grad: Tensor, moving: bool) -> tuple[Tensor, ...]:
        """Gradients of lines, left, right and weight; ``moving`` tells whether those of lines and right are wanted."""
        found = [torch.zeros_like(f, memory_format=torch.contiguous_format) for f in self.given]
        grads = Fields(*map(_numbers, found))
        signs, unit = torch.zeros_like(self.signs), torch.zeros_like(self.signs[0, :, :1])
        n, job = len(self.size), self.job
        carried = torch.empty(2 * n * n * job.paths * job.right * job.chunk, dtype=self.parts.dtype)
        for first in range(0, self.sites, job.chunk):
            self.mix(first)
            if first + job.chunk > self.sites:
                self._clear(first)
            self.share(pair_loops.multiply_back, first, self.fields, grads, self.mixed, _numbers(grad))
            signs.baddbmm_(self.both, self.parts.mT)
            unit += self.both[0, :, : n * job.chunk].sum(1, keepdim=True)
            if not moving:
                continue
            torch.bmm(self.signs.mT, self.both, out=self.parts)
            self.share(pair_loops.ends_back, first, self.fields, grads, _flat(self.parts), _flat(carried))
            self.share_channels(first, _flat(carried), grads)
        return (*found, _unsigned(signs, unit, self.plan, job))

    def _clear(self, first: int) -> None:
        """Zero where a chunk has no sites, so that nothing of an older one counts."""
        for parts in (self.parts, self.both):
            parts.unflatten(-1, (-1, self.job.chunk))[..., self.sites - first :] = 0


def _signed(weight: Tensor, k: int, plan: Plan) -> Tensor:
    """What multiplies Hermitian and anti-Hermitian parts, ``(2, I J, k)``: sums and differences of weights."""
    matrices = weight[..., :k].flatten(0, 1)
    if not plan.adjoints_right:
        return torch.stack((matrices, matrices))
    adjoints = weight[..., k : 2 * k].flatten(0, 1)
    return torch.stack((matrices + adjoints, matrices - adjoints))


def _unsigned(signs: Tensor, unit: Tensor, plan: Plan, job: Job) -> Tensor:
    """The transpose of :func:`_signed`."""
    kinds = [signs.sum(0)] + [signs[0] - signs[1]] * plan.adjoints_right + [unit] * plan.unit_right
    return torch.cat(kinds, -1).unflatten(0, (job.out, job.factors))


def _numbers(field: Tensor) -> NDArray[Any]:
    return _flat(torch.view_as_real(field))


def _flat(field: Tensor) -> NDArray[Any]:
    return field.view(-1).numpy()


@lru_cache(maxsize=32)
def _table(
    shape: tuple[int, ...], paths: Sequence[Path], matrices: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The sites themselves and for each path those at its end, ``(1 + P, sites)``; and the line of each path."""
    sites = np.arange(int(np.prod(shape))).reshape(shape)
    axes = tuple(range(len(shape)))
    ends = [np.roll(sites, [-d for d in displacement(path, len(shape))], axes) for path in paths]
    walked = [path for path in paths if path and matrices]
    line_of = [walked.index(path) if path in walked else -1 for path in paths]
    return np.stack([sites, *ends]).reshape(1 + len(paths), -1), np.array(line_of, dtype=np.int64)
