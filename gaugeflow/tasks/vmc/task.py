"""The task `vmc`: a fermion wavefunction is trained on its energy, then evaluated with frozen parameters."""

import time
import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.hdf5.scalars import ScalarWriter
from gaugeflow.random import stream
from gaugeflow.runs import Metrics, Record, Task, ranks
from gaugeflow.runs.devices import restored_generator
from gaugeflow.runs.forecast import Forecast, peak_bytes, reset_peak
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.symmetry.claims import Claim
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.forecast import forecast
from gaugeflow.tasks.vmc.guard import Failure, find_failure, save_failure
from gaugeflow.tasks.vmc.pretraining import Pretraining
from gaugeflow.tasks.vmc.proof import broken, zero_variance
from gaugeflow.tasks.vmc.ranks import require_equal_shares, shared_local_energy, shared_log_density
from gaugeflow.tasks.vmc.report import vmc_markdown, vmc_report
from gaugeflow.tasks.vmc.sectors import sector_rows
from gaugeflow.tasks.vmc.shells import density_rows
from gaugeflow.tasks.vmc.sites.sites import Sites
from gaugeflow.tasks.vmc.sites.whole import Batch, Whole
from gaugeflow.tasks.vmc.space import Space
from gaugeflow.wavefunctions import Product, count_nodal_cells
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.optimizers.clipping import clip_about_median
from gaugeflow.wavefunctions.optimizers.optimizer import NotFinite

__all__ = ["VMC"]

EVALUATED = 2.0
"""The power of |psi| that is the density of walkers with frozen parameters."""
FEWEST = 20
"""Evaluations without which an error means little."""
NODAL_WALKERS = 32
"""How many walkers look for ways between permuted configurations."""


