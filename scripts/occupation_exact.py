"""Exact energies of fermions on sites beside published ones, and the figures of the page "Fermions on sites".

`python scripts/occupation_exact.py` takes half a minute and writes `docs/images/structure_factors.png` and
`docs/images/momenta.png`; with `--large` it adds the lowest states of sectors of 3 to 131 million states, in some
minutes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from gaugeflow.plots.figure import BLUE, ORANGE, figure
from gaugeflow.wavefunctions import occupation
from gaugeflow.wavefunctions.occupation.exact import Split

IMAGES = Path(__file__).parents[1] / "docs" / "images"
TRAINED = Path(__file__).parents[1] / "configs" / "trained" / "hubbard_chain8_4_3_u4" / "report.json"
SQRT10 = [[3, 1], [-1, 3]]


def small() -> dict[str, tuple[occupation.SiteHamiltonian, float]]:
    """Hamiltonians, and their energies by others to the digits given."""
    chains = {(8, 4): -4.60352630, (8, 8): -2.66614742, (10, 4): -5.83432264, (10, 8): -3.31499673}
    tori = {(5, 4): -8.40754760, (5, 8): -5.10409191, (4, 4): -9.82793201, (4, 8): -8.11706775}
    spinless = {1: -10.240650492, 4: -6.859013554, 10: -4.052055274}
    ten, square = occupation.lattice("square", vectors=SQRT10), occupation.lattice("square", [4, 4])
    found = {
        f"chain {n}, U = {u}": (occupation.hubbard(occupation.lattice("chain", [n]), n // 2, n // 2, u), energy)
        for (n, u), energy in chains.items()
    }
    found |= {f"sqrt(10), ({n}, {n}), U = {u}": (occupation.hubbard(ten, n, n, u), e) for (n, u), e in tori.items()}
    return found | {f"t-V 4x4, N = 5, V = {v}": (occupation.t_v(square, 5, v), e) for v, e in spinless.items()}


def large() -> dict[str, tuple[occupation.SiteHamiltonian, occupation.SiteGroup, float]]:
    """Those that take minutes, each with the sector of its ground state, at k = 0."""
    square, found = occupation.lattice("square", [4, 4]), {}
    known = {
        (4, 10, "B1", 1): -16.143208170,
        (5, 4, "A1", -1): -19.580937525,
        (5, 10, "A1", -1): -16.903559984,
        (7, 8, "B1", -1): -11.868835570,
    }
    for (n, u, part, flip), energy in known.items():
        sector = occupation.sector(square, (0, 0), part, flip)
        found[f"4x4, ({n}, {n}), U = {u}, {part}"] = occupation.hubbard(square, n, n, u), sector, energy
    return found


def draw_factors() -> None:
    """The spin and charge structure factors of the ring of eight sites at U = 4, from all configurations."""
    ring = occupation.hubbard(occupation.lattice("chain", [8]), 4, 4, 4.0)
    weights = torch.from_numpy(np.square(occupation.exact_states(ring).states[0]))
    up, down = Split(ring).spaces
    x = torch.stack((up[:, None].expand(-1, len(down), -1), down[None].expand(len(up), -1, -1)), 2)
    momenta, spin, charge = occupation.structure_factors(x, ring.lattice)
    with figure(IMAGES / "structure_factors.png", 8.0) as canvas:
        for axes, factor, name in zip(canvas.subplots(1, 2), (spin, charge), ("spin", "charge"), strict=True):
            axes.plot(2 * momenta[:, 0], (weights[..., None] * factor).sum((0, 1)), color=BLUE, marker="o")
            axes.set(xlabel=r"$q / \pi$", ylabel="S(q)", title=f"{name} structure factor")


def draw_momenta() -> None:
    """The lowest energy at each momentum of the ring of eight sites with one hole, beside that of the trained run."""
    ring, around = occupation.lattice("chain", [8]), np.arange(-4, 5) / 4
    trained = json.loads(TRAINED.read_text())
    with figure(IMAGES / "momenta.png", 8.0) as canvas:
        for axes, u in zip(canvas.subplots(1, 2), (4.0, 8.0), strict=True):
            model = occupation.hubbard(ring, 4, 3, u)
            lowest = [occupation.sector_energies(model, occupation.sector(ring, (k,)))[0] for k in around]
            axes.plot(around, lowest, color=ORANGE, marker="o", markerfacecolor="none", label="exact, by sectors")
            axes.set(xlabel=r"$k / \pi$", ylabel="lowest energy (t)", title=f"U = {u:g}")
            if u == trained["system"]["u"]:
                (k,) = trained["wavefunction"]["projection"]["momentum"]
                axes.plot(k, trained["energy"], color=BLUE, marker="x", linestyle="", label="trained")
            axes.legend(loc="lower center")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also spaces that take minutes")
    rows = []

    def add(name: str, hamiltonian: occupation.SiteHamiltonian, energy: float, published: float) -> None:
        states = hamiltonian.particles.states
        rows.append({"system": name, "states": states, "energy": energy, "published": published})

    for name, (hamiltonian, published) in small().items():
        add(name, hamiltonian, float(occupation.exact_states(hamiltonian).energies[0]), published)
    if parser.parse_args().large:
        for name, (hamiltonian, sector, published) in large().items():
            add(name, hamiltonian, float(occupation.sector_energies(hamiltonian, sector)[0]), published)
    print(json.dumps(rows, indent=1))
    draw_factors()
    draw_momenta()


if __name__ == "__main__":
    main()
