"""What is known of our quantum dots with more than two electrons: published energies, identities, independent draws."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from result_tables import trained
from result_tables.table import table, uncertain, written

RESULTS = Path(__file__).parents[1] / "results"
COMMAND = "gaugeflow report configs/trained/NAME --fresh --json"
FIXED_NODE, FULL_CI = "fixed-node diffusion Monte Carlo", "full CI with effective interaction"
SHOWN = ("virial", "kinetic energy", "centre of mass", "spin", "angular momentum", "cusp of unlike spins")
SHOWN_LAST = ("cusp of equal spins", "V-score")
SHARP = ("spin", "angular momentum")


def dots() -> list[str]:
    """The shipped dots in which published energies are bounds or estimates."""
    return [
        name
        for name in trained.names("vmc")
        if trained.config(name)["system"]["name"] == "quantum_dot" and not trained.report(name)["reference_exact"]
    ]


def _published(report: dict[str, Any], kind: str) -> str:
    return "; ".join(
        uncertain(known["energy"], known["error"]) if known["error"] else f"{known['energy']:.7g}"
        for known in report["references"]
        if known["kind"] == kind
    )


@table("dots-published")
def published() -> str:
    """Energies beside all published ones that we know of."""
    rows = []
    for name in dots():
        found, ansatz = trained.report(name), trained.config(name)["wavefunction"]["ansatz"]
        lowest = min(known["energy"] for known in found["references"] if known["kind"] == FIXED_NODE)
        below, error = 1000 * (lowest - found["energy"]), 1000 * found["energy_error"]
        kind = f"{ansatz['name']}, {ansatz['terms']} terms"
        publications = [_published(found, kind) or "-" for kind in (FIXED_NODE, FULL_CI)]
        rows.append([name, kind, found["energy_text"], *publications, uncertain(below, error)])
    head = [
        "NAME",
        "ansatz",
        "energy, hartree",
        "published fixed-node",
        "published full CI",
        "below the lowest fixed-node, mHa",
    ]
    return written(head, rows, trained.made_by(dots(), COMMAND))


def _identity(entry: dict[str, Any]) -> str:
    """What was found, and in brackets what is right."""
    if entry["value"] is None:
        return "-"
    value = uncertain(entry["value"], entry["error"]) if entry["error"] else f"{entry['value']:.1e}"
    expected = "" if entry["expected"] is None else f" [{entry['expected']:.5g}]"
    return value + expected + (" fails" if entry["fails"] else "")


@table("dots-identities")
def identities() -> str:
    """A column for each dot, a row for each identity."""
    found = {
        name: {entry["name"]: entry for entry in trained.report(name)["identities"]}
        for name in dots()
        if trained.report(name).get("identities")
    }
    rows = [[row, *(_identity(each[row]) for each in found.values())] for row in (*SHOWN, *SHOWN_LAST)]
    for row in SHARP:
        rows.append([f"variance of the local {row}", *(f"{each[row]['variance']:.1e} [0]" for each in found.values())])
    return written(["found [right]", *found], rows, trained.made_by(found, COMMAND))


@table("dots-drawn-anew")
def drawn_anew() -> str:
    """Energies of the same states without a Markov chain."""
    found = json.loads((RESULTS / "importance.json").read_text())
    rows = []
    for row in found["rows"]:
        chain = trained.report(row["name"])
        off = (row["energy"] - chain["energy"]) / math.hypot(row["error"], chain["energy_error"])
        energies = [chain["energy_text"], uncertain(row["energy"], row["error"])]
        rows.append([row["name"], *energies, f"{off:+.2f}", f"{row['draws']:,}", f"{100 * row['ess']:.1f} %"])
    head = ["NAME", "by a Markov chain", "by independent draws", "difference in errors", "draws", "effective"]
    machine = f"{found['machine']}, {found['threads']} threads; {found['date']}"
    return written(head, rows, f"`python scripts/importance.py NAME`; {machine}. NAME stands in the first column.")
