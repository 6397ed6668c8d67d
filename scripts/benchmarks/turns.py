"""Jobs that take turns, so that a busy machine disturbs all alike."""

import argparse
import math
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from benchmarks.output import CLOCKS, parser_of

__all__ = ["parser_of_turns", "shortest"]

Name = TypeVar("Name", bound=Hashable)


def parser_of_turns(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every benchmark, and those of the turns."""
    parser = parser_of(description)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=list(CLOCKS), default="cpu")
    parser.add_argument("--rounds", type=int, default=5, help="least number of turns of all")
    parser.add_argument("--seconds", type=float, default=5.0, help="least time spent on each comparison")
    return parser


def shortest(jobs: dict[Name, Callable[[], Any]], arguments: argparse.Namespace) -> dict[Name, float]:
    """The shortest time of each job, after a turn that does not count."""
    clock, found = CLOCKS[arguments.clock], dict.fromkeys(jobs, math.inf)
    for job in jobs.values():
        job()
    start, done = time.perf_counter(), 0
    while done < arguments.rounds or time.perf_counter() - start < arguments.seconds:
        for name, job in jobs.items():
            begin = clock()
            job()
            found[name] = min(found[name], clock() - begin)
        done += 1
    return found
