"""The field that files of other programs hold."""

import pytest
import torch
from torch import Tensor

from gaugeflow.groups import SUN
from gaugeflow.lattice.fields import hot_start
from tests.io.outsiders.cases import SHAPE


@pytest.fixture
def links(generator: torch.Generator) -> Tensor:
    return hot_start(SUN(3), SHAPE, generator)
