"""Links per second of the kernels: `bench_gauge.py` on small, middle and large lattices, and on many small ones."""

from argparse import Namespace
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench_gauge import OPS, bench
from benchmarks.copying import copy_row

from .options import Options
from .results import Result

__all__ = ["run"]

HEATBATH_AIM = 1.6e9
"""Link updates per second in float32 of heat bath and overrelaxation; another program reaches 3.0e8 on a V100."""
STAPLES_AIM = 2.0
"""Times the time that reading and writing the links once takes at the copy bandwidth."""


class Lattices(NamedTuple):
    """A lattice, how many of them at once, the precision, and who computes."""

    extent: int
    chains: int
    dtype: str
    backend: str


CASES = [
    Lattices(32, 1, "complex64", "triton"),
    Lattices(8, 256, "complex64", "triton"),
    Lattices(16, 1, "complex64", "triton"),
    Lattices(8, 1, "complex64", "triton"),
    Lattices(32, 1, "complex128", "triton"),
    Lattices(8, 256, "complex128", "triton"),
    Lattices(16, 1, "complex128", "triton"),
    Lattices(8, 1, "complex128", "triton"),
    Lattices(8, 1, "complex64", "torch"),
    Lattices(16, 1, "complex64", "torch"),
]
REHEARSED = [Lattices(2, 3, "complex64", "torch")]


def run(result: Result, options: Options) -> None:
    """The copy, then every operation; the numbers that were hoped for beside the best ones in float32."""
    device = "cpu" if options.rehearse else options.device
    groups, seconds = (("su2",), 0.0) if options.rehearse else (("su3", "su2"), 0.2)
    copy = copy_row(device)
    result.rows([copy])
    for case in REHEARSED if options.rehearse else CASES:
        for group in groups:
            arguments = Namespace(ndim=4, device=device, seconds=seconds, ops=OPS, chains=case.chains)
            result.rows(list(bench(group, case.extent, case.dtype, case.backend, arguments)))
    for group in groups:
        for name, aim, measured, unit, least in aims(result.content["rows"], group, copy["bytes"]):
            result.aim(name, aim, measured, unit, least)


def aims(rows: list[dict[str, Any]], group: str, bandwidth: float) -> Iterator[tuple[str, float, float, str, bool]]:
    """Name, aim, best number, unit, and whether it is to be at least or at most the aim."""
    single = [row for row in rows if row["group"] == group and row["dtype"] == "complex64"]
    for op in ("heatbath", "overrelax"):
        best = max(row["per_second"] for row in single if row["op"] == op)
        yield f"{group} {op}, float32", HEATBATH_AIM, best, "link updates per second", True
    best = max(row["bytes"] for row in single if row["op"] == "staples")
    unit = "times the time of reading and writing the links once"
    yield f"{group} staples, float32", STAPLES_AIM, bandwidth / best, unit, False
