"""What a job of the package is: a schema, and steps that record rows."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.schema import RunConfig

__all__ = ["Task"]

C = TypeVar("C", bound=RunConfig)


class Task(ABC, Generic[C]):
    """A job of a fixed number of steps whose whole state is a dictionary of tensors and plain values.

    To write one:

    - `schema`: a `RunConfig` with the job's own keys; `extendable`: those that may change when a run is resumed;
    - `build`: the job at step 0, from the configuration and its seed alone;
    - `step`: one step further, recording what was measured; it draws random numbers only from generators that
      are part of the state, so that a run stopped and resumed anywhere repeats the same numbers;
    - `state_dict`, `load_state_dict`: everything that a later step depends on;
    - `report`: the numbers, from the recorded rows.
    """

    name: ClassVar[str]
    schema: ClassVar[type[RunConfig]]
    extendable: ClassVar[frozenset[str]] = frozenset({"checkpoint_every"})

    def __init__(self, config: C) -> None:
        self.config = config

    @classmethod
    @abstractmethod
    def build(cls, config: C) -> Self:
        """The job at step 0."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """The number of steps of the whole job."""

    @abstractmethod
    def step(self, index: int, metrics: Metrics) -> None:
        """Makes step number `index` (from 0) and records its rows."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values from which `load_state_dict` restores the job between two steps."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` gave."""

    @abstractmethod
    def report(self, metrics: Metrics) -> dict[str, Any]:
        """The job's numbers with their errors, as plain values under the keys that `report.json` has."""

    @abstractmethod
    def markdown(self, report: dict[str, Any]) -> str:
        """The report as a person reads it: the tables of `report.md`."""

    def status(self) -> str:
        """A few words beside the progress bar."""
        return ""
