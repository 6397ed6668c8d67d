"""A quantity as a row of a report."""

from math import isfinite
from typing import Any

import numpy as np

from gaugeflow.montecarlo.errors import Estimate

__all__ = ["chains_first", "row"]

FAR = 3.0
"""By how many errors a value may lie off the exact one by chance."""


def row(found: Estimate, exact: float | None = None) -> dict[str, Any]:
    """An estimate as plain values, with the closed form and the distance from it in units of the error.

    `text` is the short form 0.42261(34); `warning` says why value or error are not to be trusted, or is empty.
    """
    known = exact is not None and isfinite(found.error) and found.error > 0
    deviation = (found.value - exact) / found.error if known and exact is not None else None
    far = f"{deviation:+.1f} errors from the exact value" if deviation and abs(deviation) > FAR else ""
    return {
        "value": found.value,
        "error": found.error,
        "text": _text(found),
        "tau_int": found.tau_int,
        "tau_int_error": found.tau_int_error,
        "count": found.count,
        "exact": exact,
        "deviation": deviation,
        "warning": "; ".join(filter(None, (found.warning, far))),
    }


def _text(found: Estimate) -> str:
    if isfinite(found.error):
        return found.format()
    return f"{found.value:.6g}" if isfinite(found.value) else "-"


def chains_first(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Recorded columns `(measurements, chains, ...)` as `(chains, measurements, ...)`, as `estimate` takes them."""
    return {name: values.swapaxes(0, 1) for name, values in columns.items() if values.ndim > 1}
