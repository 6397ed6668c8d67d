"""What a report of evolutions has in its results, whichever script made them."""

from typing import Any

from gaugeflow.flows import Work

__all__ = ["numbers"]


def numbers(work: Work) -> dict[str, Any]:
    """The effective sample size, the spread and the loss of the work, log Z, and how many evolutions would do."""
    ess, log_z = work.weights.ess(), work.log_z["forward"]
    return {
        "ess": ess.value,
        "ess_error": ess.error,
        "variance": work.variance,
        "dissipated": work.dissipated.value,
        "dissipated_error": work.dissipated.error,
        "log_z": log_z.value,
        "log_z_error": log_z.error,
        "needed": work.needed,
    }
