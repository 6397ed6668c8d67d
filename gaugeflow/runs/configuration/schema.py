"""The strict schema of a configuration: every key known, every value of its type, nothing guessed.

YAML 1.1 reads `1e-3` as text and `no` as false. The field's type decides: a number field takes text that spells a
number, a truth field takes true and false, a text field takes text; everything else is refused.
"""

import os
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gaugeflow.runs.configuration.nearest import nearest

__all__ = ["Checkpointing", "Count", "Number", "Positive", "RunConfig", "Section", "absolute_path"]


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _device(name: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ValueError(f"expected cpu, cuda or cuda:N, came {name!r}")
    return name


Number = Annotated[float, BeforeValidator(_number)]
"""A finite real number; `1e-3`, which YAML takes for text, is one."""

Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
"""A finite number above zero."""

Count = Annotated[int, Field(ge=1)]
"""A whole number, one or more."""


def absolute_path(path: str, info: ValidationInfo) -> str:
    """A path in a configuration, made absolute from the folder of the configuration."""
    found: str = (info.context or {}).get("absolute", os.path.abspath)(path)
    return found


class Section(BaseModel):
    """A mapping with fixed keys; a key that is not one of them is refused with the nearest that is.

    The text under a key is its meaning: the schema and the reference show it.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        unknown = [key for key in data if key not in cls.model_fields]
        if unknown:
            hints = "; ".join(nearest(key, cls.model_fields) for key in unknown)
            raise PydanticCustomError("unknown_key", "{hints}", {"hints": hints, "keys": unknown})
        return data


class Checkpointing(Section):
    """When to write a checkpoint: after so many seconds, after so many steps, whichever comes first."""

    seconds: Positive | None = 60.0
    """Seconds between two checkpoints."""
    steps: Count | None = None
    """Steps of the run between two checkpoints."""


class RunConfig(Section):
    """What every task has: its name, a seed, a device, and how often to write a checkpoint."""

    task: str
    """What the run does: `chain`, `dmc`, `flow`, `regression` or `vmc`."""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Seed of all random numbers of the run."""
    device: Annotated[str, AfterValidator(_device)] = "cpu"
    """Where tensors live, such as `cpu`, `cuda` or ``cuda:1``. Elsewhere a run that is opened takes what there is."""
    checkpoint_every: Checkpointing = Checkpointing()
    """When a checkpoint is written."""
