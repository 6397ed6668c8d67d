#!/usr/bin/env python
"""Fock matrices of water by equivariant ridge regression, beside plain ridge on the same numbers.

    python scripts/hamiltonian.py            about ten minutes of one core; needs the extra `chem`
    python scripts/hamiltonian.py --start    only how a wavefunction starts from the orbitals, four minutes

Geometries are the equilibrium with every atom moved at random. All of the training stand in one orientation, as they
are drawn. Those of the test are turned at random, mirrored or not, with the hydrogens exchanged or not; so are their
matrices. Writes scripts/results/hamiltonian.json, and the matrices of 6-31G as configs/matrices/water_631g.pt.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow import runs
from gaugeflow.montecarlo import Metropolis
from gaugeflow.symmetry import Atoms, Element, OrbitalMatrices, group_named
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import (
    Descriptors,
    Determinants,
    Hamiltonian,
    MatrixRidge,
    Product,
    fit_matrices,
    fock_matrix,
    hartree_fock,
    initial_walkers,
    learned_state,
    local_energy,
    molecule,
    overlap_matrix,
)
from gaugeflow.wavefunctions.matrices.descriptors import Surroundings
from gaugeflow.wavefunctions.matrices.fock import orbital_energies, shells_of

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "scripts" / "results" / "hamiltonian.json"
SHIPPED = ROOT / "configs" / "matrices" / "water_631g.pt"
CHARGES = [8, 1, 1]
WATER = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.4305, 1.1072], [0.0, -1.4305, 1.1072]], dtype=torch.float64)
"""Bonds of 0.9572 angstrom and an angle of 104.5 degrees, in bohr."""
MOVED = 0.12
"""Standard deviation of each coordinate of each atom in bohr."""
TRAINING, TEST, TURNS = 160, 40, 4
SIZES = (20, 40, 80, 160)
BASES = ("sto-3g", "6-31g")
PENALTIES = (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
ORBITALS = ("hartree_fock", "learned")
STEPS, RATE, SEEDS = 1000, 0.03, (1, 2, 3, 4)
"""Of the pretraining, after which its misfit is about 1 %: in 100 steps at 0.01 the orbitals stay where they begin."""
WALKERS, GROUPS = 1024, 16
"""Of the comparison, in groups from which follows an error."""
FRESH, FITTED = 150, 20
"""Updates of walkers that are new, and of those of a fit."""
START = {
    "task": "vmc",
    "seed": 1,
    "system": {
        "name": "molecule",
        "unit": "bohr",
        "atoms": [[symbol, *place] for symbol, place in zip("OHH", WATER.tolist(), strict=True)],
    },
    "wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "ferminet", "layers": [[32, 8], [32, 8]]}},
    "walkers": {"count": 128, "width": 0.3, "steps": 10},
    "optimizer": {"name": "spring", "rate": 0.1},
    "iterations": 0,
    "evaluation": 1,
}


class Data:
    """Random geometries with their Fock matrices and energies in one basis."""

    def __init__(self, basis: str) -> None:
        noise = torch.randn(TRAINING + TEST, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        self.positions = WATER + MOVED * noise
        self.basis, self.shells = basis, shells_of(water(WATER), basis)
        found = [fock_matrix(water(place), basis) for place in self.positions]
        self.matrices = torch.stack([fock for fock, _ in found])
        self.energies = torch.tensor([energy for _, energy in found], dtype=torch.float64)

    def turned(self, part: slice, times: int, seed: int) -> tuple[Tensor, Tensor]:
        """Positions and matrices after random motions about the origin and exchanges of the hydrogens."""
        x = Atoms(self.positions[part].repeat(times, 1, 1), kinds=tuple(CHARGES))
        y = OrbitalMatrices(self.matrices[part].repeat(times, 1, 1), shells=self.shells)
        group = group_named("orthogonal * spin-permutations")
        g: Element = group.element(x, len(x.data), torch.Generator().manual_seed(seed))
        return g(x).data, g(y).data


def water(positions: Tensor) -> Hamiltonian:
    return molecule(["O", "H", "H"], positions.tolist(), "bohr")


def components(positions: Tensor, degree: int = 2) -> Tensor:
    """All descriptors of all atoms and pairs of water, component by component, ``(batch, numbers)``."""
    near = Surroundings(Descriptors(), positions, CHARGES, sorted({*CHARGES}))
    kinds = [(l, natural) for l in range(degree + 1) for natural in (True, False)]
    found = [near.of_atoms([0, 1, 2], *kind) for kind in kinds]
    found += [near.of_pairs([(0, 1), (0, 2), (1, 2)], *kind) for kind in kinds]
    return torch.cat([part.flatten(1) for part in found], 1)


def error(found: Tensor, known: Tensor) -> float:
    """The mean absolute difference of the entries in millihartree."""
    return 1e3 * float((found - known).abs().mean())


def plain_error(training: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """Of ridge regression of every entry of the matrix on every component, about the mean.

    The penalty is the one that suits the test best: plain ridge is to have every advantage.
    """
    (known, new), mean = (components(part[0]) for part in (training, test)), training[1].mean(0)
    scale = known.square().mean(0).sqrt().clamp_min(1e-12)
    rows, new = known / scale, new / scale
    # more components than rows: the weights are combinations of the rows
    values, vectors = torch.linalg.eigh(rows @ rows.mT / rows.shape[1])
    across, targets = new @ rows.mT / rows.shape[1] @ vectors, vectors.mT @ (training[1] - mean).flatten(1)
    fits = (across @ (targets / (values.clamp_min(0) + penalty).unsqueeze(1)) for penalty in PENALTIES)
    return min(error(mean + fit.reshape(-1, *mean.shape), test[1]) for fit in fits)


def matrix_rows(data: Data) -> list[dict[str, Any]]:
    """Errors of the matrices for several numbers of geometries."""
    whole = slice(TRAINING, TRAINING + TEST)
    still, turned = (data.positions[whole], data.matrices[whole]), data.turned(whole, 1, seed=2)
    rows = []
    for size in SIZES:
        some = slice(0, size)
        training = data.positions[some], data.matrices[some]
        model = fit_matrices(training[0], CHARGES, training[1], data.basis, data.shells)
        row = {
            "basis": data.basis,
            "geometries": size,
            "equivariant": error(model(turned[0], CHARGES), turned[1]),
            "plain": plain_error(training, turned),
            "plain_augmented": plain_error(data.turned(some, TURNS, seed=3), turned),
            "plain_still": plain_error(training, still),
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def state_row(data: Data, model: MatrixRidge) -> dict[str, Any]:
    """What the matrices of the test give: levels of occupied orbitals, and energies of determinants."""
    turned, fock = data.turned(slice(TRAINING, TRAINING + TEST), 1, seed=2)
    levels, energies = [], []
    for place, known, found in zip(turned, fock, model(turned, CHARGES), strict=True):
        overlap = overlap_matrix(water(place), data.basis)
        apart = orbital_energies(found, overlap) - orbital_energies(known, overlap)
        levels.append(float(apart[:5].abs().mean()))
        energies.append(learned_state(water(place), model).energy)
    above = torch.tensor(energies, dtype=torch.float64) - data.energies[TRAINING:]
    return {
        "basis": data.basis,
        "levels": 1e3 * sum(levels) / len(levels),
        "energy": 1e3 * float(above.abs().mean()),
        "energy_largest": 1e3 * float(above.abs().max()),
        "energy_spread": 1e3 * float(data.energies.std()),
        "weights": sum(weight.numel() for weight in model.weights.values()),
    }


def fitted(seed: int) -> tuple[dict[str, Product], Tensor, dict[str, float]]:
    """A wavefunction of this seed fitted to either orbitals, the walkers of the fit, and the last misfits.

    Both fits start from the same weights and see the same walkers, which those of Hartree-Fock lead, so that they share
    their noise.
    """
    tasks = {}
    for orbitals in ORBITALS:
        chosen = {"seed": seed, "pretraining": {"orbitals": orbitals, "steps": STEPS, "rate": RATE, "basis": "6-31g"}}
        tasks[orbitals] = VMC(runs.validate(VMC.schema, runs.Source(json.dumps(START | chosen), f"water, {orbitals}")))
        tasks[orbitals].begin()
    leader, misfits = tasks[ORBITALS[0]], {}
    fits = {orbitals: task.pretraining for orbitals, task in tasks.items()}
    walkers = leader.walkers
    for index in range(STEPS):
        walkers, found = fits[ORBITALS[0]].step(index, walkers, leader.generator)
        misfits = {ORBITALS[0]: found, ORBITALS[1]: fits[ORBITALS[1]].fit.step(index, walkers)}
    return {name: task.psi for name, task in tasks.items()}, walkers, {k: float(v.mean()) for k, v in misfits.items()}


def start_row(seed: int) -> dict[str, Any]:
    """How a small wavefunction of this seed starts from either orbitals, before any iteration on its energy."""
    states, walkers, misfits = fitted(seed)
    row = {"seed": seed, **compared(states, walkers.repeat(WALKERS // len(walkers), 1, 1), FITTED), "misfits": misfits}
    print(json.dumps(row), flush=True)
    return row


def determinant_row() -> dict[str, Any]:
    """The same of the determinants of the orbitals themselves."""
    here = water(WATER)
    fields = {"hartree_fock": hartree_fock(here, "6-31g"), "learned": learned_state(here, MatrixRidge.load(SHIPPED))}
    states = {name: Product(Determinants(field.orbitals())) for name, field in fields.items()}
    walkers = initial_walkers(here, WALKERS, torch.float64, "cpu", torch.Generator().manual_seed(1))
    row = compared(states, walkers, FRESH) | {"fields": {name: field.energy for name, field in fields.items()}}
    print(json.dumps(row), flush=True)
    return row


def compared(states: dict[str, Product], walkers: Tensor, updates: int) -> dict[str, Any]:
    """Energy and variance of two states and the ratio of their variances, on the same walkers.

    Walkers have the density of the first state, and weigh psi^2 over it, so that the ratio has little noise. Errors are
    those over groups of walkers, each left out once.
    """
    here, generator, known = water(WATER), torch.Generator().manual_seed(1), states[ORBITALS[0]]
    chain = Metropolis(lambda x: 2 * known(x).log, width=0.3, steps=10)
    chain.warmup = True
    for _ in range(updates):
        walkers, _ = chain.update(walkers, generator)
    with torch.no_grad():
        weights = {name: (2 * (psi(walkers).log - known(walkers).log)).exp() for name, psi in states.items()}
    energies = {name: local_energy(psi, here, walkers).detach() for name, psi in states.items()}
    kept = torch.arange(len(walkers)) % GROUPS != torch.arange(GROUPS)[:, None]
    found: dict[str, Any] = {}
    spread, rows = (GROUPS - 1) ** 0.5, {}
    for name in states:
        rows[name] = torch.tensor([moments(weights[name][own], energies[name][own]) for own in kept])
        energy, variance = moments(weights[name], energies[name])
        errors = (spread * rows[name].std(0, correction=0)).tolist()
        found[name] = {"energy": energy, "energy_error": errors[0], "variance": variance, "variance_error": errors[1]}
    without = rows[ORBITALS[1]][:, 1] / rows[ORBITALS[0]][:, 1]
    ratio = found[ORBITALS[1]]["variance"] / found[ORBITALS[0]]["variance"]
    return {**found, "ratio": ratio, "ratio_error": float(spread * without.std(correction=0))}


def moments(weight: Tensor, energies: Tensor) -> tuple[float, float]:
    """Mean and variance."""
    share = weight / weight.sum()
    mean = (share * energies).sum()
    return float(mean), float((share * (energies - mean).square()).sum())


def learn() -> dict[str, Any]:
    matrices, states = [], []
    for basis in BASES:
        data = Data(basis)
        matrices += matrix_rows(data)
        some = slice(0, TRAINING)
        model = fit_matrices(data.positions[some], CHARGES, data.matrices[some], basis, data.shells)
        states.append(state_row(data, model))
        print(json.dumps(states[-1]), flush=True)
    SHIPPED.parent.mkdir(exist_ok=True)
    model.save(SHIPPED)
    return {"matrices": matrices, "states": states, "training": TRAINING, "test": TEST, "turns": TURNS}


def write(found: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", action="store_true", help="only how a wavefunction starts; the rest stays")
    only_start = parser.parse_args().start
    torch.set_num_threads(1)
    found = json.loads(RESULT.read_text()) if only_start else machine() | learn()
    found |= {"determinants": determinant_row(), "start": []}
    for seed in SEEDS:
        found["start"].append(start_row(seed))
        write(found)


if __name__ == "__main__":
    main()
