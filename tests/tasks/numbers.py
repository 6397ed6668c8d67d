"""All numbers of a report, so that a test can hold every one of them."""

from typing import Any

__all__ = ["numbers"]


def numbers(report: Any, place: str = "") -> dict[str, float]:
    """Numbers by their place, as `observables.plaquette.value`; what is None, text or true has none."""
    if isinstance(report, dict):
        parts = [(f"{place}.{key}" if place else str(key), part) for key, part in report.items()]
    elif isinstance(report, list):
        parts = [(f"{place}.{index}", part) for index, part in enumerate(report)]
    else:
        return {place: report} if isinstance(report, int | float) and not isinstance(report, bool) else {}
    return {name: value for where, part in parts for name, value in numbers(part, where).items()}
