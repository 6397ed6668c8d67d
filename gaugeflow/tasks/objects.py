"""Objects of the user's own that a configuration names."""

from typing import Any

from gaugeflow.errors import UserError
from gaugeflow.symmetry.targets import TargetError, load_object

__all__ = ["load"]


def load(target: str, key: str) -> Any:
    """The object of "package.module:object". Raises UserError, which names the `key` that asked for it."""
    try:
        return load_object(target)
    except TargetError as error:
        raise UserError(f"{key}: {error}") from error
