"""The gauge groups U(1) and SU(N) as batched, differentiable tensor operations."""

from gaugeflow.groups.group import Group
from gaugeflow.groups.registry import get_group, group_of
from gaugeflow.groups.sun import SUN
from gaugeflow.groups.u1 import U1

__all__ = ["SUN", "U1", "Group", "get_group", "group_of"]
