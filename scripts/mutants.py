"""Makes each of a list of mistakes in a copy of the package, and runs the tests that are to find it.

    python scripts/mutants.py            all of them, in some minutes on one core
    python scripts/mutants.py WORD       those whose description or file has WORD in it; the others keep their outcome

A mistake is a `Mutant` of `scripts/mutation`: another text in one place of one file, and tests. Before it is made the
same tests must pass. Outcomes stand in results/mutants.json. If one is not `killed` the exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from mutation import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "mutants.json"
COPIED = ("gaugeflow", "tests", "scripts", "configs", "pyproject.toml")
SLOW_TO_LOAD = ("torch", "pytest", "normflows", "pyerrors", "numba", "h5py", "pydantic", "yaml", "matplotlib.pyplot")
"""Loaded once, by the process from which each run of tests is forked."""


@contextmanager
def workshop() -> Iterator[Path]:
    """A copy of what the tests need."""
    with tempfile.TemporaryDirectory() as name:
        for part in COPIED:
            source, target = ROOT / part, Path(name) / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        yield Path(name)


def passes(place: Path, tests: str) -> bool:
    """Whether the tests of the copy pass. Raises RuntimeError where pytest could not run them."""
    process = get_context("fork").Process(target=run_tests, args=(place, tests.split()))
    process.start()
    process.join()
    if process.exitcode not in (0, 1):
        raise RuntimeError(f"expected tests at {tests}, pytest ended with {process.exitcode}")
    return process.exitcode == 0


def run_tests(place: Path, tests: list[str]) -> None:
    """In a process of its own, which ends with the exit code of pytest."""
    import pytest

    os.chdir(place)
    sys.path.insert(0, str(place))
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *(f"tests/{test}" for test in tests)]))


def killed(place: Path, mutant: Mutant) -> bool:
    """Whether the tests of a mutant fail in the copy; its file is as before afterwards."""
    path = place / "gaugeflow" / mutant.file
    right = path.read_text()
    path.write_text(mutated(right, mutant))
    try:
        return not passes(place, mutant.tests)
    finally:
        path.write_text(right)


def mutated(text: str, mutant: Mutant) -> str:
    """The file with the mistake. Raises ValueError unless `old` stands there once."""
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file}: expected once, found {text.count(mutant.old)} times: {mutant.old!r}")
    return text.replace(mutant.old, mutant.new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="", help="only mutants with this word in description or file")
    word = parser.parse_args().word
    chosen = [mutant for mutant in MUTANTS if word in mutant.what or word in mutant.file]
    outcomes = known()
    os.environ["OMP_NUM_THREADS"], sys.dont_write_bytecode = "1", True
    for name in SLOW_TO_LOAD:
        importlib.import_module(name)
    with workshop() as place:
        healthy = {tests: passes(place, tests) for tests in dict.fromkeys(mutant.tests for mutant in chosen)}
        for mutant in chosen:
            outcome = "killed" if healthy[mutant.tests] and killed(place, mutant) else "survived"
            if not healthy[mutant.tests]:
                outcome = "its tests fail without it"
            print(f"{outcome:10} {mutant.file}: {mutant.what}", flush=True)
            outcomes[mutant] = outcome
    rows = [{**mutant._asdict(), "outcome": outcomes.get(mutant, "not made")} for mutant in MUTANTS]
    RESULT.write_text(json.dumps({"mutants": rows}, indent=1) + "\n")
    wrong = [mutant for mutant in chosen if outcomes[mutant] != "killed"]
    print(f"{len(chosen)} mutants, {len(wrong)} not killed")
    sys.exit(1 if wrong else 0)


def known() -> dict[Mutant, str]:
    """The outcomes that are written down."""
    rows = json.loads(RESULT.read_text())["mutants"] if RESULT.exists() else []
    return {Mutant(**{key: row[key] for key in Mutant._fields}): row["outcome"] for row in rows}


if __name__ == "__main__":
    main()
