"""Fermions on sites: shipped runs beside exact diagonalisation."""

from __future__ import annotations

import json
from typing import Any

from gaugeflow.tasks.vmc.sites.systems import SITE_SYSTEMS
from result_tables import trained
from result_tables.table import ROOT, table, written

BARS = {"tv_4x4_5_v1": 1e-6, "tv_4x4_5_v4": 1e-3, "tv_4x4_5_v10": 1e-3}
BARS |= {f"hubbard_4x4_{name}": 1e-4 for name in ("4_4_u10", "5_5_u4", "5_5_u10")}
BARS |= {"hubbard_4x4_7_7_u8": 5e-3, "tv_6x6_13_v1": 1e-4, "tv_6x6_13_v10": 2e-2}
BARS |= {f"hubbard_chain{sites}_u{u}": 1e-4 for sites in (8, 10) for u in (4, 8)}
BARS |= {f"hubbard_sqrt10_{n}_{n}_u{u}": 3e-4 for n in (4, 5) for u in (4, 8)}
"""The relative errors that were to be reached."""


def on_sites() -> list[str]:
    """Runs of fermions on sites."""
    return [name for name in trained.names("vmc") if trained.config(name)["system"]["name"] in SITE_SYSTEMS]


def _above(energy: float, reference: float) -> str:
    return f"{(energy - reference) / abs(reference):.1e}"


def _over(found: dict[str, Any]) -> str:
    """How many configurations the energy is of: all, or those of a chain."""
    if found["configurations"] is None:
        return f"{found['walkers'] * found['evaluation']:,} of a chain"
    return str(found["evaluated_on"]).removeprefix("over all ").removesuffix(" of the state's symmetries")


def _row(name: str) -> list[str]:
    found = trained.report(name)
    return [
        name,
        f"{found['reference']:.10g}",
        found["energy_text"],
        _above(found["energy"], found["reference"]),
        f"{BARS[name]:.0e}" if name in BARS else "-",
        f"{found['variance']:.2g}",
        _over(found),
        str(found["parameters"]),
        str(trained.config(name)["iterations"]),
        f"{found['seconds_per_iteration']:.2f}",
    ]


@table("sites")
def sites() -> str:
    """Beside exact diagonalisation."""
    head = ["NAME", "exact", "energy", "relative error", "to reach", "variance", "over", "parameters", "iterations"]
    command = "gaugeflow report configs/trained/NAME --fresh --json"
    return written([*head, "seconds each"], [_row(name) for name in on_sites()], trained.made_by(on_sites(), command))


@table("sector-routes")
def sector_routes() -> str:
    """Ways into a sector, for as many iterations."""
    found = json.loads((ROOT / "scripts" / "results" / "sector_routes.json").read_text())
    ratio, machine = found["cost"]["average"] / found["cost"]["images"], found["measured"]
    lines = [
        [
            r["route"],
            "alike" if r["isotropic"] else "each by itself",
            *(str(r[key]) for key in ("terms", "parameters")),
            f"{r['error']:.1e}",
            f"{r['seconds']:.1f}",
        ]
        for r in found["rows"]
    ]
    head = ["route", "neighbours", "terms", "parameters", f"relative error after {found['iterations']} iterations"]
    below = (
        f"`python scripts/sector_routes.py`; {found['cost']['order']} images, for which the same wavefunction by "
        f"`route: average` takes {ratio:.0f} times as long; {machine['machine']}, one thread; {machine['date']}."
    )
    return written([*head, "processor seconds each"], lines, below)


def _compared() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "scripts" / "results" / "sites_compared.json").read_text())
    return found


def _errors(row: dict[str, Any]) -> list[str]:
    return [f"{row['median']:.1e}", f"{row['errors'][0]:.1e} to {row['errors'][-1]:.1e}"]


def _below() -> str:
    found = _compared()
    return (
        f"`python scripts/sites_compared.py`; {found['iterations']} iterations over all configurations, "
        f"{found['seeds']} seeds; {found['date']}."
    )


@table("sites-projections")
def projections() -> str:
    """What projection gains."""
    lines = [[r["ansatz"], r["projected"], str(r["parameters"]), *_errors(r)] for r in _compared()["projections"]]
    return written(["without a network", "projected", "parameters", "relative error", "of all seeds"], lines, _below())


@table("sites-ansatzes")
def ansatzes() -> str:
    """At equal parameters."""
    lines = [
        [r["ansatz"], str(r["hidden"]), str(r["parameters"]), *_errors(r), f"{r['seconds']:.3f}"]
        for r in _compared()["ansatzes"]
    ]
    head = ["with a network", "hidden width", "parameters", "relative error", "of all seeds", "processor seconds each"]
    return written(head, lines, _below())


@table("sites-optimizers")
def optimizers() -> str:
    """The same wavefunction by each of them."""
    rows = _compared()["optimizers"]
    lines = [[r["optimizer"], f"{r['early']:.1e}", *_errors(r), f"{r['seconds']:.3f}"] for r in rows]
    head = ["optimiser", f"after {rows[0]['after']}", "relative error", "of all seeds", "processor seconds each"]
    return written(head, lines, _below())


@table("sites-starts")
def starts() -> str:
    """Where orbitals begin."""
    lines = [[r["start"], f"{r['first']:.1e}", *_errors(r)] for r in _compared()["starts"]]
    return written(["start of a determinant", "at the start", "trained", "of all seeds"], lines, _below())
