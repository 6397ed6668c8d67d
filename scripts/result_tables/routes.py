"""Routes from any network to an equivariant one: what each of them gives."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from typing import Any

from result_tables.table import ROOT, table, uncertain, written

FILE = "scripts/results/routes.json"
ENSEMBLE, ALONE = "augmentation, ensemble of 20", "augmentation"
TREE, LCNN = "canonical (tree gauge)", "L-CNN"


def section(name: str) -> dict[str, Any]:
    """The parts of a section by name."""
    found: dict[str, Any] = json.loads((ROOT / FILE).read_text())["sections"][name]
    return found


def _below(name: str) -> str:
    found = json.loads((ROOT / FILE).read_text())
    seconds = sum(part["seconds"] for part in section(name).values())
    spent = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{seconds:.0f} s"
    return f"`python scripts/routes.py --only {name}` ({spent} of one core); {found['machine']}; {found['date']}."


def outside(row: dict[str, Any], laws: Sequence[str]) -> list[float]:
    """The mean over the laws outside of the training's, for each seed."""
    return [statistics.mean(values) for values in zip(*(row["same"][law] for law in laws), strict=True)]


def over_seeds(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def _exact(value: float, error: float) -> str:
    return f"{value:g}" if error == 0 else uncertain(value, error)


def _orbit(name: str, law: str) -> str:
    parts = section(name)
    found = {
        (row["method"], group): outside(row, part["outside"]) for group, part in parts.items() for row in part["rows"]
    }
    last = [*parts][-1]
    rows = {row["method"]: row for row in parts[last]["rows"]}
    others = [each for each in rows[ALONE]["same"] if each not in (law, *parts[last]["outside"])]
    lines = [
        [
            method,
            *(_exact(*over_seeds(found[method, group])) for group in parts),
            *(_exact(*over_seeds(row["same"][other])) for other in others),
            f"{statistics.mean(row['accuracy'][law]):.2f}",
        ]
        for method, row in rows.items()
    ]
    ahead = [[a - b for a, b in zip(found[ENSEMBLE, group], found[ALONE, group], strict=True)] for group in parts]
    lines.append(["ensemble of 20 less augmentation", *(uncertain(*over_seeds(row)) for row in ahead)])
    lines[-1] += ["-"] * (len(others) + 1)
    head = ["elements with the same prediction", *(f"{g} ({part['order']})" for g, part in parts.items())]
    head += [*(f"{other}, {last}" for other in others), f"accuracy, {law}, {last}"]
    return written(head, lines, _below(name))


@table("routes-orbit")
def orbit() -> str:
    """Exact actions: plaquettes of U(1)."""
    return _orbit("orbit", "beta = 2")


@table("routes-orbit-laws")
def laws() -> str:
    """The largest group, each law by itself."""
    part = section("orbit")["D4 x C"]
    names = [*part["rows"][0]["same"]]
    lines = [[row["method"], *(_exact(*over_seeds(row["same"][law])) for law in names)] for row in part["rows"]]
    return written(["D4 x C, of 16", *names], lines, _below("orbit"))


@table("routes-digits")
def digits() -> str:
    """Actions that interpolate."""
    return _orbit("digits", "digits 0 to 4")


@table("routes-emergent")
def emergent() -> str:
    """The spread of the mean of M networks."""
    lines, sizes = [], []
    for name, part in section("emergent").items():
        for row in part["rows"]:
            sizes = row["sizes"]
            lines.append([f"{name}, {row['law']}", *(f"{value:.3f}" for value, _ in row["spread"])])
            lines[-1].append(uncertain(*row["slope"]))
    head = ["spread over the orbit, M =", *map(str, sizes), "slope"]
    return written(head, lines, _below("emergent"))


@table("routes-infinite-width")
def infinite_width() -> str:
    """The same for infinitely many networks of infinite width."""
    lines = []
    for group, part in section("infinite-width").items():
        for row in part["rows"]:
            lines.append(
                [f"{group}, {row['law']}", f"{row['time']:g}", f"{row['augmented']:.1e}", f"{row['plain']:.2f}"]
            )
    head = ["relative spread", "training time", "full augmentation", "no augmentation"]
    return written(head, lines, _below("infinite-width"))


@table("routes-learning")
def learning() -> str:
    """Errors over the variance of the target."""
    parts = section("learning")
    sizes = next(iter(parts.values()))["sizes"]
    lines = [
        [name, *(uncertain(*cell) for cell in part["mse"]), uncertain(*part["slope"])] for name, part in parts.items()
    ]
    return written(["SU(2) W(2, 2), fields:", *map(str, sizes), "slope"], lines, _below("learning"))


@table("routes-bodies")
def bodies() -> str:
    """Mean squared errors of a coordinate."""
    lines = [
        [name, uncertain(part["mse"], part["mse_error"]), str(part["parameters"]), f"{part['seconds']:.0f}"]
        for name, part in section("bodies").items()
    ]
    variance = next(iter(section("bodies").values()))["variance"]
    head = ["five charges", f"error (variance {variance:.3f})", "parameters", "seconds for three"]
    return written(head, lines, _below("bodies"))


@table("routes-gauge")
def gauge() -> str:
    """Errors over the variance of the target, by volume."""
    lines, volumes = [], []
    for loop, part in section("gauge").items():
        rows = {row["route"]: row for row in part["rows"]}
        volumes = [*rows[LCNN]["mean"]]
        for name, row in rows.items():
            cells = [uncertain(*row["mean"][v]) if v in row["mean"] else "-" for v in volumes]
            held = "holds" if row["held"] else "broken"
            if "standard_error" in row:
                held += f", standard error {row['standard_error']:.2f} of its spread"
            lines.append([f"{loop}, {name}", *cells, uncertain(*row["site"]["8"]), held])
        factors = [f"{rows[TREE]['mean'][v][0] / rows[LCNN]['mean'][v][0]:.3g}" for v in volumes]
        lines.append([f"{loop}, tree gauge over L-CNN", *factors, "-", "-"])
    head = ["SU(2) loop, route", *(f"{v}^2" for v in volumes), "at a site, 8^2", "gauge"]
    return written(head, lines, _below("gauge"))
