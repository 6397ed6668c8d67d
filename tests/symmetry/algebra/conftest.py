"""e3nn as an oracle."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch


@pytest.fixture
def o3() -> Iterator[Any]:
    """`e3nn.o3` under a default of float64: its generators are made in the default dtype, whatever is asked for."""
    module = pytest.importorskip("e3nn.o3", reason="e3nn, whose conventions these are, is not installed")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield module
    torch.set_default_dtype(before)
