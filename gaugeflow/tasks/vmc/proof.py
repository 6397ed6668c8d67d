"""What a report says for its energy: the identities of a right state, and the end of energy against variance."""

from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.errors import Estimate
from gaugeflow.runs import Metrics
from gaugeflow.tasks.table import format_table
from gaugeflow.wavefunctions import Hamiltonian, Identity, Product, at_zero_variance, examine

__all__ = ["apart", "broken", "examined", "plain", "proof_markdown", "walked", "with_error", "zero_variance"]

APART = 4
"""Updates of the walkers between two sets."""
STAGES = 8
"""Parts of the second half of the training that make the line of energy against variance."""


def examined(
    psi: Product,
    hamiltonian: Hamiltonian,
    sampler: Metropolis,
    walkers: Tensor,
    sets: int,
    generator: torch.Generator,
    chunk_size: int | None,
) -> list[dict[str, Any]]:
    """Each identity as plain values, on `sets` of walkers that go on from those given, with psi in float64."""
    exact, series = walked(psi, sampler, walkers, sets, generator)
    return [plain(identity) for identity in examine(exact, hamiltonian, series, chunk_size)]


def walked(
    psi: Product, sampler: Metropolis, walkers: Tensor, sets: int, generator: torch.Generator
) -> tuple[Product, Tensor]:
    """psi in float64, and `sets` of walkers of it that go on from those given, ``(sets, walkers, n, d)``."""
    exact = deepcopy(psi).double()
    jumps, period = sampler.jumps, sampler.period
    chain = Metropolis(
        lambda x: 2 * exact(x).log, sampler.move, sampler.width, sampler.steps, jumps=jumps, period=period
    )
    return exact, apart(chain, walkers.double(), sets, generator)


def apart(chain: Any, walkers: Tensor, sets: int, generator: torch.Generator) -> Tensor:
    """Sets of walkers that go on from those given, `APART` updates between them, ``(sets, *walkers)``."""
    series = []
    for _ in range(sets):
        for _ in range(APART):
            walkers, _ = chain.update(walkers, generator)
        series.append(walkers)
    return torch.stack(series)


def plain(identity: Identity) -> dict[str, Any]:
    """As a report has it."""
    return {**asdict(identity), "deviation": identity.deviation, "fails": identity.fails}


def zero_variance(metrics: Metrics) -> dict[str, float] | None:
    """Where energies against variances of the second half of the training end; None where there is no line."""
    columns = metrics.columns("training")
    if len(columns.get("energy", ())) < 4 * STAGES:
        return None
    means = {
        name: [part.mean() for part in np.array_split(columns[name][len(columns[name]) // 2 :], STAGES)]
        for name in ("variance", "energy")
    }
    try:
        energy, error, slope = at_zero_variance(means["variance"], means["energy"])
    except UserError:
        return None
    return {"energy": energy, "error": error, "slope": slope}


def broken(identities: list[dict[str, Any]]) -> str:
    """The identities that fail, as a warning; empty where all hold."""
    names = [entry["name"] for entry in identities if entry["fails"]]
    return f"off by more than three errors: {', '.join(names)}" if names else ""


def proof_markdown(report: dict[str, Any]) -> str:
    """The identities as a table; nothing where a report has none."""
    identities = report.get("identities")
    if not identities:
        return ""
    table = format_table(
        ["identity", "found", "right", "errors off", "variance", "what it says"],
        [_cells(entry) for entry in identities],
    )
    line = report.get("zero_variance")
    end = (
        f"\nEnergy at zero variance, along the training: {with_error(line['energy'], line['error'])}.\n" if line else ""
    )
    return f"\n## Can this energy be believed?\n\n{table}{end}"


def _cells(entry: dict[str, Any]) -> list[str]:
    expected, deviation, variance = entry["expected"], entry["deviation"], entry["variance"]
    return [
        entry["name"],
        "-" if entry["value"] is None else with_error(entry["value"], entry["error"]),
        "-" if expected is None else f"{expected:.6g}",
        "-" if deviation is None else f"{deviation:+.2f}" + (" **fails**" if entry["fails"] else ""),
        "-" if variance is None else f"{variance:.1e}",
        entry["why"] or entry["says"],
    ]


def with_error(value: float, error: float | None) -> str:
    """As 0.42261(34)."""
    if error is None:
        return f"{value:.3g}"
    nan = float("nan")
    return Estimate(value, error, nan, nan, nan, 0, 0, nan).format()
