"""Routes from any network to an equivariant one, put to work: `scripts/results/routes.json` and `routes.md`.

    python scripts/routes.py                 all sections, half an hour of one core; an interrupted run goes on
    python scripts/routes.py --only orbit    the sections with this in their name
    python scripts/routes.py --fresh         does what stands in the file again

A section consists of parts (`scripts/equivariance_routes`); each one is written as soon as it is finished.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine
from equivariance_routes import SECTIONS

RESULTS = Path(__file__).parent / "results"
FILE = RESULTS / "routes.json"


def read() -> dict[str, Any]:
    """What was computed so far, by section and part."""
    found: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {"sections": {}}
    return found


def store(section: str, part: str, result: dict[str, Any]) -> None:
    found = read()
    found["sections"].setdefault(section, {})[part] = result
    FILE.write_text(json.dumps(machine() | {"sections": found["sections"]}, indent=1) + "\n", encoding="utf-8")


def compute(only: str, fresh: bool) -> None:
    """Every part of the sections with `only` in their name that does not stand in the file."""
    for name, section in SECTIONS.items():
        if only not in name:
            continue
        for part, work in section.parts().items():
            if fresh or part not in read()["sections"].get(name, {}):
                start = time.process_time()
                result = work()
                seconds = time.process_time() - start
                store(name, part, result | {"seconds": seconds})
                print(f"{name}, {part}: {seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a part of the name of a section")
    parser.add_argument("--fresh", action="store_true", help="compute again what stands in the file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    compute(options.only, options.fresh)


if __name__ == "__main__":
    main()
