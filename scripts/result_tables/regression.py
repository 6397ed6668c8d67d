"""Networks that learn Wilson loops, beside a plain convolutional network."""

from __future__ import annotations

from result_tables import trained
from result_tables.table import lattice, table, written


def _row(name: str) -> list[str]:
    found, config = trained.report(name), trained.config(name)
    tested = ", ".join(lattice(shape) for shape in config["test_shapes"])
    worst = {key: max(found[key].values()) for key in ("mse", "mse_worst", "mse_baseline", "variance")}
    return [
        name,
        lattice(found["shape"]),
        tested,
        *(f"{worst[key]:.0e}" for key in ("mse", "mse_worst", "mse_baseline", "variance")),
        f"{found['parameters']} ({found['parameters_baseline']})",
        f"{found['seeds_failed']} of {found['seeds']}",
        f"{found['seconds']:.0f}",
    ]


@table("regressions")
def regressions() -> str:
    """All of them; of the tested lattices the one with the largest error."""
    runs = trained.names("regression")
    head = ["NAME", "trained on", "tested on", "median", "worst", "baseline", "variance of the target"]
    head += ["parameters (baseline)", "failed", "seconds for all"]
    below = trained.made_by(runs, "gaugeflow report configs/trained/NAME --fresh --json")
    return written(head, [_row(name) for name in runs], below)
