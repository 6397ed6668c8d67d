"""Figures from a run directory.

Read `run` first. Each task has a file or folder (`chain`, `dmc`, `flow`, `regression`, `vmc`); `history`,
`autocorrelation`, `potential` and `gradient_flow` are figures of what was measured. `figure`, `look` and `heading` say
how every figure looks; `compare` puts several runs in one, `page` puts everything on one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
