"""What `measure` found, for people."""

from math import isfinite
from typing import Any

from gaugeflow.io import Configuration
from gaugeflow.tasks.measure.quantities import CONVENTIONS
from gaugeflow.tasks.table import format_table

__all__ = ["header_text", "measure_text"]

SHOWN_TIMES = 10
"""Rows of the table of the flow."""


def measure_text(found: dict[str, Any]) -> str:
    """Numbers with their conventions, tables of what was asked for beside, notes, and what the file's header says."""
    lattice = " x ".join(map(str, found["shape"]))
    count = f", {found['configurations']} configurations" if "configurations" in found else ""
    lines = [f"{found['file']}: {found['format']}, {found['group']}, {lattice}{count}"]
    lines += [f"  note: {note}" for note in found["notes"]]
    lines += [f"  warning: {name}: {text}" for name, text in found.get("warnings", {}).items()]
    lines += [
        f"  {name:20s} {_number_text(found, name):40s} {text}"
        for name, text in CONVENTIONS.items()
        if found[name] is not None
    ]
    header = {name: value for name, value in found["header"].items() if name != "deviations"}
    lines += [f"  header: {name} = {value}" for name, value in header.items()]
    lines += _loop_lines(found["loops"]) if "loops" in found else []
    lines += _flow_lines(found["flow"]) if "flow" in found else []
    return "\n".join([*lines, *(f"  figure: {path}" for path in found.get("figures", ()))])


def header_text(configuration: Configuration) -> str:
    """What a file holds and its header says."""
    lattice, count = " x ".join(map(str, configuration.shape)), len(configuration.links)
    ensemble = f", {count} configurations" if count > 1 else ""
    lines = [f"{configuration.path}: {configuration.format}, {configuration.group}, {lattice}{ensemble}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in configuration.metadata.items())])


def _number_text(found: dict[str, Any], name: str) -> str:
    value = found[name]
    parts = value if isinstance(value, list) else [value]
    error, tau = (found.get(key, {}).get(name) for key in ("errors", "tau_int"))
    errors = error if isinstance(error, list) else [error] * len(parts)
    taus = [one for one in (tau if isinstance(tau, list) else [tau]) if one is not None]
    times = f", tau_int {max(taus):.2g}" if taus else ""
    return ", ".join(map(_one_number, parts, errors)) + times


def _one_number(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.15g}" if error is None or not isfinite(error) else f"{value:.8g} +- {error:.2g}"


def _loop_lines(found: dict[str, Any]) -> list[str]:
    """A table for the loops, one for the potential and one for the Creutz ratios."""
    lines = []
    for name, first in (("wilson_loops", 1), ("potential", 1), ("creutz_ratios", 2)):
        values, errors = found[name], found[f"{name}_errors"]
        if values and values[0]:
            head = ["R", *(f"T = {first + t}" for t in range(len(values[0])))]
            rows = [[str(first + r), *map(_cell, values[r], errors[r])] for r in range(len(values))]
            lines += ["", f"{name}: {found['conventions'][name]}", format_table(head, rows).rstrip()]
    return lines


def _flow_lines(found: dict[str, Any]) -> list[str]:
    """t0, w0, and the curves at some of the times."""
    times = found["times"]
    places = sorted({round(k * (len(times) - 1) / (SHOWN_TIMES - 1)) for k in range(SHOWN_TIMES)})
    curves = [name for name in ("t2e", "charge", "charge_squared") if name in found]
    rows = [
        [f"{times[k]:.6g}", *(_cell(found[name][k], found[f"{name}_errors"][k]) for name in curves)] for k in places
    ]
    scales = ", ".join(f"{name} = {_cell(found[name], found[f'{name}_error'])}" for name in ("t0", "w0"))
    table = format_table(["t/a^2", *(name.replace("_", " ") for name in curves)], rows).rstrip()
    return ["", f"flow: {found['convention']}", f"  {scales}", table]


def _cell(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.8g}" if error is None else f"{value:.6g} +- {error:.2g}"
