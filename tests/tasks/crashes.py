"""Runs that fail in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gaugeflow import runs


@contextmanager
def crash(task: type[runs.Task[Any]], step: int, done: bool = False) -> Iterator[None]:
    """Runs of the task in here fail before a step, or when it is done and nothing of it has been written yet."""
    whole = task.step

    def failing(self: runs.Task[Any], index: int, record: runs.Record) -> None:
        if done or index != step:
            whole(self, index, record)
        if index == step:
            raise RuntimeError("crash")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "step", failing)
        with pytest.raises(RuntimeError, match="crash"):
            yield
