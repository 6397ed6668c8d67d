"""What the parts of `on_gpu.py` are told."""

from typing import NamedTuple

__all__ = ["Options"]


class Options(NamedTuple):
    """The device, and whether this is a rehearsal: tiny sizes, on a machine that may have no GPU."""

    device: str = "cuda"
    rehearse: bool = False
