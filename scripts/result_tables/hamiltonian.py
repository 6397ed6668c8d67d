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
    """The variance of the local energy after the pretraining."""
    found = results()
    kinds = {"determinants": "their determinants", "start": "small network after the pretraining"}
    lines = [
        [
            kind,
            {"hartree_fock": "Hartree-Fock", "learned": "learned"}[row["orbitals"]],
            uncertain(row["energy"], row["energy_error"]),
            uncertain(row["variance"], row["variance_error"]),
        ]
        for name, kind in kinds.items()
        for row in found[name]
    ]
    return written(["wavefunction", "orbitals", "energy", "variance"], lines, _below(found))
