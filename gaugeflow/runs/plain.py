"""Plain values for JSON: no tensors, no NaN, no infinity."""

import json
import math
from typing import Any

__all__ = ["json_text", "plain"]


def plain(value: Any) -> Any:
    """Numbers, text, lists and dictionaries from tensors, arrays and tuples; NaN and infinities become None.

    A complex number becomes [re, im]. Raises TypeError for anything else.
    """
    if hasattr(value, "tolist"):  # tensors and arrays, told without importing their libraries
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"expected a number, text, list or dictionary for JSON, came {type(value).__name__}")


def json_text(value: Any) -> str:
    """Valid JSON (RFC 8259 has no NaN), indented, with a final line break."""
    return json.dumps(plain(value), indent=2, allow_nan=False) + "\n"
