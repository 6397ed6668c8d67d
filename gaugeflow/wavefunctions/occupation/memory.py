"""How much memory there is."""

import os

__all__ = ["memory_bytes"]


def memory_bytes() -> int:
    """What this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
