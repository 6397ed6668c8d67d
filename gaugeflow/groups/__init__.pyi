from .group import Group
from .registry import get_group, group_of
from .sun import SUN
from .u1 import U1

__all__ = ["SUN", "U1", "Group", "get_group", "group_of"]
