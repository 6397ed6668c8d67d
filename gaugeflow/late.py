"""Tables by name whose entries are loaded when they are asked for."""

from collections import UserDict
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any, TypeVar

__all__ = ["Late"]

T = TypeVar("T")


class Late(UserDict[str, T]):
    """Names to objects, each there already or told by its place, "package.module:object".

    Names cost nothing; what stands behind one is loaded when it is asked for, without the others.

    Args:
        places: the table.
        made: makes an entry of what is found at its place, where that is not the entry itself.
    """

    def __init__(self, places: Mapping[str, Any], made: Callable[[Any], T] = lambda found: found) -> None:
        super().__init__(places)
        self._made = made

    def __getitem__(self, name: str) -> T:
        found = super().__getitem__(name)
        if isinstance(found, str):
            found = self.data[name] = self._made(resolve_name(found))
        return found
