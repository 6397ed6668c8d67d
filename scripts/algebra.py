"""What `gaugeflow.symmetry.algebra` finds, beside what is known; the result lies in scripts/results.

python scripts/algebra.py                all rows (`scripts/algebra_rows`), within half a minute of one core
python scripts/algebra.py --row SU(3)    only the rows with this in their question, nothing written
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from algebra_rows import ROWS
from benchmarks.machine import machine

from gaugeflow.symmetry.examples.degenerate import separation_table

RESULT = Path(__file__).parent / "results" / "algebra.json"


def main() -> None:
    parser = argparse.ArgumentParser(description="The tables of gaugeflow.symmetry.algebra.")
    parser.add_argument("--row", default="", help="only rows with this in their question; writes nothing")
    wanted = parser.parse_args().row
    torch.set_num_threads(1)
    rows = []
    for row in ROWS:
        if wanted not in row.question:
            continue
        start = time.process_time()
        found = str(row.find())
        seconds = round(time.process_time() - start, 2)
        answer = {"table": row.table, "question": row.question, "known": row.known, "found": found, "seconds": seconds}
        rows.append(answer | {"most": row.most})
        mark = "  " if row.agrees(found) and seconds < row.most else "! "
        print(f"{mark}{row.table}: {row.question}: {found} (known: {row.known}, {seconds} s)", flush=True)
    if not wanted:
        found_all = machine() | {"rows": rows, "pairs": separation_table()}
        RESULT.write_text(json.dumps(found_all, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
