"""Tables and numbers as people read them, in a terminal and in markdown alike."""

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["couplings", "format_table", "format_values", "listed", "table_cells", "title"]


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table with aligned columns: the first to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [_line(head, widths), "|" + "|".join(_rule(i, width) for i, width in enumerate(widths)) + "|"]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True)))
    return "| " + " | ".join(aligned) + " |"


def _rule(column: int, width: int) -> str:
    return "-" * (width + 1) + (":" if column else "-")


def format_values(values: dict[str, Any]) -> str:
    """One line for each number, nested ones indented; what is None is left out."""
    return "\n".join(_value_lines(values, ""))


def _value_lines(values: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_value_lines(value, indent + "  ")]
        elif value is not None:
            shown = f"{value:.15g}" if isinstance(value, float) else str(value)
            lines.append(f"{indent}{name + ':':22s} {shown}")
    return lines


def table_cells(name: str, entry: dict[str, Any]) -> list[str]:
    """A row of a table: measured, exact, difference in errors, tau_int, count."""
    exact, deviation, tau = entry["exact"], entry["deviation"], entry["tau_int"]
    tau = None if tau is None or math.isnan(tau) else tau
    return [
        name,
        entry["text"],
        "-" if exact is None else f"{exact:.7g}",
        "-" if deviation is None else f"{deviation:+.2f}",
        "-" if tau is None else f"{tau:.2f}",
        str(entry["count"]),
    ]


def listed(heading: str, entries: dict[str, str]) -> str:
    """A heading with a line for each entry, name and text; nothing where there is none."""
    lines = "".join(f"- {name}: {text}\n" for name, text in entries.items() if text)
    return f"{heading}\n\n{lines}\n" if lines else ""


def couplings(action: dict[str, Any]) -> dict[str, Any]:
    """What an action says beside its name; an anisotropy or a mean link of 1 is none, nor are periodic boundaries."""
    usual = {key for key in ("xi", "u_s", "u_t") if action.get(key) == 1}
    usual |= {"boundary"} if action.get("boundary") == "periodic" else set()
    return {key: value for key, value in action.items() if key not in usual | {"name", "options"}}


def title(report: dict[str, Any], method: str) -> str:
    """Group, lattice, action and by what the fields were made."""
    action = ", ".join(f"{key} {value}" for key, value in couplings(report["action"]).items())
    lattice = " x ".join(map(str, report["shape"]))
    theory = f"{report['group']}, " if report["group"] else ""
    return f"{theory}{lattice}, {report['action']['name']} action ({action}), {method}"
