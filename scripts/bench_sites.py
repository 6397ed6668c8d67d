#!/usr/bin/env python3
"""Seconds of one sweep of mean-field determinants on lattice sites, with kept inverses and with new determinants.

A sweep is a hop for each site of each walker, half filled. Rows, for each lattice:

    sweep, new determinants   every determinant is calculated anew after each proposal
    sweep, kept inverses      an accepted hop changes the inverse by rank one

    copy                      the machine's own copy of 512 MB, for comparison (bytes read and written per second)

``per_second`` counts sweeps of a walker, ``seconds`` is the shortest time of the whole batch; both take turns, so that
a busy machine disturbs both alike. On a machine that never rests, take ``--clock cpu --threads 1``.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from benchmarks.copying import copy_row
from benchmarks.machine import machine
from benchmarks.output import CLOCKS, parser_of, publish

from gaugeflow.montecarlo import Metropolis
from gaugeflow.wavefunctions import Determinants, occupation

LATTICES = ((4, 4), (6, 6))


def chains(shape: tuple[int, int]) -> dict[str, Any]:
    """Both chains of the lowest determinant, and the particles."""
    lattice = occupation.lattice("square", shape)
    model = occupation.hubbard(lattice, lattice.sites // 2, lattice.sites // 2, 4.0)
    particles, start = model.particles, occupation.lowest_orbitals(model.one_body)
    orbitals = occupation.SiteOrbitals(particles, 1, particles.counts, start, torch.Generator().manual_seed(1))
    psi, hop = Determinants(orbitals), occupation.Hop(particles, lattice)
    plain = Metropolis(lambda x: 2 * psi(x).log, hop, steps=lattice.sites, target=None)
    kept = occupation.RankOne(psi, plain, hop.targets)
    return {"sweep, new determinants": plain, "sweep, kept inverses": kept}


def rows_of(shape: tuple[int, int], walkers: int, clock: str, rounds: int) -> list[dict[str, Any]]:
    """The shortest times, after a round that does not count."""
    now, both, generator = CLOCKS[clock], chains(shape), torch.Generator().manual_seed(2)
    particles = both["sweep, kept inverses"].psi.particles
    x, best = particles.draw(walkers, generator), dict.fromkeys(both, math.inf)
    for index in range(rounds + 1):
        for name, chain in both.items():
            begin = now()
            x, _ = chain.update(x, generator)
            if index:
                best[name] = min(best[name], now() - begin)
    size = " x ".join(map(str, shape))
    common = {"group": f"square {size}, half filled", "shape": [walkers, *x.shape[1:]], "dtype": "float64"}
    return [
        {"op": name, **common, "backend": "cpu", "per_second": walkers / seconds, "seconds": seconds}
        for name, seconds in best.items()
    ]


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows[1:]:
        print(f"{row['group']:24} {row['op']:24} {row['seconds'] * 1000:9.2f} ms")


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--walkers", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="threads of torch; those of the machine by default")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="wall, or processor time")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rows = [row for shape in LATTICES for row in rows_of(shape, arguments.walkers, arguments.clock, arguments.rounds)]
    publish([copy_row(), *rows], machine(), arguments, show)


if __name__ == "__main__":
    main()
