"""What every benchmark prints and writes."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CLOCKS", "parser_of", "publish", "write"]

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every benchmark."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a JSON list of rows and nothing else")
    parser.add_argument("--output", type=Path, help="also write the rows and what they were measured on to this file")
    return parser


def write(rows: list[dict[str, Any]], found: dict[str, Any], arguments: argparse.Namespace) -> None:
    """The rows, with ``found`` of the machine above them, to the file that the user named."""
    if arguments.output:
        arguments.output.write_text(json.dumps(found | {"rows": rows}, indent=1) + "\n", encoding="utf-8")


def publish(
    rows: list[dict[str, Any]], found: dict[str, Any], arguments: argparse.Namespace, show: Callable[..., None]
) -> None:
    """Writes the file, then prints the rows as JSON, or ``found`` in a line and what ``show`` makes of them."""
    write(rows, found, arguments)
    if arguments.json:
        print(json.dumps(rows))
        return
    print(", ".join(f"{key}: {value}" for key, value in found.items()))
    show(rows)