class VMC(Task[VMCConfig]):
    """Variational Monte Carlo; one step is one update of the walkers and what is done with them."""

    name = "vmc"
    schema = VMCConfig
    extendable: ClassVar[frozenset[str]] = frozenset(
        {"evaluation", "examination", "sectors", "density", "nodal_exchanges", "checkpoint_every"}
    )
    distributed: ClassVar[bool] = True

    def __init__(self, config: VMCConfig) -> None:
        super().__init__(config)
        built = config.hamiltonian()
        self.hamiltonian: Any = built
        self.space = Sites(config, built) if isinstance(built, SiteHamiltonian) else Space(config, built)
        self.equilibration = self._own_equilibration
        """Updates of new walkers in front of the evaluation; none where an older version has begun the run."""
        self.power = EVALUATED
        self._status = ""
        if config.walkers.power != EVALUATED and config.sampler.name == "metropolis" and not config.equilibration:
            raise UserError(
                "equilibration: expected updates of new walkers, as those of the training have another density with "
                f"walkers.power = {config.walkers.power:g}, came none"
            )

    def may_change(self, done: int, before: dict[str, Any]) -> frozenset[str]:
        """Also the iterations, as long as they last."""
        training = done <= self._trained_from + min(before.get("iterations", 0), self.config.iterations)
        return self.extendable | ({"iterations"} if training else set())

    @property
    def steps(self) -> int:
        return self._evaluated_from + self._evaluations

    @property
    def _evaluations(self) -> int:
        """Steps of the evaluation; a sum over all configurations is one."""
        config = self.config
        return 1 if config.sampler.name == "enumerate" or config.evaluation == "all" else config.evaluation

    @property
    def _own_equilibration(self) -> int:
        """None for walkers that are drawn anew."""
        return 0 if self.config.sampler.name == "enumerate" else self.config.equilibration

    @property
    def _evaluated_from(self) -> int:
        """The step from which the width of the moves stands, and energies are recorded."""
        return self._frozen_from + self.equilibration

    @property
    def _frozen_from(self) -> int:
        """The step from which the parameters stand."""
        return self._trained_from + self.config.iterations

    @property
    def _trained_from(self) -> int:
        """The step from which the energy is lowered."""
        return self.pretrained_until + self.config.warmup

    @property
    def pretrained_until(self) -> int:
        """The step from which the warm-up goes."""
        return self.config.pretraining.steps if self.config.pretraining else 0

    def begin(self) -> None:
        config = self.config
        self.generator = stream("run", config.seed, device=config.device)
        self._compose()
        chosen = config.pretraining
        self.pretraining = Pretraining(chosen, self.psi, self.hamiltonian) if chosen else None
        self.populations = self.pretraining.populations if self.pretraining else None
        self.walkers, self.equilibration = self._new_walkers(config.walkers.count), self._own_equilibration
        self.failures, self.train_seconds = 0, 0.0
        self.forecast: Forecast | None = None
        reset_peak(config.device)
        self.peak = 0

    def _compose(self) -> None:
        """Wavefunction, sampler and optimiser at their start; the parameters depend on the seed alone."""
        config = self.config
        require_equal_shares(config.walkers.count)
        psi = config.wavefunction.build(self.hamiltonian, stream("weights", config.seed))
        self.psi: Product = psi.to(config.device, DTYPES[config.dtype])
        self.whole: Whole | None = self.space.whole(self.psi)
        self.sampler: Any = self.space.sampler(self._log_density, self.psi, lambda: self.power, self.whole)
        self.optimizer = config.optimizer.build(self.psi, None if self._drawn else self.whole)

    def _log_density(self, x: Tensor) -> Tensor:
        return self.power / 2 * shared_log_density(self.psi, x)

    def _weights(self) -> Tensor:
        """What makes psi^2 of the walkers' density, of the sum 1, ``(walkers,)``."""
        if self.power == EVALUATED:
            return torch.full((len(self.walkers),), 1 / len(self.walkers), device=self.config.device).double()
        with torch.no_grad():
            log_density = shared_log_density(self.psi, self.walkers).double()
        return ((1 - self.power / 2) * log_density).softmax(0)

    def _new_walkers(self, count: int) -> Tensor:
        """Remembers as `starts` how many electrons of each spin each of them has at each of several nuclei."""
        self.starts = self.space.starts(count, self.generator, self.populations)
        return self.space.walkers(count, self.generator, self.starts)

    def kinds_of_steps(self) -> dict[int, int]:
        """A step of each kind, the first but in the pretraining, whose first takes longer; and how many there are."""
        config, pretraining = self.config, self.pretrained_until
        counts = {
            max(0, min(1, pretraining - 1)): pretraining,
            pretraining: config.warmup,
            self._trained_from: config.iterations,
            self._frozen_from: self.equilibration,
            self._evaluated_from: self._evaluations,
        }
        return {index: count for index, count in counts.items() if count}

    def try_step(self, index: int) -> float:
        if index >= self.pretrained_until:
            self.pretraining = None
        return super().try_step(index)

    def shortened(self, share: float) -> VMCConfig:
        if self.config.evaluation == "all":
            return self.config
        return self.config.model_copy(update={"evaluation": max(FEWEST, int(share * self.config.evaluation))})

    @property
    def disk_bytes(self) -> int:
        return self.recorded_bytes + 8 * 6 * self.config.iterations

    @property
    @torch.no_grad()
    def recorded_bytes(self) -> int:
        """What the rows of the evaluation take: an energy, real or complex, and an acceptance of each walker."""
        numbers = 3 if self.psi(self.walkers[:1]).sign.is_complex() else 2
        return 8 * numbers * self._evaluations * self.config.walkers.count

    def step(self, index: int, record: Record) -> None:
        if index == 0 and record.path is not None:
            self.forecast = forecast(self)
        self.sampler.warmup = index < self._evaluated_from
        self.power = self.config.walkers.power if index < self._frozen_from else EVALUATED
        if self.pretraining is not None:
            self._pretrain(self.pretraining, index, record)
        elif index < self._trained_from:
            self.walkers, _ = self.sampler.update(self.walkers, self.generator)
        elif index < self._frozen_from:
            began = time.monotonic()
            self._train(index, record)
            self.train_seconds += time.monotonic() - began
        elif index < self._evaluated_from:
            walkers = self._new_walkers(len(self.walkers)) if index == self._frozen_from else self.walkers
            self.walkers, _ = self.sampler.update(walkers, self.generator)
        else:
            self._evaluate(index, record)

    def _pretrain(self, pretraining: Pretraining, index: int, record: Record) -> None:
        """One step of the fit, which the last one ends; if a number is not finite, none."""
        kept = deepcopy((self.psi.state_dict(), pretraining.fit.state_dict()))
        self.walkers, misfit = pretraining.step(index, self.walkers, self.generator)
        failure = find_failure(self.psi, misfit, "the misfit of the orbitals")
        if failure is None:
            record.metrics.record("pretraining", {"step": index, "misfit": misfit.mean()})
            self._status = f"pretraining, misfit {float(misfit.mean()):.3g}"
        else:
            self.psi.load_state_dict(kept[0])
            pretraining.fit.load_state_dict(kept[1])
            self._recover(index, failure, record)
        if index + 1 >= self.pretrained_until:
            self.pretraining = None

    def _train(self, index: int, record: Record) -> None:
        """One change of the parameters; if a number is not finite, none, and the last good state is kept."""
        kept = deepcopy((self.psi.state_dict(), self.optimizer.state_dict()))
        batch, acceptance = self._batch()
        norm, failure = self._change(batch)
        if failure is not None:
            self.psi.load_state_dict(kept[0])
            self.optimizer.load_state_dict(kept[1])
            if not self._drawn:  # no walker is to blame
                failure = replace(failure, walkers=torch.zeros(len(self.walkers), dtype=torch.bool))
            self._recover(index, failure, record)
            return
        energies = wide(batch.energies)
        mean = batch.weights @ energies.real
        deviations = (energies - mean).abs()
        squares = batch.weights.square().sum() if self._drawn else 0.0
        variance = batch.weights @ deviations.square() / (1 - squares)
        row = {"energy": mean, "variance": variance, "acceptance": acceptance}
        record.metrics.record("training", {"step": index, **row, "width": self.sampler.width, "change": norm})
        error = float((batch.weights * deviations).norm()) if self._drawn else 0.0
        self._status = f"E {float(mean):.5f}({error:.5f})"

    @property
    def _drawn(self) -> bool:
        """Whether the training is on walkers, not on all configurations."""
        sampler = self.config.sampler
        return sampler.name != "enumerate" or sampler.train == "drawn"

    def _batch(self) -> tuple[Batch, Tensor | float]:
        """What the parameters are changed by, and the acceptance of the moves behind it."""
        if self.whole is not None and not self._drawn:
            return self.whole.batch(self.psi), 1.0
        self.walkers, info = self.sampler.update(self.walkers, self.generator)
        return Batch(self.walkers, self._energies(), self._weights()), info["acceptance"].mean()

    def _change(self, batch: Batch) -> tuple[float, Failure | None]:
        """The norm of the change, or what was not finite before or after it."""
        energies, weights = batch.energies, batch.weights
        failure, norm = find_failure(self.psi, energies, "the local energy"), 0.0
        if failure is None:
            try:
                if self._drawn:
                    energies = clip_about_median(energies, self.config.clip, weights)
                norm = self.optimizer.step(self.psi, batch.x, energies, weights)
            except NotFinite as error:
                return norm, Failure(error.tensor, error.values, ~torch.isfinite(error.values))
            failure = find_failure(self.psi, energies, "the local energy")
        return norm, failure

    def _energies(self) -> Tensor:
        config = self.config
        if self.whole is not None and config.sampler.name == "enumerate":
            return self.whole.local_energies(self.psi, self.walkers)
        return shared_local_energy(
            self.psi, self.hamiltonian, self.walkers, method=config.laplacian, chunk_size=config.chunk_size
        )

    def _recover(self, index: int, failure: Failure, record: Record) -> None:
        """Says and keeps what was not finite, and puts such a walker where its neighbour in the list is.

        Raises UserError after more than `max_failures`.
        """
        self.failures += 1
        text = f"vmc: {failure.at(index)}"
        if ranks().leader and record.path is not None:
            path = save_failure(record.path, index, failure, self.walkers, self.psi.state_dict())
            text = f"{text}; it is saved in {path}"
        for place in failure.places:
            record.metrics.record("failures", {"step": index, "walker": place, "coordinates": self.walkers[place]})
        if self.failures > self.config.max_failures or bool(failure.walkers.all()):
            raise UserError(f"{text}; {self.failures} failures in all: try a lower rate or norm_limit, or more damping")
        warnings.warn(f"{text}; the parameters stay as they were", RuntimeWarning, stacklevel=2)
        good = (~failure.walkers).nonzero().flatten()
        for place in failure.places:
            self.walkers[place] = self.walkers[good[place % len(good)]]

    def _evaluate(self, index: int, record: Record) -> None:
        self.walkers, info = self.sampler.update(self.walkers, self.generator)
        if self.whole is not None:
            self._sum(self.whole, index, record)
            return
        energies = self._energies()
        failure = find_failure(self.psi, energies, "the local energy")
        if failure is not None:
            self._recover(index, failure, record)
            return
        imaginary = {"imaginary": wide(energies).imag} if energies.is_complex() else {}
        row = {"energy": wide(energies).real, "acceptance": info["acceptance"], **imaginary}
        record.metrics.record("evaluation", {"step": index, **row})
        self._status = f"frozen, E {float(energies.real.mean()):.5f}"

    def _sum(self, whole: Whole, index: int, record: Record) -> None:
        """The energy over all configurations. Raises UserError if it is none."""
        found = whole.mean(self.psi)
        failure = find_failure(self.psi, torch.tensor([found.value]), "the energy over all configurations")
        if failure is not None:
            raise UserError(f"vmc: {failure.at(index)}")
        row = {"configurations": self.hamiltonian.particles.states, "orbits": whole.size}
        record.metrics.record("sum", {"step": index, "energy": found.value, "variance": found.variance, **row})
        self._status = f"frozen, E {found.value:.8f}"

    def state_dict(self) -> dict[str, Any]:
        return {
            "psi": self.psi.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "sampler": self.sampler.state_dict(),
            "walkers": self.walkers,
            "starts": self.starts,
            "populations": self.populations,
            "equilibration": self.equilibration,
            "generator": self.generator.get_state(),
            "pretraining": None if self.pretraining is None else self.pretraining.state_dict(),
            "failures": self.failures,
            "train_seconds": self.train_seconds,
            "forecast": None if self.forecast is None else asdict(self.forecast),
            "peak": self._peak(),
        }

    def _peak(self) -> int:
        """The most bytes in use at once, over all processes that worked on the run."""
        self.peak = max(self.peak, peak_bytes(self.config.device))
        return self.peak

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._compose()
        self.psi.load_state_dict(state["psi"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.sampler.load_state_dict(state["sampler"])
        self.walkers = state["walkers"].to(self.config.device)
        self.starts, self.populations = state.get("starts"), state.get("populations")  # an older checkpoint has none
        self.equilibration = state.get("equilibration", 0)  # before it was there, the walkers of the training went on
        self.generator = restored_generator(self.config.device, state["generator"])
        self.failures, self.train_seconds = state["failures"], state["train_seconds"]
        expected = state.get("forecast")  # an older checkpoint has none
        self.forecast = Forecast(**expected) if expected else None
        self.peak = state.get("peak", 0)
        chosen, begun = self.config.pretraining, state.get("pretraining")  # an older checkpoint has none
        self.pretraining = Pretraining(chosen, self.psi, self.hamiltonian, begun) if chosen and begun else None

    def restart_measurements(self, seed: int) -> int:
        """New walkers, after `equilibration` updates with the checkpoint's parameters."""
        self.generator = stream("report", seed, device=self.config.device)
        self.equilibration = self._own_equilibration
        return self._frozen_from

    def report(self, metrics: Metrics) -> dict[str, Any]:
        parameters = sum(parameter.numel() for parameter in self.psi.parameters() if parameter.requires_grad)
        per_iteration = self.train_seconds / max(1, self.config.iterations)
        report = vmc_report(
            self.config, self.hamiltonian, metrics, parameters, per_iteration, self.equilibration, self.starts
        )
        generator = stream("observables", self.config.seed, device=self.config.device)
        measured = self.space.measured(self.psi, self.walkers, generator, self.whole)
        parts = {**self._expected(), **self._proof(metrics, report), **self._sectors(), **self._density(), **measured}
        return {**report, **parts, "nodal_cells": self._nodal_cells()}

    def _sectors(self) -> dict[str, Any]:
        """The wavefunction over the parts of a point group, if the configuration asks for it."""
        config = self.config
        if config.sectors is None:
            return {}
        generator = stream("sectors", config.seed, device=config.device)
        of = (config.sectors, self.psi, self.hamiltonian, self.sampler, self.walkers, generator)
        return sector_rows(*of, config.chunk_size)

    def _density(self) -> dict[str, Any]:
        """The density about each centre, if the configuration asks for it."""
        config = self.config
        if config.density is None:
            return {}
        generator = stream("density", config.seed, device=config.device)
        return density_rows(config.density, self.psi, self.hamiltonian, self.sampler, self.walkers, generator)

    def _proof(self, metrics: Metrics, report: dict[str, Any]) -> dict[str, Any]:
        """The identities, what fails among the warnings, and the line to zero variance."""
        config = self.config
        if not config.examination:
            return {}
        generator = stream("examination", config.seed, device=config.device)
        identities = self.space.examined(self.psi, self.sampler, self.walkers, generator, self.whole)
        found = {"identities": broken(identities)} if broken(identities) else {}
        return {
            "warnings": report["warnings"] | found,
            "identities": identities,
            "zero_variance": zero_variance(metrics),
        }

    def _expected(self) -> dict[str, Any]:
        """What was said before the run, beside `seconds` and `peak_bytes`."""
        if self.forecast is None:
            return {}
        expected = {"predicted_seconds": self.forecast.seconds, "predicted_bytes": self.forecast.bytes}
        return {**expected, "peak_bytes": self.peak}

    def _nodal_cells(self) -> dict[str, Any] | None:
        config = self.config
        if not config.nodal_exchanges:
            return None
        generator = stream("nodes", config.seed, device=config.device)
        psi, walkers = deepcopy(self.psi).double(), self.walkers[:NODAL_WALKERS].double()
        centres = self.hamiltonian.centres
        found = count_nodal_cells(psi, walkers, psi.particles, generator, config.nodal_exchanges, centres)
        return {**asdict(found), "text": str(found)}

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return vmc_markdown(report)

    def create_ensemble(self, path: Path, capacity: int) -> ScalarWriter:
        """Walkers, beside what it takes to know what they are."""
        return ScalarWriter(path, "walkers", seed=self.config.seed, **self.space.about())

    def samples(self, seed: int) -> Iterator[Tensor]:
        """Walkers with the density psi^2, ``(batch, n, d)`` or ``(batch, 2, sites)``, after the checkpoint's."""
        self.generator = stream("samples", seed, device=self.config.device)
        self.sampler.warmup = False
        walkers = self.walkers
        while True:
            walkers, _ = self.sampler.update(walkers, self.generator)
            yield walkers

    def claims(self) -> list[Claim]:
        return self.space.claims(self.psi, self.walkers)

    def status(self) -> str:
        return ", ".join(str(part) for part in (self._status, self.forecast) if part)
