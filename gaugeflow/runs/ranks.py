"""Several processes that work on one run: who they are, and sums over them."""

import atexit
import gc
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

__all__ = ["Ranks", "join", "ranks"]

PATIENCE = timedelta(days=30)
"""The first rank makes the report alone; a rank that dies takes the others with it through torchrun."""
LEAVE = timedelta(seconds=5)
"""How long a process that is done waits for the others, so that none ends a connection that another still ends."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a run, numbered from 0; one alone is rank 0 of 1. They share batches `(batch, ...)`."""

    rank: int = 0
    size: int = 1

    @property
    def leader(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def part(self, batch: Tensor) -> Tensor:
        """This process's share of a batch that every process holds, `(batch / size, ...)`."""
        return batch.tensor_split(self.size)[self.rank]

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes, on each of them."""
        if self.size > 1:
            value = value.detach().clone()
            distributed.all_reduce(value)
        return value

    def gather(self, part: Tensor) -> Tensor:
        """The shares of all processes, one after another; they may differ in length, as those of `part` do."""
        if self.size == 1:
            return part
        if part.is_complex():  # which gloo does not send
            return torch.view_as_complex(self.gather(torch.view_as_real(part)))
        lengths = self.values(len(part))
        padded = part.new_zeros(max(lengths), *part.shape[1:])  # messages are of one length
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        distributed.all_gather(parts, padded)
        return torch.cat([share[:length] for share, length in zip(parts, lengths, strict=True)])

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over all processes, all of one dtype in one message."""
        if self.size == 1:
            return
        for dtype in {tensor.dtype for tensor in tensors}:
            group = [tensor for tensor in tensors if tensor.dtype == dtype]
            total = self.sum(torch.cat([tensor.flatten() for tensor in group]))
            for tensor, found in zip(group, total.split([tensor.numel() for tensor in group]), strict=True):
                tensor.copy_(found.view_as(tensor))

    def from_leader(self, value: Any) -> Any:
        """The plain value that the first process has, on all of them."""
        if self.size > 1:
            box = [value]
            distributed.broadcast_object_list(box, 0)
            return box[0]
        return value

    def largest(self, number: int) -> int:
        """The largest of the numbers of all processes."""
        return max(self.values(number))

    def values(self, value: Any) -> list[Any]:
        """The plain values that the processes have, in their order, on all of them."""
        if self.size == 1:
            return [value]
        boxes: list[Any] = [None] * self.size
        distributed.all_gather_object(boxes, value)
        return boxes


def ranks() -> Ranks:
    """The processes that have joined."""
    if distributed.is_available() and distributed.is_initialized():
        return Ranks(distributed.get_rank(), distributed.get_world_size())
    return Ranks()


def join(device: str) -> Ranks:
    """Meets the other processes that torchrun has started, over gloo or, on CUDA devices, NCCL.

    Each process on a CUDA device takes the one of its local rank as `cuda`. Without torchrun there is nobody to meet.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        cuda = device.startswith("cuda")
        if cuda:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
        atexit.register(_part)  # threads of the group that outlive the interpreter abort the process
    return ranks()


def _part() -> None:
    if distributed.is_initialized():
        if distributed.get_backend() == "gloo":
            with suppress(RuntimeError):  # one that failed does not come
                distributed.monitored_barrier(timeout=LEAVE)
        distributed.destroy_process_group()
        gc.collect()  # a group in a cycle would end its threads with the interpreter, and abort
