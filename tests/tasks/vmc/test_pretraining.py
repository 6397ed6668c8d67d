"""Orbitals fitted to a mean field before the energy is lowered: to what, how well, resumed, and when it fails."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc import pretraining as vmc_pretraining
from gaugeflow.wavefunctions import Determinants, PairProducts, Particles, Pfaffians, Product
from gaugeflow.wavefunctions.ansatz.orbital_fit import OrbitalFit, needed, target_columns
from tests.tasks.crashes import crash
from tests.wavefunctions.cases import gaussian_orbitals, network, seeded

pytestmark = pytest.mark.slow

needs_pyscf = pytest.mark.skipif(
    importlib.util.find_spec("pyscf") is None, reason="needs the package pyscf, the extra chem"
)
WATER = {
    "name": "molecule",
    "unit": "bohr",
    "atoms": [["O", 0, 0, 0], ["H", 0, 1.4305, 1.1072], ["H", 0, -1.4305, 1.1072]],
}
LIH = {"name": "molecule", "unit": "bohr", "atoms": [["Li", 0, 0, 0], ["H", 0, 0, 3.015]]}
DOT = {"name": "quantum_dot", "n_up": 2, "n_down": 1, "omega": 0.5}
BASE: dict[str, Any] = {
    "task": "vmc",
    "seed": 3,
    "system": LIH,
    "wavefunction": {"ansatz": {"name": "determinant", "terms": 2}, "backbone": {"name": "deep_sets", "width": 8}},
    "walkers": {"count": 64, "width": 0.3, "steps": 3},
    "pretraining": {"orbitals": "hartree_fock", "steps": 8, "basis": "sto-3g"},
    "optimizer": {"name": "spring", "rate": 0.1},
    "warmup": 3,
    "iterations": 3,
    "equilibration": 3,
    "evaluation": 3,
    "checkpoint_every": {"steps": 3},
}


def source(**changes: Any) -> runs.Source:
    return runs.Source(json.dumps({**BASE, **changes}), "test.yaml")


def task(**changes: Any) -> VMC:
    made = VMC(runs.validate(VMC.schema, source(**changes)))
    made.begin()
    return made


def plain(make: Any, n_up: int, n_down: int, dimension: int = 3) -> Any:
    """An ansatz of these particles; its orbitals are not needed."""
    particles = Particles(n_up, n_down, dimension)

    class Sized:
        terms = 1

        def __init__(self, sizes: tuple[int, int]) -> None:
            self.particles, self.sizes = particles, sizes

    return make(particles, Sized)


COLUMNS = {
    "determinants": (lambda p, o: Determinants(o(p.counts)), (2, 1), ([0, 1], [0])),
    "full": (lambda p, o: Determinants(o((3, 3)), full=True), (2, 1), ([0, 1, None], [None, None, 0])),
    "pairs": (lambda p, o: Pfaffians(o((3, 3)), 3, seeded()), (2, 2), ([0, 1, None], [0, 1, None])),
    "unpaired up": (lambda p, o: Pfaffians(o((4, 4)), 3, seeded()), (3, 2), ([0, 1, 2, 2], [0, 1, 2, None])),
    "unpaired down": (lambda p, o: Pfaffians(o((2, 2)), 1, seeded()), (0, 1), ([0, None], [0, 0])),
    "odd with triplets": (
        lambda p, o: Pfaffians(o((4, 4)), 3, seeded(), True),
        (2, 3),
        ([0, 1, 2, None], [0, 1, 2, 2]),
    ),
    "products": (lambda p, o: PairProducts(o((4, 4)), 2), (2, 2), ([0, 1, None, None], [0, 1, None, None])),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_what_each_orbital_becomes(name: str) -> None:
    make, counts, known = COLUMNS[name]
    assert target_columns(plain(make, *counts)) == known


def test_pair_products_of_three_are_none_of_orbitals() -> None:
    def make(particles: Particles, orbitals: Any) -> PairProducts:
        return PairProducts(orbitals((2, 2)))

    with pytest.raises(UserError, match="pair products of at most two particles of each spin, came PairProducts for 3"):
        target_columns(plain(make, 3, 2))
    assert target_columns(plain(make, 3, 2, 1)) == ([0, 1], [0, 1])


ANSATZ = ("determinants", "full determinants", "pfaffians", "pair products")


@pytest.mark.parametrize("ansatz", ANSATZ)
def test_targets_make_the_determinants_of_the_mean_field(ansatz: str) -> None:
    """With the target in the place of its orbitals every ansatz is the product of two determinants, up to a number."""
    hamiltonian, psi = network("LiH", ansatz)
    columns = target_columns(psi.ansatz)
    target = gaussian_orbitals(hamiltonian, needed(columns))
    x = torch.randn(6, 4, 3, generator=seeded(), dtype=torch.float64)

    def orbitals(x: torch.Tensor) -> list[torch.Tensor]:
        sets = [torch.cat((own, 0 * own[..., :1]), -1) for own in target(x)]
        return [own[..., [-1 if m is None else m for m in spin]] for own, spin in zip(sets, columns, strict=True)]

    known = Determinants(gaussian_orbitals(hamiltonian, hamiltonian.particles.counts))(x)
    del psi.ansatz.orbitals
    psi.ansatz.orbitals = orbitals
    if isinstance(psi.ansatz, Pfaffians):
        psi.ansatz.unlike = torch.nn.Parameter(psi.ansatz.unlike[:1])
    found = psi.ansatz(x)
    apart = found.log - known.log
    torch.testing.assert_close(apart, apart[:1].expand(6))
    assert (found.sign * known.sign).unique().numel() == 1


def fitted(psi: Product, target: Any, interacting: bool, steps: int) -> list[float]:
    fit = OrbitalFit(psi, target, interacting, 0.03, steps)
    generator = seeded()
    x = torch.randn(200, psi.particles.n, psi.particles.dimension, generator=generator, dtype=torch.float64)
    chain = Metropolis(fit.log_density, width=0.4, steps=3)
    misfits = []
    for index in range(steps):
        x, _ = chain.update(x, generator)
        misfits.append(float(fit.step(index, x).mean()))
    return misfits


@pytest.mark.parametrize(("interacting", "ansatz"), [(True, "determinants"), (False, "pfaffians")])
def test_the_misfit_falls(interacting: bool, ansatz: str) -> None:
    hamiltonian, psi = network("LiH", ansatz)
    target = gaussian_orbitals(hamiltonian, needed(target_columns(psi.ansatz)))
    misfits = fitted(psi, target, interacting, 60)
    assert misfits[-1] < 0.3 * misfits[0]


@needs_pyscf
def test_walkers_have_the_density_of_the_orbitals() -> None:
    """The basis STO-3G has Slater's function of the exponent 1.24 for hydrogen, of which the mean of r is 3/2/1.24."""
    made = task(system={**LIH, "atoms": [["H", 0, 0, 0]]}, walkers={"count": 2000, "steps": 3})
    record = runs.Record()
    for index in range(8):
        made.step(index, record)
    r = made.walkers.norm(dim=-1).mean()
    assert abs(float(r) - 1.5 / 1.24) < 4 * 0.7 / 2000**0.5
    for index in range(8, 16):  # a single electron through all that follows
        made.step(index, record)
    assert np.isfinite(record.metrics.column("training", "energy")).all()


