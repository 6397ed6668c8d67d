"""Keys that the configurations of several tasks have."""

from typing import Annotated, Literal

import torch
from pydantic import AfterValidator

from gaugeflow.groups import get_group

__all__ = ["DTYPES", "Dtype", "GroupName"]

GroupName = Annotated[str, AfterValidator(lambda name: get_group(name).name)]
"""A gauge group by any of its names, which becomes the usual one."""
Dtype = Literal["float32", "float64"]
DTYPES = {"float32": torch.float32, "float64": torch.float64}
