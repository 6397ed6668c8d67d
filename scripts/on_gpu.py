#!/usr/bin/env python3
"""Everything that waits for a GPU, in less than eight minutes on one card, the most important first.

    python scripts/on_gpu.py                    # writes scripts/results/gpu_NAME.json for each part
    python scripts/on_gpu.py --only speed       # one part
    python scripts/on_gpu.py --rehearse         # the same program on the CPU on tiny sizes, into a temporary folder

Each part runs in a process of its own with its own limit of time, and writes what it has found at once, so that a
crash or a cut-off loses little; the next part goes on. What a part does not need of its time is left to those behind
it. The exit code is 1 if a part failed, crashed or came to its limit.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from gpu.options import Options  # noqa: E402
from gpu.results import Result, write  # noqa: E402

BUDGET = 450.0
GRACE = 3.0
"""Seconds between the request to end and the end."""


class Part(NamedTuple):
    """A module of `scripts/gpu` with a function `run(result, options)`, and its share of the time in seconds."""

    name: str
    seconds: float
    what: str


PARTS = [
    Part("kernels", 130.0, "triton kernels against the torch reference: SU(2), SU(3), U(1), odd extents, both dtypes"),
    Part("speed", 110.0, "bench_gauge on 8^4, 16^4, 32^4 and 256 chains on 8^4, beside the copy bandwidth"),
    Part("tasks", 90.0, "a chain, flows, an L-CNN and variational Monte Carlo on the device, equal to the CPU"),
    Part("beryllium", 60.0, "Be with 4096 walkers: seconds of an iteration with the natural gradient"),
    Part("suite", 60.0, "the tests of the suite that take a device or need CUDA"),
]


def work(part: Part, path: Path, options: Options) -> None:
    """What the process of a part does; its output goes to a file beside the result."""
    os.setsid()
    log = os.open(path.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    result = Result(path, {"part": part.name, "what": part.what, "options": options._asdict()})
    try:
        if not (options.rehearse or torch.cuda.is_available()):
            raise RuntimeError("expected a CUDA device, torch finds none")
        importlib.import_module(f"gpu.{part.name}").run(result, options)
        result.finish()
    except Exception as error:
        traceback.print_exc()
        result.fail(f"{type(error).__name__}: {error}")


def supervised(part: Part, path: Path, options: Options, limit: float) -> dict[str, Any]:
    """Runs a part for so many seconds at most, and returns what it has found until then."""
    path.unlink(missing_ok=True)
    began = time.monotonic()
    process = multiprocessing.get_context("fork").Process(target=work, args=(part, path, options))
    process.start()
    process.join(limit)
    late = process.is_alive()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            process.join(GRACE)
    found = json.loads(path.read_text()) if path.exists() else {"part": part.name, "what": part.what}
    if late or found.get("status", "running") == "running":
        why = f"took longer than {limit:.0f} s" if late else f"ended with exit code {process.exitcode}"
        found |= {"status": "timed out" if late else "crashed", "why": why}
    found |= {"seconds": round(time.monotonic() - began, 3), "limit": round(limit, 1)}
    write(path, found)
    return found


def show(found: list[dict[str, Any]]) -> None:
    """The table of what passed, the checks that did not, and the numbers hoped for."""
    print(f"\n{'part':12}{'status':12}{'seconds':>8}{'checks':>8}{'rows':>6}  why")
    for part in found:
        checks = part.get("checks", [])
        passed = f"{sum(check['passed'] for check in checks)}/{len(checks)}"
        line = f"{part['part']:12}{part['status']:12}{part['seconds']:8.1f}{passed:>8}{len(part.get('rows', [])):6}"
        print(f"{line}  {part['why']}"[:200])
    for part in found:
        for check in part.get("checks", []):
            if not check["passed"]:
                print(f"NOT: {check['name']}: deviation {check['deviation']:.3g}, allowed {check['tolerance']:.3g}")
        for aim in part.get("aims", []) if not part.get("options", {}).get("rehearse") else []:
            met = "met" if aim["met"] else "not met"
            print(f"aim {met}: {aim['name']}: {aim['measured']:.3g} {aim['unit']}, at {aim['at']} {aim['aim']:.3g}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for all parts together")
    parser.add_argument("--output", type=Path, help="folder of the results")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the CPU; `cuda` is a device of pretence")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    options = Options("cuda", arguments.rehearse)
    rehearsal = tempfile.mkdtemp(prefix="rehearsal_") if arguments.rehearse and arguments.output is None else None
    output = Path(rehearsal or arguments.output or ROOT / "scripts" / "results")
    output.mkdir(parents=True, exist_ok=True)
    chosen = [part for part in PARTS if part.name in arguments.only]
    whole, end, found = sum(part.seconds for part in chosen), time.monotonic(), []
    for part in chosen:
        end += arguments.budget * part.seconds / whole
        print(f"{part.name}: {part.what}", flush=True)
        limit = end - time.monotonic()
        found.append(supervised(part, output / f"gpu_{part.name}.json", options, limit))
    show(found)
    print(f"results in {output}")
    return 0 if all(part["status"] in ("passed", "skipped") for part in found) else 1


if __name__ == "__main__":
    sys.exit(main())
