"""Learned Fock matrices of water: their errors, the states that they make, and how a wavefunction starts from these."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, rounded, table, uncertain, written

FILE = ROOT / "scripts" / "results" / "hamiltonian.json"


def results() -> dict[str, Any]:
    """What `scripts/hamiltonian.py` found last."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def _below(found: dict[str, Any]) -> str:
    return f"`python scripts/hamiltonian.py`; {found['machine']}; {found['date']}."


@table("hamiltonian")
def hamiltonian() -> str:
    """Every basis and number of geometries."""
    found = results()
    head = ["basis", "geometries", "equivariant", "plain", f"augmented by {found['turns']} turns", "plain, not turned"]
    names = ("equivariant", "plain", "plain_augmented", "plain_still")
    lines = [
        [row["basis"].upper(), str(row["geometries"]), *(rounded(row[name]) for name in names)]
        for row in found["matrices"]
    ]
    return written(head, lines, f"{found['test']} geometries in the test. {_below(found)}")


@table("hamiltonian-states")
def states() -> str:
    """Levels and energies in millihartree."""
    found = results()
    head = ["basis", "numbers fitted", "occupied levels", "energy, mean", "energy, largest", "spread of energies"]
    names = ("levels", "energy", "energy_largest", "energy_spread")
    lines = [
        [row["basis"].upper(), str(row["weights"]), *(rounded(row[name]) for name in names)] for row in found["states"]
    ]
    return written(head, lines, f"In millihartree, {found['training']} geometries in the training. {_below(found)}")


@table("hamiltonian-start")
def start() -> str:
    """Energies and variances after the pretraining, and the mean ratio of variances, weighted by the errors."""
    found = results()
    rows = {"their determinants": found["determinants"]}
    rows |= {f"FermiNet streams after the pretraining, seed {row['seed']}": row for row in found["start"]}
    lines = [[name, *_compared(row)] for name, row in rows.items()]
    weights = [row["ratio_error"] ** -2 for row in found["start"]]
    mean = sum(w * row["ratio"] for w, row in zip(weights, found["start"], strict=True)) / sum(weights)
    lines.append(["mean of the seeds", "", "", "", "", uncertain(mean, sum(weights) ** -0.5)])
    head = [
        "wavefunction",
        "energy, Hartree-Fock",
        "learned",
        "variance, Hartree-Fock",
        "learned",
        "ratio of variances",
    ]
    return written(head, lines, _below(found).replace(".py`", ".py --start`"))


def _compared(row: dict[str, Any]) -> list[str]:
    kinds = [row["hartree_fock"], row["learned"]]
    cells = [uncertain(kind[key], kind[f"{key}_error"]) for key in ("energy", "variance") for kind in kinds]
    return [*cells, uncertain(row["ratio"], row["ratio_error"])]
