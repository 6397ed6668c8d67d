"""What a report says of fermions on sites beside their energy."""

from typing import Any

from gaugeflow.tasks.table import format_table

__all__ = ["observables_markdown"]


def observables_markdown(report: dict[str, Any]) -> str:
    """Double occupancy and structure factors as a table; nothing where a report has none."""
    observables = report.get("observables")
    if not observables:
        return ""
    doubles, error = observables["double_occupancy"]
    text = f"\n## Observables\n\nDouble occupancy of a site: {doubles:.6g} +- {error:.1g}.\n"
    rows = [
        [", ".join(f"{2 * part:.4g}" for part in entry["q"]), *(_cell(entry[kind]) for kind in ("spin", "charge"))]
        for entry in observables.get("structure_factors", [])
    ]
    return f"{text}\n{format_table(['q / pi', 'spin structure', 'charge structure'], rows)}" if rows else text


def _cell(entry: list[float]) -> str:
    return f"{entry[0]:.5g} +- {entry[1]:.1g}"
