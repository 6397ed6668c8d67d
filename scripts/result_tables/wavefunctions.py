"""Energies of trained wavefunctions beside their references."""

from __future__ import annotations

import json
from pathlib import Path

from result_tables import trained
from result_tables.sites import on_sites
from result_tables.table import table, uncertain, written

COMMAND = "gaugeflow report configs/trained/NAME --fresh --json"
BERYLLIUM = ("be_determinant", "be_pfaffian", "be_pair_product")
DIFFUSION = Path(__file__).parents[1] / "results" / "diffusion.json"
GUARD = Path(__file__).parents[1] / "results" / "guard.json"


def _system(name: str) -> str:
    system = trained.config(name)["system"]
    if system["name"] == "molecule":
        atoms = "".join(atom[0] for atom in system["atoms"])
        return atoms if len(system["atoms"]) == 1 else f"{atoms}, {_distance(system['atoms']):.4g} {system['unit']}"
    electrons = system["n_up"] + system["n_down"]
    return f"{electrons} electrons, {system['dimension']}D trap, omega = {system['omega']:g}"


def _distance(atoms: list[list[float]]) -> float:
    first, second = atoms[0][1:], atoms[1][1:]
    return float(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5)


def _reference(name: str) -> str:
    found = trained.report(name)
    if found["reference"] is None:
        return "-"
    return f"{found['reference']:.7g}{' (exact)' if found['reference_exact'] else ''}"


def _row(name: str) -> list[str]:
    return [name, _system(name), trained.report(name)["energy_text"], _reference(name), *_effort(name)]


def _effort(name: str) -> list[str]:
    found = trained.report(name)
    return [
        f"{found['variance']:.2g}",
        str(found["parameters"]),
        str(trained.config(name)["iterations"]),
        f"{found['seconds_per_iteration']:.2f}",
    ]


HEAD = ["NAME", "system", "energy, hartree", "reference", "variance", "parameters", "iterations", "seconds each"]


def _in_space() -> list[str]:
    """Runs of particles in space."""
    return [name for name in trained.names("vmc") if name not in on_sites()]


@table("energies")
def energies() -> str:
    """One run for each system."""
    runs = [name for name in _in_space() if name not in BERYLLIUM[1:]]
    return written(HEAD, [_row(name) for name in runs], trained.made_by(runs, COMMAND))


@table("energies-short")
def short() -> str:
    """For the README."""
    runs = ["dot2", "he", "be_determinant", "lih", "dot6_omega1"]
    return written(HEAD[:4], [_row(name)[:4] for name in runs], trained.made_by(runs, COMMAND))


@table("beryllium")
def beryllium() -> str:
    """Three kinds of ansatz at equal parameters, iterations and walkers."""
    rows = []
    for name in BERYLLIUM:
        found, ansatz = trained.report(name), trained.config(name)["wavefunction"]["ansatz"]
        above = (found["energy"] - found["reference"]) * 1000
        kind = f"{ansatz['name']}, {ansatz['terms']} terms"
        cells = str(found["nodal_cells"]["cells"])
        rows.append([name, kind, found["energy_text"], f"{above:+.2f}", *_row(name)[4:6], cells, _row(name)[7]])
    reference = f"{trained.report(BERYLLIUM[0])['reference']:.7g}"
    head = ["NAME", "ansatz", "energy, hartree", f"above {reference}, mHa", "variance", "parameters", "nodal cells"]
    return written([*head, "seconds each"], rows, trained.made_by(BERYLLIUM, COMMAND))


@table("new-walkers")
def new_walkers() -> str:
    """Every shipped wavefunction on few walkers that it has not seen."""
    found, rows = json.loads(GUARD.read_text())["rows"], []
    for name in _in_space():
        own, known = found[name], trained.report(name)
        error = (own["energy_error"] ** 2 + known["energy_error"] ** 2) ** 0.5
        deviation = (own["energy"] - known["energy"]) / error
        rows.append([name, known["energy_text"], uncertain(own["energy"], own["energy_error"]), f"{deviation:+.2f}"])
    return written(["NAME", "reported", "on new walkers", "difference in errors"], rows, "`python scripts/guard.py`")


@table("diffusion")
def diffusion() -> str:
    """The lowest energies that the nodes of the shipped wavefunctions allow."""
    found, rows = json.loads(DIFFUSION.read_text()), []
    for name, own in found["rows"].items():
        steps = own["time_steps"]
        rows.append(
            [
                name,
                uncertain(own["variational"], own["variational_error"]),
                own["energy_text"],
                "-" if own["reference"] is None else f"{own['reference']:.9g}",
                ", ".join(f"{step['time_step']:g}" for step in steps),
                f"{min(step['acceptance'] for step in steps):.3f}",
                f"{own['walkers']} x {min(step['generations'] for step in steps)}",
            ]
        )
    head = [
        "NAME",
        "variational",
        "diffusion",
        "reference",
        "time steps, 1/hartree",
        "acceptance",
        "walkers x generations",
    ]
    machine = f"{found['machine']}, {found['threads']} threads; {found['date']}"
    return written(head, rows, f"`python scripts/diffusion.py NAME`; {machine}. NAME stands in the first column.")
