"""What a job of the package is: a schema, and steps that record rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io import EnsembleWriter, ScalarWriter
from gaugeflow.runs.configuration.schema import RunConfig
from gaugeflow.runs.configuration.source import Source
from gaugeflow.runs.configuration.validation import validate
from gaugeflow.runs.devices import present_device
from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.record import Record
from gaugeflow.symmetry.claims import Claim

__all__ = ["Task"]

C = TypeVar("C", bound=RunConfig)


class Task(ABC, Generic[C]):
    """A job of a fixed number of steps whose whole state is a dictionary of tensors and plain values.

    To write one:

    - `schema`: a `RunConfig` with the job's own keys; `extendable`: those that may change when a run is resumed;
    - `__init__` builds what the configuration alone determines; `begin` makes the state at step 0;
    - `step`: one step further, recording what was measured; it draws random numbers only from generators that
      are part of the state, so that a run stopped and resumed anywhere repeats the same numbers;
    - `state_dict`, `load_state_dict`: everything that a later step depends on;
    - `restart_measurements`: where `report --fresh` begins, with new random numbers;
    - `report`: the numbers, from the recorded rows, and `markdown`, the same for people;
    - `distributed = True` if its steps share their work over `gaugeflow.runs.ranks()`;
    - `open_ensemble`, `create_ensemble`, `samples` if the job makes lattice fields, `claims` if it has symmetries.
    """

    name: ClassVar[str]
    schema: ClassVar[type[RunConfig]]
    extendable: ClassVar[frozenset[str]] = frozenset({"checkpoint_every"})
    distributed: ClassVar[bool] = False
    """Whether several processes can work on it together, each a share of every batch."""

    def __init__(self, config: C) -> None:
        self.config = config.model_copy(update={"device": present_device(config.device)})

    @classmethod
    def of(cls, source: Source) -> Self:
        """The task that a configuration describes. Raises UserError for a mistake in it."""
        return cls(validate(cls.schema, source))  # type: ignore[arg-type]  # the schema is that of C

    def may_change(self, done: int, before: dict[str, Any]) -> frozenset[str]:
        """The keys that may differ from the configuration `before` of a checkpoint, after so many steps are done."""
        return self.extendable

    @property
    @abstractmethod
    def steps(self) -> int:
        """The number of steps of the whole job."""

    @abstractmethod
    def begin(self) -> None:
        """Makes the state at step 0 from the configuration and its seed."""

    @abstractmethod
    def step(self, index: int, record: Record) -> None:
        """Makes step number `index` (from 0) and records its rows."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values from which `load_state_dict` restores the job between two steps."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` gave."""

    @abstractmethod
    def restart_measurements(self, seed: int) -> int:
        """Returns the step from which the measurements are to be repeated, with `stream("report", seed)`.

        No step of the run itself draws from it, whatever the seeds.
        """

    @abstractmethod
    def report(self, metrics: Metrics) -> dict[str, Any]:
        """The job's numbers with their errors, as plain values under the keys that `report.json` has."""

    @staticmethod
    @abstractmethod
    def markdown(report: dict[str, Any]) -> str:
        """The report as a person reads it: the tables of `report.md`."""

    def open_ensemble(self, path: Path, count: int | None) -> EnsembleWriter | None:
        """Where `step` appends fields: a new file, or, with a count, the first so many of what is there.

        None, as by default, if the job keeps no fields.
        """
        return None

    def create_ensemble(self, path: Path, capacity: int) -> EnsembleWriter | ScalarWriter:
        """A new file for fields of this job. Raises UserError if it makes none."""
        raise UserError(f"the task {self.name} makes no fields that an ensemble file could hold")

    def claims(self) -> Sequence[Claim]:
        """What is said to be symmetric in this job, for `gaugeflow check`; the state is there."""
        raise UserError(f"the task {self.name} claims no symmetry that could be checked")

    def samples(self, seed: int) -> Iterator[Tensor]:
        """Batches `(batch, ...)` of fields from the job's distribution, without end, with new random numbers."""
        raise UserError(f"the task {self.name} makes no samples")

    def weighted_samples(self, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of independent fields `(batch, ...)` of the job's model with log-weights `(batch,)`, without end."""
        raise UserError(f"the task {self.name} makes no weighted samples")

    def status(self) -> str:
        """A few words beside the progress bar."""
        return ""

    def kinds_of_steps(self) -> dict[int, int]:
        """The index of one step of each kind, in their order, and how many there are of it: what a forecast needs."""
        return {0: self.steps}

    def try_step(self, index: int) -> float:
        """Does the work of a step for a forecast, or a part of it; returns of how many such parts the step consists."""
        self.step(index, Record())
        return 1.0

    def shortened(self, share: float) -> C:
        """The configuration with this share, 0 to 1, of what is measured: for `report --fresh --minutes`."""
        return self.config

    @property
    def not_foretold(self) -> str:
        """A part of the run that `kinds_of_steps` leaves out; empty where there is none."""
        return ""

    @property
    def disk_bytes(self) -> int:
        """What the whole run leaves on the disk, roughly; checkpoints of small models are not counted."""
        return 0
