"""The trial wavefunction of diffusion Monte Carlo: read from a run, kept in the checkpoint of another."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.random import stream
from gaugeflow.runs import RunDirectory, ranks
from gaugeflow.runs.checkpoint import load_checkpoint
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.systems import SystemConfig
from gaugeflow.wavefunctions import Hamiltonian, Product
from gaugeflow.wavefunctions.diffusion.guide import Guide, Guided
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian

__all__ = ["Trial", "read_trial", "shared_guide"]


@dataclass(frozen=True)
class Trial:
    """What a checkpoint keeps of a trained wavefunction.

    Attributes:
        config: of its run, as plain values.
        parameters: of the wavefunction by name.
        width: of the moves at the end of its run, in bohr.
        energy: its variational energy and the error, as that run has reported them, in Hartree; None where it has not.
    """

    config: dict[str, Any]
    parameters: dict[str, Tensor]
    width: float
    energy: tuple[float, float] | None

    @property
    def run(self) -> VMCConfig:
        """The configuration of its run."""
        return VMCConfig.model_validate(self.config)

    def build(self, hamiltonian: Hamiltonian, device: str, dtype: str) -> Product:
        """The wavefunction."""
        psi = self.run.wavefunction.build(hamiltonian, stream("weights", 0))
        psi.load_state_dict(self.parameters)
        return psi.to(device, DTYPES[dtype])


def read_trial(place: Path, system: SystemConfig) -> Trial:
    """The trial from a run directory of the task `vmc`.

    Raises:
        UserError: no run, one of another task, a damaged checkpoint, or a wavefunction of another system.
    """
    directory = RunDirectory.open(place)
    _, state = load_checkpoint(directory.checkpoint, "vmc")
    task, config = state["task"], VMCConfig.model_validate(state["config"])
    own = config.system.build()
    if isinstance(own, SiteHamiltonian) or not _same(own, system.build(), task["walkers"].double()):
        came = json.dumps(config.system.model_dump(), default=str)
        raise UserError(f"init_from: {place}: expected a wavefunction of the `system` here, came one of {came}")
    kept = config.model_dump(mode="json")
    return Trial(kept, task["psi"], task["sampler"]["width"], _reported(directory))


def _same(one: Hamiltonian, other: Hamiltonian, walkers: Tensor) -> bool:
    """Whether particles are the same, and the potential on some walkers ``(batch, n, d)``."""
    if one.particles != other.particles:
        return False
    return torch.allclose(one.potential(walkers), other.potential(walkers), rtol=1e-9)


def _reported(directory: RunDirectory) -> tuple[float, float] | None:
    if not directory.report.is_file():
        return None
    found = json.loads(directory.report.read_text())
    return found["energy"], found["energy_error"]


def shared_guide(guide: Guide) -> Guide:
    """The same guide, of whose walkers each process evaluates its share; all of them have all walkers."""

    def shared(x: Tensor) -> Guided:
        together = ranks()
        if together.size == 1:
            return guide(x)
        part = guide(together.part(x))
        packed = torch.cat([part.drift.flatten(1), *(one[:, None] for one in (part.sign, part.log, part.energy))], 1)
        whole = together.gather(packed)  # one message
        return Guided(x, whole[:, -3], whole[:, -2], whole[:, :-3].reshape(x.shape), whole[:, -1])

    return shared
