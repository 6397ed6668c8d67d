"""The report of a flow as a person reads it."""

import math
from typing import Any

from gaugeflow.tasks.table import format_table, listed, table_cells, title

__all__ = ["flow_markdown"]

MOST_DECIMALS = 10
ENOUGH = 16384
"""Samples on which an effective sample size may be quoted."""
HEAD = ["", "measured", "exact", "difference in errors", "tau_int", "samples"]


def flow_markdown(report: dict[str, Any]) -> str:
    """`report.md`: quality of the flow, observables, weights, the chains beside it, other volumes."""
    kind = "stochastic flow" if "stochastic" in report else "flow"
    heading = title(report, f"{report['model']['name']} {kind}")
    doubts = {"round trip": (report.get("round_trip") or {}).get("warning", "")}
    doubts |= {name: entry["warning"] for name, entry in report["observables"].items()}
    doubts |= {"work": report.get("work", {}).get("warning", "")}
    parts = [f"# {heading}\n", listed("**Warnings**", doubts), format_table(["", ""], _summary(report))]
    if report["samples"] < ENOUGH:
        parts.append(
            f"Only {report['samples']} samples: an effective sample size is to be quoted on {ENOUGH} or more.\n"
        )
    if report["collapsed"]:
        parts.append(
            f"The weights have collapsed: {report['collapsed']}. No number that rests on them is given; expected a "
            "flow nearer to its target (longer training, annealing, a smaller lattice first).\n"
        )
    else:
        rows = [table_cells(name, entry) for name, entry in report["observables"].items()]
        parts += ["Independence Metropolis\n", format_table(HEAD, rows)]
        rows = [table_cells(name, {**entry, "tau_int": None}) for name, entry in report["reweighted"].items()]
        parts += ["Reweighting\n", format_table(HEAD, rows)]
    parts += _steps(report.get("step_error"))
    parts += ["Beside other samplers, in this run\n", format_table(_SPEED, _speeds(report["beside"]))]
    if len(report["volumes"]) > 1:
        parts += [
            "The same parameters on other lattices\n",
            format_table(["lattice", "ESS", "samples"], _volumes(report)),
        ]
    conventions = "".join(f"- {name}: {text}\n" for name, text in report["conventions"].items())
    return "\n".join([*parts, conventions])


_SPEED = ["", "fields per second", "longest tau_int", "independent per second"]


def _summary(report: dict[str, Any]) -> list[list[str]]:
    log_z = _number(report["log_z"], report.get("log_z_error"))
    exact = report.get("log_z_exact")
    return [
        ["effective sample size", _number(report["ess"], report["ess_error"])],
        *_alone(report.get("layers_alone")),
        *_work(report.get("work")),
        *_averaged(report),
        ["forward effective sample size", _number(report["ess_forward"], report["ess_forward_error"])],
        ["acceptance", _number(report["acceptance"])],
        ["longest tau_int", _number(report["tau_int"])],
        [
            "log Z" + (f" of {report['log_z_of']}" if "log_z_of" in report else ""),
            log_z if exact is None else f"{log_z} (exact {exact:.7g})",
        ],
        ["samples", str(report["samples"])],
        ["parameters", str(report["parameters"])],
        ["training, seconds", f"{report['train_seconds']:.1f}"],
    ]


def _alone(layers: dict[str, Any] | None) -> list[list[str]]:
    """What the layers of a stochastic or symmetrized flow are worth without its updates or its average."""
    if layers is None:
        return []
    value = layers["collapsed"] or _number(layers["ess"], layers["ess_error"])
    return [["effective sample size of the layers alone", value]]


def _work(work: dict[str, Any] | None) -> list[list[str]]:
    """What the updates of a stochastic flow have spent and lost."""
    if work is None:
        return []
    resampled = work["resampled"]
    return [
        ["updates of each field", str(work["updates"])],
        *([] if resampled is None else [["resamplings of a population", f"{resampled:.3g}"]]),
        ["dissipated work", _number(work["dissipated"], work["dissipated_error"])],
        ["variance of the work", f"{work['variance']:.4g}"],
        *([f"log Z, {name}", _number(*pair)] for name, pair in work.get("log_z", {}).items() if pair),
    ]


def _averaged(report: dict[str, Any]) -> list[list[str]]:
    """Over how many symmetries a density is averaged, and what that wins."""
    if "symmetrized" not in report:
        return []
    of = report["symmetrized"]
    return [
        ["symmetries, of all", f"{of['elements']} of {of['order']}"],
        ["exactly symmetric under", of["invariant_under"] or "-"],
        ["Kullback-Leibler distance won", _number(report["kl_won"], report["kl_won_error"])],
    ]


def _steps(found: dict[str, Any] | None) -> list[str]:
    """By how much numbers change where a flow is integrated in steps half as long."""
    if found is None:
        return []
    rows = [
        [name, f"{row['change']:+.1e}", _power(row["error"]), _power(row["statistical"])]
        for name, row in found["changes"].items()
    ]
    text = (
        "The flow is integrated, and its numbers are exact up to the integrator.\n"
        f"With steps half as long they change, on {found['samples']} base fields, by\n"
    )
    warnings = [f"- **warning**: {text}\n" for text in found["warnings"]]
    return [text, format_table(_CHANGES, rows), *warnings]


_CHANGES = ["", "change", "error of the change", "statistical error"]


def _power(error: float | None) -> str:
    return "-" if error is None or not math.isfinite(error) else f"{error:.0e}"


def _speeds(beside: dict[str, Any]) -> list[list[str]]:
    return [
        [name, _number(found["per_second"]), _number(found["tau_int"]), _number(found["independent_per_second"])]
        for name, found in beside.items()
    ]


def _volumes(report: dict[str, Any]) -> list[list[str]]:
    return [
        [
            " x ".join(map(str, entry["shape"])),
            entry["collapsed"] or _number(entry["ess"], entry["ess_error"]),
            str(entry["samples"]),
        ]
        for entry in report["volumes"]
    ]


def _number(value: float | None, error: float | None = None) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    if error is None or not math.isfinite(error) or error == 0:
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(error)))
    if decimals > MOST_DECIMALS:
        return f"{value:.2g} +- {error:.1g}"
    return f"{value:.{decimals}f} +- {error:.{decimals}f}"
