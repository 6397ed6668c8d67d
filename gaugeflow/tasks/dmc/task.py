"""The task `dmc`: populations on the nodes of a trained wavefunction go on in imaginary time, and are measured."""

from dataclasses import asdict
from typing import Any, ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.random import stream
from gaugeflow.runs import Metrics, Record, Task
from gaugeflow.runs.devices import restored_generator
from gaugeflow.runs.opening.shipped import named_run
from gaugeflow.tasks.dmc.config import DMCConfig
from gaugeflow.tasks.dmc.report import dmc_markdown, dmc_report
from gaugeflow.tasks.dmc.trial import Trial, read_trial, shared_guide
from gaugeflow.tasks.vmc.ranks import require_equal_shares, shared_log_density
from gaugeflow.wavefunctions import jumps_between
from gaugeflow.wavefunctions.diffusion.guide import trial_guide
from gaugeflow.wavefunctions.diffusion.process import Diffusion
from gaugeflow.wavefunctions.systems.walkers import initial_walkers

__all__ = ["DMC"]

FEWEST = 200
"""Generations without which an error means little."""


class DMC(Task[DMCConfig]):
    """Fixed-node diffusion Monte Carlo; one step is one generation of all populations."""

    name = "dmc"
    schema = DMCConfig
    extendable: ClassVar[frozenset[str]] = frozenset({"generations", "memory", "degree", "checkpoint_every"})
    distributed: ClassVar[bool] = True

    def __init__(self, config: DMCConfig) -> None:
        super().__init__(config)
        self.hamiltonian = config.system.build()
        steps = torch.tensor(config.time_steps, dtype=torch.float64, device=self.config.device)
        self.time_steps = steps.repeat_interleave(config.populations)
        """Of all populations, those of one time step in a row."""
        self._status = ""

    @property
    def steps(self) -> int:
        longest = int((self.config.equilibration / self.time_steps).ceil().max())
        return self.config.warmup + longest + self.config.generations

    def begin(self) -> None:
        self.generator = stream("run", self.config.seed, device=self.config.device)
        self.trial = read_trial(named_run(self.config.init_from), self.config.system)
        self._compose()
        self.walkers = self._new_walkers()

    def _compose(self) -> None:
        """Wavefunction and sampler of the trial; no population yet."""
        config, moves = self.config, self.trial.run.walkers
        require_equal_shares(config.walkers)
        self.psi = self.trial.build(self.hamiltonian, config.device, config.dtype)
        jumps = jumps_between(self.hamiltonian) * moves.jumps
        period = self.hamiltonian.period
        self.sampler = Metropolis(
            self._log_density, moves.move, self.trial.width, moves.steps, jumps=jumps, period=period
        )
        self.sampler.warmup = True
        self.diffusion: Diffusion | None = None

    def _log_density(self, x: Tensor) -> Tensor:
        return shared_log_density(self.psi, x)

    def _new_walkers(self) -> Tensor:
        """Of all populations in one list, ``(K W, n, d)``."""
        dtype, count = next(self.psi.parameters()).dtype, len(self.config.time_steps) * self.config.walkers
        return initial_walkers(self.hamiltonian, count, dtype, self.config.device, self.generator)

    def kinds_of_steps(self) -> dict[int, int]:
        warmup = self.config.warmup
        return {index: count for index, count in {0: warmup, warmup: self.steps - warmup}.items() if count}

    def shortened(self, share: float) -> DMCConfig:
        return self.config.model_copy(update={"generations": max(FEWEST, int(share * self.config.generations))})

    @property
    def disk_bytes(self) -> int:
        return 8 * (self.steps - self.config.warmup) * (1 + 7 * len(self.time_steps))

    def step(self, index: int, record: Record) -> None:
        if index < self.config.warmup:
            self.walkers, _ = self.sampler.update(self.walkers, self.generator)
            self._status = "walkers of psi^2"
            return
        if self.diffusion is None:
            self.diffusion = self._populations(self.walkers.unflatten(0, (len(self.time_steps), -1)))
        found = self.diffusion.step(self.generator)
        record.metrics.record("generations", {"step": index, **found._asdict()})
        self._status = f"E {float(found.energy.mean()):.5f}, acceptance {float(found.acceptance.min()):.3f}"

    def _populations(self, walkers: Tensor) -> Diffusion:
        """Raises UserError for walkers on which the local energy is not finite."""
        guide = shared_guide(trial_guide(self.psi, self.hamiltonian, self.config.chunk_size))
        return Diffusion(guide, walkers, self.time_steps, self.config.equilibration)

    def state_dict(self) -> dict[str, Any]:
        return {
            "trial": asdict(self.trial),
            "walkers": self.walkers,
            "sampler": self.sampler.state_dict(),
            "diffusion": None if self.diffusion is None else self.diffusion.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.trial = Trial(**state["trial"])
        self._compose()
        self.sampler.load_state_dict(state["sampler"])
        self.walkers = state["walkers"].to(self.config.device)
        if state["diffusion"] is not None:
            kept = state["diffusion"]["walkers"]["x"].to(self.config.device)
            if len(kept) != len(self.time_steps):
                raise UserError(
                    f"expected a checkpoint with {len(self.time_steps)} populations, came one with {len(kept)}: it was "
                    "made before each time step had several; begin the run anew"
                )
            self.diffusion = self._populations(kept)
            self.diffusion.load_state_dict(state["diffusion"])
        self.generator = restored_generator(self.config.device, state["generator"])

    def restart_measurements(self, seed: int) -> int:
        """New walkers and new populations."""
        self.generator = stream("report", seed, device=self.config.device)
        self.diffusion, self.walkers = None, self._new_walkers()
        return 0

    def report(self, metrics: Metrics) -> dict[str, Any]:
        return dmc_report(self.config, self.hamiltonian, self.trial, metrics)

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return dmc_markdown(report)

    def status(self) -> str:
        return self._status
