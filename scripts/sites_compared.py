"""Wavefunctions on sites beside each other: what projection gains, and what ansatz takes how many parameters.

`python scripts/sites_compared.py` trains them on the half filled ring of six sites at U = 8, over all configurations
and so without noise, from several seeds, in some minutes; the rows stand in `scripts/results/sites_compared.json`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from gaugeflow import runs
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.sites.projection import ProjectionConfig
from gaugeflow.tasks.vmc.sites.whole import Whole
from gaugeflow.wavefunctions import Product

RESULT = Path(__file__).parent / "results" / "sites_compared.json"
SYSTEM = {"name": "hubbard", "lattice": {"kind": "chain", "shape": [6]}, "n_up": 3, "n_down": 3, "u": 8.0}
SECTOR = {"momentum": [0], "point_group": "A1", "spin_flip": -1}
ITERATIONS, SEEDS, MOST, PARAMETERS = 60, (1, 2, 3), 1000, 560
MEAN_FIELD = {"name": "mean_field"}
PLAIN = {
    "determinant": {"name": "determinant"},
    "Pfaffian": {"name": "pfaffian", "pairing": 4},
}
ANSATZES: dict[str, dict[str, Any]] = {
    "determinant": {"name": "determinant"},
    "Pfaffian": {"name": "pfaffian", "pairing": 4},
    "pair product": {"name": "pair_product"},
    "hidden determinant": {"name": "hidden_determinant", "hidden": 2},
    "hidden Pfaffian": {"name": "hidden_pfaffian", "hidden": 2, "pairing": 4},
}
SPRING = {"name": "spring", "rate": 0.05, "damping": 1e-4, "norm_limit": 0.5}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adam": {"name": "adam"},
    "natural gradient": SPRING,
    "Rayleigh-Gauss-Newton": {"name": "rayleigh_gauss_newton"},
}
EARLY = 20
"""Iterations after which optimisers are compared too."""


def task(
    seed: int,
    ansatz: dict[str, Any],
    backbone: dict[str, Any],
    optimizer: dict[str, Any] = SPRING,
    **more: Any,
) -> VMC:
    """A run that has begun."""
    config = {
        "task": "vmc",
        "seed": seed,
        "system": SYSTEM,
        "wavefunction": {"ansatz": ansatz, "backbone": backbone, **more},
        "sampler": {"name": "enumerate", "train": "all"},
        "optimizer": optimizer,
        "warmup": 0,
        "iterations": ITERATIONS,
        "evaluation": "all",
    }
    made = VMC(runs.validate(VMC.schema, runs.Source(json.dumps(config), "compared")))
    made.begin()
    return made


def trained(made: VMC) -> VMC:
    """The same, after all iterations."""
    record = runs.Record()
    for index in range(ITERATIONS):
        made.step(index, record)
    return made


def energy(psi: Product, made: VMC) -> float:
    """Over all configurations."""
    return float(Whole(psi, made.hamiltonian, MOST, None).mean(psi).value)


def parameters(made: VMC) -> int:
    return sum(p.numel() for p in made.psi.parameters())


def row(made: list[VMC], energies: list[float], **about: Any) -> dict[str, Any]:
    """The relative errors of several seeds, rising."""
    exact = made[0].hamiltonian.reference.energy
    errors = sorted((e - exact) / abs(exact) for e in energies)
    return about | {"parameters": parameters(made[0]), "errors": errors, "median": median(errors)}


def projections() -> list[dict[str, Any]]:
    """Without a network: not projected, projected after the training, and while it lasts."""
    rows = []
    for name, ansatz in PLAIN.items():
        free = [trained(task(seed, ansatz, MEAN_FIELD)) for seed in SEEDS]
        inside = [trained(task(seed, ansatz, MEAN_FIELD, projection=SECTOR)) for seed in SEEDS]
        after = [Product(ProjectionConfig(**SECTOR).of(made.psi, made.hamiltonian)) for made in free]
        rows += [
            row(free, [energy(made.psi, made) for made in free], ansatz=name, projected="not"),
            row(
                free, [energy(psi, made) for psi, made in zip(after, free, strict=True)], ansatz=name, projected="after"
            ),
            row(inside, [energy(made.psi, made) for made in inside], ansatz=name, projected="while trained"),
        ]
    return rows


def dense(hidden: int) -> dict[str, Any]:
    return {"name": "site_dense", "hidden": hidden, "width": 2}


def ansatzes() -> list[dict[str, Any]]:
    """Not projected, with a network whose hidden width makes the number of parameters that of the others."""
    rows = []
    for name, ansatz in ANSATZES.items():
        one, two = (parameters(task(1, ansatz, dense(hidden))) for hidden in (1, 2))
        hidden = 1 + round((PARAMETERS - one) / (two - one))
        begin, made = time.process_time(), [trained(task(seed, ansatz, dense(hidden))) for seed in SEEDS]
        seconds = (time.process_time() - begin) / ITERATIONS / len(SEEDS)
        found = [energy(one.psi, one) for one in made]
        rows.append(row(made, found, ansatz=name, hidden=hidden, seconds=seconds))
    return rows


def optimizers() -> list[dict[str, Any]]:
    """Of a hidden determinant with a network, on the way and at the end."""
    rows = []
    for name, chosen in OPTIMIZERS.items():
        fresh = [task(seed, ANSATZES["hidden determinant"], dense(9), chosen) for seed in SEEDS]
        begin, courses = time.process_time(), [course(made) for made in fresh]
        seconds = (time.process_time() - begin) / ITERATIONS / len(SEEDS)
        first, errors = median(one[EARLY] for one in courses), sorted(one[-1] for one in courses)
        about = {"optimizer": name, "parameters": parameters(fresh[0]), "early": first, "after": EARLY}
        rows.append(about | {"errors": errors, "median": median(errors), "seconds": seconds, "courses": courses})
    return rows


def course(made: VMC) -> list[float]:
    """Trains it; the relative errors of the energy before each iteration and after the last."""
    record, exact = runs.Record(), made.hamiltonian.reference.energy
    for index in range(ITERATIONS):
        made.step(index, record)
    energies = [*record.metrics.columns("training")["energy"], energy(made.psi, made)]
    return [float(e - exact) / abs(exact) for e in energies]


def starts() -> list[dict[str, Any]]:
    """A determinant without a network: at the start, and trained, from independent particles and from Hartree-Fock."""
    rows = []
    for name, more in {"independent": {}, "Hartree-Fock": {"start": {"name": "hartree_fock"}}}.items():
        fresh = [task(seed, PLAIN["determinant"], MEAN_FIELD, jastrow=False, **more) for seed in SEEDS]
        first = row(fresh, [energy(made.psi, made) for made in fresh])["median"]
        after = [trained(made) for made in fresh]
        rows.append(row(after, [energy(made.psi, made) for made in after], start=name, first=first))
    return rows


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "iterations": ITERATIONS, "seeds": len(SEEDS)}
    for part in (starts, projections, ansatzes, optimizers):
        found[part.__name__] = part()
        print(json.dumps(found[part.__name__]), flush=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
