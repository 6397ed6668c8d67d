"""The numbers of a chain: every observable with its error, beside the closed form where there is one."""

from typing import Any

import numpy as np

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.runs import Metrics
from gaugeflow.tasks.chain.config import ChainConfig
from gaugeflow.tasks.chain.transformed import ThroughFlow
from gaugeflow.tasks.estimates import chains_first, row
from gaugeflow.tasks.exact import exact_or_reason
from gaugeflow.tasks.table import format_table, listed, table_cells, title

__all__ = ["chain_markdown", "chain_report"]

RATES = ("acceptance", "flow_acceptance", "jump_acceptance", "round_trips")
"""What samplers say of each update, by the name of their diagnostics."""
STEPS = "the layers of the flow integrate an equation: the chain is exact up to their steps"
REMEDY = "expected more replicas, a milder last one, or a longer warm-up"
OPEN = "time has open ends: means run over all slices, the ends and what crosses them too, and a charge is no integer"


def chain_report(config: ChainConfig, metrics: Metrics) -> dict[str, Any]:
    """Plain values for `report.json`. Raises UserError if too little is measured for an error."""
    count = metrics.counts().get("measurements", 0)
    if count == 0:
        raise UserError("expected measurements to report, the run has made none so far")
    columns = chains_first(metrics.columns("measurements"))
    solution, reason = exact_or_reason(config)
    missing = {"every quantity": reason} if reason else {}
    quantities: dict[str, Any] = {}
    for entry in config.observables:
        mine = {name: columns[name] for name in entry.columns}
        exact, reasons = entry.compared(solution) if solution else ({}, {})
        missing |= reasons
        for name, found in entry.estimates(mine).items():
            quantities[name] = row(found, exact.get(name))
    sampling = _sampling(config, metrics)
    return {
        "warnings": {name: row["warning"] for name, row in (quantities | sampling).items() if row["warning"]}
        | ({"boundary": OPEN} if getattr(config.action, "boundary", "periodic") == "open" else {})
        | ({"flow": STEPS} if isinstance(config.sampler, ThroughFlow) and config.sampler.flow.integrated else {}),
        "group": config.group,
        "shape": config.shape,
        "action": config.action.model_dump(),
        "sampler": config.sampler.model_dump(),
        "chains": config.chains,
        "measurements": count,
        "interval": config.interval,
        "seed": config.seed,
        "observables": quantities,
        "without_exact": missing,
        "sampling": sampling,
        "conventions": {entry.name: entry.convention for entry in config.observables},
    }


def _sampling(config: ChainConfig, metrics: Metrics) -> dict[str, Any]:
    """What the sampler says of itself after the warm-up; <exp(-dH)> = 1 for any step size."""
    updates = metrics.columns("updates")
    if not updates:
        return {}
    production = updates["step"] >= config.warmup
    updates = chains_first({name: values[production] for name, values in updates.items()})
    found = {name: row(estimate(updates[name])) for name in RATES if name in updates}
    violation = updates.get("energy_violation", np.array(np.nan))
    if np.isfinite(violation).all():
        found["exp_minus_dh"] = row(estimate(np.exp(-violation)), 1.0)
    for k, swaps in enumerate(np.moveaxis(updates.get("swap_acceptance", np.empty((1, 1, 0))), -1, 0)):
        found[f"swap_acceptance_{k}"] = row(estimate(swaps))
        if not swaps.any():
            found[f"swap_acceptance_{k}"]["warning"] = f"replicas {k} and {k + 1} never swapped; {REMEDY}"
    return found


def chain_markdown(report: dict[str, Any]) -> str:
    """`report.md`: measured, exact, difference in errors, autocorrelation time, for every quantity."""
    quantities = report["observables"] | report["sampling"]
    rows = [table_cells(name, entry) for name, entry in quantities.items()]
    head = ["", "measured", "exact", "difference in errors", "tau_int", "measurements"]
    conventions = "".join(f"- {name}: {text}\n" for name, text in report["conventions"].items())
    return (
        f"# {title(report, report['sampler']['name'])}\n\n{listed('**Warnings**', report['warnings'])}"
        f"{format_table(head, rows)}\n{listed('No exact value', report['without_exact'])}"
        "Errors are one standard deviation by the Gamma method; tau_int in units of measurements, which lie "
        f"{report['interval']} updates apart.\n\n{conventions}"
    )
