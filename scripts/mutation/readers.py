"""Mistakes in what reads files."""

from .mutant import Mutant

__all__ = ["READERS"]

BITS = "io/test_hostile.py::test_every_bit_of_the_matrices_is_checked"
LIES = "io/test_hostile.py::test_nersc_headers_that_lie"

READERS = (
    Mutant("any checksum of NERSC", "io/nersc.py", "if found[-1] == wanted:", "if found[-1]:", LIES),
    Mutant("any plaquette of NERSC", "io/nersc.py", "if not abs(stated - found) <= allowed:", "if False:", LIES),
    Mutant("any checksum of MILC", "io/milc.py", "if stated != found:", "if False:", f"{BITS}[milc]"),
    Mutant(
        "any checksum of SciDAC",
        "io/lime/gauge.py",
        'if plain != [value.lstrip("0") for value in found]:',
        "if False:",
        f"{BITS}[ildg]",
    ),
    Mutant(
        "MILC's bytes always little-endian",
        "io/milc.py",
        'np.frombuffer(source.read(offset, length, "matrices"), order + "f4")',
        'np.frombuffer(source.read(offset, length, "matrices"), "<f4")',
        "io/test_round_trip.py::test_single_precision_of_a_format",
    ),
    Mutant(
        "Bridge++ text always double",
        "io/bridge/text.py",
        "precision = 32 if _longest_word(text) <= LONGEST_SINGLE else 64",
        "precision = 64",
        "io/test_round_trip.py::test_exact",
    ),
    Mutant(
        "rows beyond the checkpoint kept",
        "runs/metrics.py",
        "table: {name: rows[: counts[table]] for name, rows in columns.items()}",
        "table: dict(columns)",
        "runs/test_runs.py::test_a_run_killed_between_two_files_of_a_checkpoint_resumes",
    ),
)
