"""Networks that learn Wilson loops, beside a plain convolutional network."""

from __future__ import annotations

import json
import statistics
import tomllib
from typing import Any

import yaml

from result_tables import trained
from result_tables.table import ROOT, group, lattice, table, written


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
    head = ["NAME", "trained on", "tested on", "median", "worst", "plain CNN (links, ten fields)"]
    head += ["variance of the target", "parameters (CNN)", "failed", "seconds for all"]
    below = trained.made_by(runs, "gaugeflow report configs/trained/NAME --fresh --json")
    return written(head, [_row(name) for name in runs], below)


LITERATURE = "scripts/results/literature.json"
ADAMW, NEWTON = "adamw", "levenberg-marquardt"
OPTIMISER = {ADAMW: "AdamW, 10,000 fields", NEWTON: "Levenberg-Marquardt, 10 fields"}
PRECISION = {NEWTON: "float64"}
"""Where it is not that of the configuration."""
PUBLISHED = tomllib.loads((ROOT / "scripts" / "results" / "published.toml").read_text())["regressions"]


def _precision(found: dict[str, Any]) -> str:
    config = yaml.safe_load((ROOT / "configs" / "regression" / f"{found['name']}_literature.yaml").read_text())
    return PRECISION.get(found["optimiser"]) or config.get("dtype", "float64")


def _literature_row(found: dict[str, Any]) -> list[str]:
    errors = {lattice: sorted(network["mse"][lattice] for network in found["networks"]) for lattice in found["mse"]}
    spread = [f"{each[0]:.1e}, {statistics.median(each):.1e}" for each in errors.values()]
    published = [row["mse"] for row in PUBLISHED if row["name"] == found["name"] and found["optimiser"] == ADAMW]
    return [
        f"{group(found['group'])} {found['target']['path']}",
        f"{OPTIMISER[found['optimiser']]}, {_precision(found)}",
        str(found["parameters"]),
        *spread,
        f"{found['seeds'] - found['seeds_failed']} of {found['seeds']}",
        f"{max(found['variance'].values()):.0e}",
        f"{max(found['mse_baseline'].values()):.0e}" if found["optimiser"] == ADAMW else "-",
        *(published or ["-"]),
    ]


@table("regressions-literature")
def literature() -> str:
    """The networks of the literature, trained on the target alone."""
    found = json.loads((ROOT / LITERATURE).read_text())
    head = ["target", "training", "parameters", "best, median on 8^2", "best, median on 64^2", "below 1e-5"]
    head += ["variance", "plain CNN (links, plaquettes, the same fields)", "published"]
    below = f"`python scripts/literature.py`; {found['machine']}, {found['threads']} thread(s); {found['date']}."
    return written(head, [_literature_row(row) for row in found["rows"]], below)