@needs_pyscf
@pytest.mark.parametrize("stop", [4, 7, 8])
def test_resumes_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    """Killed within the pretraining, at its last step and behind it; the orbitals come from the checkpoint."""
    runs.start(VMC, source(), tmp_path / "whole", quiet=True)
    with crash(VMC, stop):
        runs.start(VMC, source(), tmp_path / "run", quiet=True)
    monkeypatch.delattr(vmc_pretraining, "hartree_fock")
    runs.resume(VMC, tmp_path / "run", quiet=True)
    one, other = (runs.Metrics.load(tmp_path / name / "metrics.h5") for name in ("whole", "run"))
    assert one.counts() == {"pretraining": 8, "training": 3, "evaluation": 3}
    for table in one.counts():
        for name, values in one.columns(table).items():
            np.testing.assert_array_equal(other.column(table, name), values)


def test_a_trap_has_the_orbitals_of_the_oscillator() -> None:
    made = task(system=DOT, pretraining={"orbitals": "harmonic", "steps": 30}, dtype="float32")
    record = runs.Record()
    for index in range(30):
        made.step(index, record)
    misfits = record.metrics.column("pretraining", "misfit")
    assert misfits[-1] < 0.5 * misfits[0]
    assert made.pretraining is None
    made.step(30, record)


@needs_pyscf
def test_a_misfit_that_is_no_number_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    made, record = task(), runs.Record()
    made.step(0, record)
    before = [parameter.detach().clone() for parameter in made.psi.parameters()]
    misfit = OrbitalFit.misfit
    monkeypatch.setattr(OrbitalFit, "misfit", lambda self, x: misfit(self, x) + torch.eye(len(x))[5].log())
    with pytest.warns(RuntimeWarning, match="the misfit of the orbitals is not finite at step 1, walker 0"):
        made.step(1, record)
    assert all(torch.equal(old, new) for old, new in zip(before, made.psi.parameters(), strict=True))
    monkeypatch.undo()
    made.step(2, record)
    assert record.metrics.column("pretraining", "step").tolist() == [0, 2]


def test_orbitals_that_a_system_does_not_have_are_refused() -> None:
    with pytest.raises(UserError, match="expected hartree_fock for a molecule, came harmonic"):
        task(pretraining={"orbitals": "harmonic"})
    with pytest.raises(UserError, match="expected a molecule, came a system without nuclei"):
        task(system=DOT)
    with pytest.raises(UserError, match="expected 'hartree_fock', 'harmonic' or 'learned', came 'dft'"):
        task(pretraining={"orbitals": "dft"})


@needs_pyscf
def test_learned_orbitals_are_those_of_the_mean_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of water in the basis of the shipped matrices, at a geometry that they were not learned from, without a field."""
    x = torch.randn(20, 10, 3, generator=seeded(), dtype=torch.float64)
    known = task(system=WATER, pretraining={"orbitals": "hartree_fock", "basis": "6-31g"})
    monkeypatch.setattr("pyscf.scf.hf.SCF.kernel", None)
    found = task(system=WATER, pretraining={"orbitals": "learned"})
    torch.testing.assert_close(found.populations, known.populations, atol=1e-3, rtol=0)
    densities = [made.pretraining.fit.log_density(x) for made in (found, known)]
    torch.testing.assert_close(*densities, atol=2e-2, rtol=0)
    misfit = found.pretraining.fit.step(0, x)
    assert misfit.isfinite().all()


def test_matrices_that_are_not_there_or_of_other_atoms_are_refused() -> None:
    with pytest.raises(UserError, match=r"nothing\.pt: expected a file of learned matrices"):
        task(system=WATER, pretraining={"orbitals": "learned", "matrices": "nothing.pt"})
    with pytest.raises(UserError, match="expected atoms of H, O, from which they were learned, came Li"):
        task(pretraining={"orbitals": "learned"})
    with pytest.raises(UserError, match="expected a molecule, came a system without nuclei"):
        task(system=DOT, pretraining={"orbitals": "learned"})
