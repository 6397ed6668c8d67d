"""Sharing a loop between threads that need no lock of Python's.

Compiled loops release the global interpreter lock, so that plain threads suffice. Unlike numba's own parallel layers
they may be started from several Python threads at once, survive a fork, and do not stop the process where OpenMP
libraries meet.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch

__all__ = ["share", "threads_for_kernels"]

PIECES_PER_THREAD = 4  # so that a thread whose core is busy with something else does less


_threads: ContextVar[int | None] = ContextVar("threads", default=None)


@contextmanager
def threads_for_kernels() -> Iterator[None]:
    """Leaves the threads that torch uses to :func:`share`: torch itself runs in one.

    Between two parallel regions torch's threads wait by spinning (OpenMP), on the cores that compiled loops need: work
    that changes often between the two ran no faster on two cores than on one, and ten times slower on busy ones.
    """
    threads = torch.get_num_threads()
    token = _threads.set(_threads.get() or threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _threads.reset(token)


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="gaugeflow")


os.register_at_fork(after_in_child=_pool.cache_clear)


def share(work: Callable[..., object], arguments: tuple[Any, ...], count: int, least: int = 1) -> None:
    """Calls ``work(start, stop, *arguments)`` on pieces of ``range(count)``, on as many threads as torch uses.

    Args:
        work: one piece of the loop; releases the lock.
        arguments: what every piece gets besides its bounds.
        count: length of the loop.
        least: smallest piece worth the cost of handing it to a thread.
    """
    threads = _threads.get() or torch.get_num_threads()
    pieces = min(threads * PIECES_PER_THREAD, count // least) if threads > 1 else 1
    if pieces <= 1:
        work(0, count, *arguments)
        return
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    for done in [_pool(threads).submit(work, *span, *arguments) for span in pairwise(bounds)]:
        done.result()
