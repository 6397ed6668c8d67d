"""How far a run is: a bar on a terminal, a line now and then in a log, nothing when quiet."""

import sys
import time
from typing import Self

from tqdm import tqdm

__all__ = ["Progress"]

LINE_EVERY = 20.0
"""Seconds between two lines where standard error is not a terminal."""


class Progress:
    """Progress over `total` steps, or of what `unit` says, of which `done` lie behind, on standard error."""

    def __init__(self, total: int, done: int, label: str, quiet: bool, unit: str = "step") -> None:
        self._total, self._done, self._label, self._quiet, self._unit = total, done, label, quiet, unit
        self._bar = None
        self._printed = self._started = time.monotonic()
        self._first = done
        if not quiet and sys.stderr.isatty():
            self._bar = tqdm(total=total, initial=done, desc=label, unit=unit, file=sys.stderr, dynamic_ncols=True)

    def advance(self, status: str = "", steps: int = 1) -> None:
        """So many steps further; `status` is a short text beside the bar."""
        self._done += steps
        if self._bar is not None:
            self._bar.set_postfix_str(status, refresh=False)
            self._bar.update(steps)
        elif not self._quiet and time.monotonic() - self._printed > LINE_EVERY:
            self._printed = time.monotonic()
            rate = (self._done - self._first) / (self._printed - self._started)
            percent = 100 * self._done // self._total
            place = f"{self._unit} {self._done} of {self._total} ({percent} %)"
            line = f"{self._label}: {place}, {rate:.3g} {self._unit}s/s  {status}"
            print(line, file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:  # leaves the bar on the screen and ends its line
            self._bar.close()
