"""Sharing a loop between threads that need no lock of Python's.

Compiled loops release the global interpreter lock, so that plain threads suffice. Unlike numba's own parallel layers
they may be started from several Python threads at once, survive a fork, and do not stop the process where OpenMP
libraries meet.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch

__all__ = ["share"]

PIECES_PER_THREAD = 4  # so that a thread whose core is busy with something else does less


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
    threads = torch.get_num_threads()
    pieces = min(threads * PIECES_PER_THREAD, count // least) if threads > 1 else 1
    if pieces <= 1:
        work(0, count, *arguments)
        return
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    for done in [_pool(threads).submit(work, *span, *arguments) for span in pairwise(bounds)]:
        done.result()
