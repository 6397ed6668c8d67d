"""Tables and numbers as people read them, in a terminal and in markdown alike."""

from collections.abc import Sequence
from typing import Any

__all__ = ["format_table", "format_values"]


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
