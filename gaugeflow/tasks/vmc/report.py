"""The numbers of a variational calculation, from the walkers' energies with frozen parameters."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import R_HAT_LIMIT, estimate, split_r_hat
from gaugeflow.runs import Metrics
from gaugeflow.tasks.estimates import row
from gaugeflow.tasks.table import format_table, listed
from gaugeflow.tasks.vmc.proof import proof_markdown
from gaugeflow.tasks.vmc.sectors import sectors_markdown
from gaugeflow.tasks.vmc.shells import density_markdown
from gaugeflow.tasks.vmc.sites.report import observables_markdown
from gaugeflow.tasks.vmc.sites.systems import SITE_SYSTEMS
from gaugeflow.tasks.vmc.systems import MoleculeConfig
from gaugeflow.wavefunctions import Hamiltonian

if TYPE_CHECKING:
    from gaugeflow.tasks.vmc.config import VMCConfig

__all__ = ["energy_unit", "references_markdown", "vmc_markdown", "vmc_report"]

TOO_LOW = 3.0
"""By how many errors an energy may lie below the exact one by chance."""
BELOW, WRONG = "below the exact energy", ": something is wrong"
ROUNDING = 1e-9
"""The share of an exact energy that its digits and sums may lack."""


def energy_unit(system: str) -> str:
    """In which energies of a system of this name are given."""
    return "t" if system in SITE_SYSTEMS else "Hartree"


def vmc_report(
    config: "VMCConfig",
    hamiltonian: Hamiltonian,
    metrics: Metrics,
    parameters: int,
    seconds_per_iteration: float,
    equilibration: int,
    starts: Tensor | None = None,
) -> dict[str, Any]:
    """Plain values for `report.json`; energies in Hartree, or in units of the hopping on sites.

    The energy is the mean over all walkers and steps of the evaluation, unclipped, and its error that of the Gamma
    method with each walker a chain; tau_int is in units of the moves between two energies. On few sites it is the sum
    over all configurations, which has no error. `starts` says how many electrons of each spin each walker had at each
    nucleus, ``(walkers, 2, I)``, where there are several.

    Raises:
        UserError: nothing is evaluated yet.
    """
    if metrics.columns("sum"):
        found = _summed(metrics.columns("sum"), hamiltonian)
    elif metrics.columns("evaluation"):
        found = _sampled(metrics.columns("evaluation"), hamiltonian, equilibration, starts)
    else:
        raise UserError("expected an evaluation to report, the run has made none so far")
    reference = hamiltonian.reference
    return {
        **found,
        **_what(config, hamiltonian),
        "reference": None if reference is None else reference.energy,
        "reference_source": None if reference is None else reference.source,
        "reference_exact": None if reference is None else reference.exact,
        "references": [asdict(known) for known in hamiltonian.references],
        "equilibration": equilibration,
        "parameters": parameters,
        "seconds_per_iteration": seconds_per_iteration,
        "failures": len(np.unique(metrics.columns("failures").get("step", np.empty(0)))),
    }


def _sampled(
    columns: dict[str, np.ndarray], hamiltonian: Hamiltonian, equilibration: int, starts: Tensor | None
) -> dict[str, Any]:
    """The mean over walkers and steps, and how far it can be trusted."""
    energies = columns["energy"].swapaxes(0, 1)  # (walkers, steps)
    imaginary = np.square(columns["imaginary"]).mean() if "imaginary" in columns else 0.0  # of a complex wavefunction
    found, reference = estimate(energies), hamiltonian.reference
    energy = row(found, None if reference is None else reference.energy)
    below = _exact(hamiltonian) and energy["deviation"] is not None and energy["deviation"] < -TOO_LOW
    between = None if starts is None else _r_hat_between(energies, starts.cpu().numpy())
    return {
        "warnings": _warnings(found.warning, between, f"{BELOW} by more than three errors{WRONG}" if below else ""),
        "energy": found.value,
        "energy_error": found.error,
        "energy_text": energy["text"],
        "variance": float(energies.var() + imaginary),
        "deviation": energy["deviation"],
        "below_exact": below,
        "acceptance": float(columns["acceptance"].mean()),
        "tau_int": found.tau_int,
        "r_hat": found.r_hat,
        "r_hat_starts": between,
        "walkers": len(energies),
        "evaluated_on": _evaluated_on(equilibration),
        "evaluation": energies.shape[1],
        "configurations": None,
    }


def _summed(columns: dict[str, np.ndarray], hamiltonian: Hamiltonian) -> dict[str, Any]:
    """The sum over all configurations: there are no walkers whose moves could be judged."""
    last = {name: values[-1] for name, values in columns.items()}
    energy, reference = float(last["energy"]), hamiltonian.reference
    below = reference is not None and reference.exact and energy < reference.energy - ROUNDING * abs(reference.energy)
    alike = (
        f", in {last['orbits']:,} orbits of the state's symmetries" if last["orbits"] < last["configurations"] else ""
    )
    return {
        "warnings": _warnings("", None, f"{BELOW}{WRONG}" if below else ""),
        "energy": energy,
        "energy_error": 0.0,
        "energy_text": f"{energy:.10g}(0)",
        "variance": float(last["variance"]),
        "deviation": None,
        "below_exact": below,
        "acceptance": None,
        "tau_int": None,
        "r_hat": None,
        "r_hat_starts": None,
        "walkers": 0,
        "evaluated_on": f"over all {last['configurations']:,} configurations{alike}",
        "evaluation": 1,
        "configurations": int(last["configurations"]),
    }


def _what(config: "VMCConfig", hamiltonian: Hamiltonian) -> dict[str, Any]:
    """The system, its spin and whether that was asked for, and the wavefunction."""
    return {
        "system": config.system.model_dump(),
        "spin": 0 if hamiltonian.particles.bosons else hamiltonian.particles.n_up - hamiltonian.particles.n_down,
        "spin_assumed": config.system.assumption if isinstance(config.system, MoleculeConfig) else "",
        "wavefunction": config.wavefunction.model_dump(),
    }


def _r_hat_between(energies: np.ndarray, starts: np.ndarray) -> float | None:
    """R-hat of the mean energies ``(kinds, steps)`` of all walkers that started alike; None if all did."""
    kinds, kind = np.unique(starts.reshape(len(starts), -1), axis=0, return_inverse=True)
    if len(kinds) == 1:
        return None
    return split_r_hat(np.stack([energies[kind.ravel() == k].mean(0) for k in range(len(kinds))]))


def _warnings(walkers: str, between: float | None, below: str) -> dict[str, str]:
    """What the report leads with; only what is amiss."""
    apart = ""
    if between is not None and between > R_HAT_LIMIT:
        apart = f"walkers that started with other electrons at the nuclei disagree: R-hat {between:.3f} > {R_HAT_LIMIT}"
    found = {"energy": walkers, "starts": apart, "reference": below}
    return {name: text for name, text in found.items() if text}


def _evaluated_on(equilibration: int) -> str:
    """Which walkers the energies are of."""
    if equilibration == 0:
        return "the walkers of the last training step, which went on"
    return f"new walkers, after {equilibration} updates with frozen parameters; the width of their moves stood"


def _exact(hamiltonian: Hamiltonian) -> bool:
    """A variational energy below an exact one is a mistake somewhere, not a record."""
    return hamiltonian.reference is not None and hamiltonian.reference.exact


def vmc_markdown(report: dict[str, Any]) -> str:
    """`report.md`: the energy beside the known one, and how it was found."""
    reference, deviation = report["reference"], report["deviation"]
    rows = [
        [f"energy ({energy_unit(report['system']['name'])})", report["energy_text"]],
        ["reference", "-" if reference is None else f"{reference:.9g}"],
        ["difference in errors", "-" if deviation is None else f"{deviation:+.2f}"],
        ["variance of the local energy", f"{report['variance']:.3g}"],
        *_walkers(report),
        ["parameters", str(report["parameters"])],
        ["seconds per iteration", f"{report['seconds_per_iteration']:.3g}"],
    ]
    if "predicted_seconds" in report:
        rows.append(["seconds; predicted", f"{report['seconds']:.3g}; {report['predicted_seconds']:.3g}"])
        peak, expected = (report[key] / 1e9 for key in ("peak_bytes", "predicted_bytes"))
        rows.append(["peak memory (GB); predicted", f"{peak:.2g}; {expected:.2g}"])
    nodes = report.get("nodal_cells")
    if nodes is not None:
        rows.append(["nodal cells", str(nodes["cells"])])
    parts = " on ".join(report["wavefunction"][part]["name"] for part in ("ansatz", "backbone"))
    source = f"Reference: {report['reference_source']}.\n" if reference is not None else ""
    found = f"\nNodes: {nodes['text']}.\n" if nodes is not None else ""
    warnings = listed("**Warnings**", report.get("warnings", {}))  # an older report has none
    return (
        f"# {report['system']['name']} ({_system(report)}), {parts}\n\n{warnings}{format_table(['', 'value'], rows)}\n"
        f"Parameters were frozen; {_taken(report)}. {source}{found}{references_markdown(report)}"
        f"{proof_markdown(report)}{sectors_markdown(report)}{density_markdown(report)}{observables_markdown(report)}"
    )


def _walkers(report: dict[str, Any]) -> list[list[str]]:
    """How many there were and how they moved; or how many configurations were summed."""
    if report.get("configurations"):  # an older report has none
        return [["configurations", f"{report['configurations']:,}"]]
    return [
        ["acceptance", f"{report['acceptance']:.3f}"],
        ["tau_int", f"{report['tau_int']:.2f}"],
        *_r_hats(report),
        ["walkers x energies", f"{report['walkers']} x {report['evaluation']}"],
    ]


def _taken(report: dict[str, Any]) -> str:
    """What the energy is a mean of, and what its error is."""
    on = report.get("evaluated_on", _evaluated_on(0))  # an older report does not say
    if report.get("configurations"):
        return f"the energy is the sum {on}, and has no error"
    return f"energies are those of {on}. The error is one standard deviation by the Gamma method"


def references_markdown(report: dict[str, Any]) -> str:
    """What others have found, where there is more than one value."""
    known = report.get("references", [])
    if len(known) < 2:
        return ""
    rows = [
        [
            f"{entry['energy']:.9g}",
            "-" if entry["error"] is None else f"{entry['error']:.0e}",
            entry["kind"],
            entry["source"],
        ]
        for entry in known
    ]
    return f"\n{format_table(['energy of others', 'error', 'kind', 'source'], rows)}"


def _system(report: dict[str, Any]) -> str:
    """What was calculated, with the spin that was assumed where none was given."""
    said = {key: value for key, value in report["system"].items() if key != "name" and value is not None}
    if report.get("spin_assumed"):
        said["spin"] = f"{report['spin']} {report['spin_assumed']}"
    return ", ".join(f"{key} {value}" for key, value in said.items())


def _r_hats(report: dict[str, Any]) -> list[list[str]]:
    found = {"R-hat": report.get("r_hat"), "R-hat between starts": report.get("r_hat_starts")}
    return [[name, f"{value:.3f}"] for name, value in found.items() if value is not None]
