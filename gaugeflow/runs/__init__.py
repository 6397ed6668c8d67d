"""Runs: the strict configuration, the run directory, checkpoints, recorded numbers, and the loop of every task.

Read `task` first, then `loop` and `run`. What lies in a run directory is in `directory`, `checkpoint`, `metrics` and
`record`; the schema of a configuration is in `configuration`; `ranks` are the processes that share a run.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
