"""Seconds of an iteration of variational Monte Carlo: the beryllium atom of `configs/trained/be_determinant`."""

import time
from argparse import Namespace

from bench_vmc import Job
from benchmarks.copying import synchronize

from .options import Options
from .results import Result

__all__ = ["run"]

AIM = 0.12
"""Seconds of an iteration with the natural gradient and 4096 walkers."""
NETWORK = {"ansatz": "determinant", "terms": 8, "moves": 10, "dtype": "float32"}
NETWORK |= {"backbone": "ferminet", "layers": 3, "width": 32, "pairs": 8}
WALKERS = 4096
ROUNDS = 10


def run(result: Result, options: Options) -> None:
    """Iterations as a whole, then their parts."""
    walkers, rounds, device = (4, 1, "cpu") if options.rehearse else (WALKERS, ROUNDS, options.device)
    job = Job(Namespace(**NETWORK, jacobian="implicit", device=device, chunk_size=None), "Be", walkers)
    row = {"group": "Be", "shape": [walkers, 4, 3], "dtype": "float32", "backend": device}
    for name in ("natural iteration", "iteration"):
        seconds = shortest(job, name, rounds, device)
        result.rows([{"op": name} | row | {"per_second": walkers / seconds, "seconds": seconds}])
    whole = result.content["rows"][0]["seconds"]
    result.aim(f"Be, {walkers} walkers, natural gradient", AIM, whole, "seconds an iteration", least=False)
    if not options.rehearse:
        parts = job.times(time.perf_counter, rounds)
        result.rows([{"op": op} | row | {"per_second": walkers / t, "seconds": t} for op, t in parts.items()])


def shortest(job: Job, name: str, rounds: int, device: str) -> float:
    """Of some iterations after two that warm up."""
    times = []
    for _ in range(rounds + (2 if rounds > 1 else 0)):
        synchronize(device)
        start = time.perf_counter()
        job.iterate(name)
        synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times[-rounds:])
