"""The numbers of diffusion Monte Carlo: energies by time step, and that of time step zero."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import Estimate
from gaugeflow.runs import Metrics
from gaugeflow.tasks.table import format_table, listed
from gaugeflow.tasks.vmc.report import references_markdown
from gaugeflow.wavefunctions import Hamiltonian
from gaugeflow.wavefunctions.diffusion.extrapolation import Extrapolation, extrapolated
from gaugeflow.wavefunctions.diffusion.mixed_estimator import mixed_estimate
from gaugeflow.wavefunctions.diffusion.process import Generation

if TYPE_CHECKING:
    from gaugeflow.tasks.dmc.config import DMCConfig
    from gaugeflow.tasks.dmc.trial import Trial

__all__ = ["by_time_step", "dmc_markdown", "dmc_report", "energies_by_time_step", "equilibrated"]

Columns = dict[str, np.ndarray]

ACCEPTED = 0.9
"""Share of accepted moves below which a time step is too large to extrapolate from."""
FAR = 3.0
"""By how many errors an energy may lie on the wrong side of another one by chance."""
NODES = "an upper bound of the exact energy: that of the lowest state with the nodes of the trial"
NO_NODES = "exact, but for its error: no two particles are fermions of equal spin, so the ground state has no nodes"


def dmc_report(config: "DMCConfig", hamiltonian: Hamiltonian, trial: "Trial", metrics: Metrics) -> dict[str, Any]:
    """Plain values for `report.json`; energies in Hartree. Raises UserError if too little is measured yet."""
    columns = metrics.columns("generations")
    begins = equilibrated(config)
    if not columns or len(columns["energy"]) <= max(begins):
        raise UserError("expected generations behind the equilibration to report, the run has made none so far")
    found, plain = (energies_by_time_step(config, columns, memory) for memory in (config.memory, 0.0))
    values, errors = (np.array([getattr(own, name) for own in found]) for name in ("value", "error"))
    line = extrapolated(np.array(config.time_steps), values, errors, config.degree)
    steps = by_time_step(config, columns)
    rows = [
        _row(tau, found[k], plain[k].value, {name: steps[name][k][:, begins[k] :] for name in Generation._fields})
        for k, tau in enumerate(config.time_steps)
    ]
    nodes = hamiltonian.particles.exclude
    report = {
        "system": config.system.model_dump(),
        "trial": config.init_from,
        "wavefunction": trial.config["wavefunction"],
        "energy": line.value,
        "energy_error": line.error,
        "energy_text": _text(line.value, line.error),
        "estimator": "mixed",
        "nodes": NODES if nodes else NO_NODES,
        **_known_energies(hamiltonian, trial, line),
        "time_steps": rows,
        "degree": config.degree,
        "coefficients": line.coefficients,
        "chi_squared": line.chi_squared,
        "freedom": line.freedom,
        "walkers": config.walkers,
        "populations": config.populations,
        "warmup": config.warmup,
        "equilibration": config.equilibration,
        "memory": config.memory,
    }
    return {"warnings": _warnings(report, line, nodes), **report}


def _known_energies(hamiltonian: Hamiltonian, trial: "Trial", line: Extrapolation) -> dict[str, Any]:
    """Of the trial and of others, and by how many errors ours lies above each."""
    value, error = (None, None) if trial.energy is None else trial.energy
    known = hamiltonian.reference
    return {
        "variational": value,
        "variational_error": error,
        "above_variational": None if trial.energy is None else _deviation(line, *trial.energy),
        "reference": None if known is None else known.energy,
        "reference_source": None if known is None else known.source,
        "reference_exact": None if known is None else known.exact,
        "references": [asdict(each) for each in hamiltonian.references],
        "deviation": None if known is None else _deviation(line, known.energy, known.error or 0.0),
    }


def equilibrated(config: "DMCConfig") -> list[int]:
    """The generation from which the population of each time step is measured."""
    return [math.ceil(config.equilibration / tau) for tau in config.time_steps]


def by_time_step(config: "DMCConfig", columns: Columns) -> Columns:
    """The recorded generations of all populations ``(n, K G)`` as ``(K, G, n)``, for K time steps."""
    shape = (len(config.time_steps), config.populations, -1)
    return {name: columns[name].T.reshape(shape) for name in Generation._fields}


def energies_by_time_step(config: "DMCConfig", columns: Columns, memory: float | None = None) -> list[Estimate]:
    """Mixed estimates from the recorded generations; by default with the memory of the configuration."""
    memory = config.memory if memory is None else memory
    steps = by_time_step(config, columns)
    energy, growth, duration = (steps[name] for name in ("energy", "growth", "duration"))
    return [
        mixed_estimate(energy[k], growth[k], duration[k], memory, begins)
        for k, begins in enumerate(equilibrated(config))
    ]


def _row(tau: float, found: Estimate, unweighted: float, measured: Columns) -> dict[str, Any]:
    """The energy of one time step, also without the weights of whole populations, and how its generations went."""
    means = {name: float(measured[name].mean()) for name in ("growth", "acceptance", "crossed", "lost", "share")}
    return {
        "time_step": tau,
        "energy": found.value,
        "energy_error": found.error,
        "energy_text": _text(found.value, found.error),
        "energy_unweighted": unweighted,
        "tau_int": found.tau_int,
        "generations": found.count // found.chains,
        "effective_time_step": float(measured["duration"].mean()),
        **means,
        "warning": _plain(found),
    }


def _plain(found: Estimate) -> str:
    """An exact trial has no variance, which is no reason for a warning."""
    return "" if found.error == 0 else found.warning


def _text(value: float, error: float) -> str:
    return Estimate(value, error, math.nan, math.nan, math.nan, 0, 0, math.nan).format()


def _deviation(line: Extrapolation, value: float, error: float = 0.0) -> float | None:
    """By how many errors the extrapolated energy lies above a value."""
    combined = math.hypot(line.error, error)
    return (line.value - value) / combined if combined > 0 else None


def _warnings(report: dict[str, Any], line: Extrapolation, nodes: bool) -> dict[str, str]:
    """What the report leads with; only what is amiss."""
    found = {f"time step {row['time_step']:g}": _of_time_step(row, nodes) for row in report["time_steps"]}
    found["extrapolation"] = line.warning
    above, deviation = report["above_variational"], report["deviation"]
    if above is not None and above > FAR:
        found["variational energy"] = f"{above:.1f} errors above that of the trial: something is wrong"
    if report["reference_exact"] and deviation is not None and deviation < -FAR:
        found["reference"] = f"{-deviation:.1f} errors below the exact energy: something is wrong"
    return {name: text for name, text in found.items() if text}


def _of_time_step(row: dict[str, Any], nodes: bool) -> str:
    """All that is amiss with one population."""
    small = f"acceptance {row['acceptance']:.3f} < {ACCEPTED}: too large, take smaller time_steps"
    lost = f"{100 * row['lost']:.2g} % of the moves led to where the local energy is not finite, and were rejected"
    crossed = "the trial changes its sign although the ground state does not: its nodes are kept"
    amiss = {
        small: row["acceptance"] < ACCEPTED,
        lost: row["lost"] > 0,
        crossed: not nodes and row["crossed"] > 0,
        row["warning"]: row["warning"],
    }
    return "; ".join(text for text, holds in amiss.items() if holds)


def dmc_markdown(report: dict[str, Any]) -> str:
    """`report.md`: the energy beside the known ones, and those of all time steps."""
    rows = [
        ["diffusion energy (Hartree), mixed estimator, time step 0", report["energy_text"]],
        ["variational energy of the trial", _known(report["variational"], report["variational_error"])],
        ["difference in errors", _signed(report["above_variational"])],
        ["reference", _known(report["reference"])],
        ["difference in errors", _signed(report["deviation"])],
        ["chi^2 / degrees of freedom", f"{report['chi_squared']:.2g} / {report['freedom']}"],
        ["walkers of each time step", f"{report['walkers']} in {report['populations']} populations"],
    ]
    head = ["time step", "energy", "unweighted", "growth", "generations", "tau_int", "acceptance", "across a node"]
    steps = [_cells(row) for row in report["time_steps"]]
    parts = " on ".join(report["wavefunction"][part]["name"] for part in ("ansatz", "backbone"))
    source = f" Reference: {report['reference_source']}." if report["reference"] is not None else ""
    return (
        f"# {report['system']['name']}, fixed nodes of {report['trial']}, {parts}\n\n"
        f"{listed('**Warnings**', report['warnings'])}{format_table(['', 'value'], rows)}\n"
        f"The energy is {report['nodes']}.{source}\n\n{format_table(head, steps)}\n"
        f"A population is measured after {report['equilibration']:g} / hartree. Its generations are weighted by the "
        f"growth of the {report['memory']:g} / hartree before; `unweighted` is without. Errors are one standard "
        f"deviation by the spread of the populations, and tau_int, in generations, goes with them. The energy of time "
        f"step 0 is that of a polynomial of degree {report['degree']}.\n{references_markdown(report)}"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['time_step']:g}",
        row["energy_text"],
        f"{row['energy_unweighted']:.7g}",
        f"{row['growth']:.6g}",
        str(row["generations"]),
        f"{row['tau_int']:.1f}",
        f"{row['acceptance']:.4f}",
        f"{100 * row['crossed']:.2g} %",
    ]


def _known(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.9g}" if error is None else _text(value, error)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
