"""A line that says what was run, for the top of figures and pages."""

from pathlib import Path
from typing import Any

from gaugeflow.runs import RunConfig
from gaugeflow.tasks.table import couplings

__all__ = ["heading"]


def heading(config: RunConfig) -> str:
    """The theory or the system, its size, its parameters, and the method."""
    keys = config.model_dump()
    if "system" in keys:
        if "init_from" in keys:
            return f"{_named(keys['system'])}, fixed nodes of {Path(keys['init_from']).name}"
        ansatz, backbone = (keys["wavefunction"][part]["name"] for part in ("ansatz", "backbone"))
        return f"{_named(keys['system'])}, {ansatz} on {backbone}"
    group = [keys["group"]] if keys.get("group") else []
    shape = " x ".join(map(str, keys["shape"]))
    method = next(keys[part]["name"] for part in ("sampler", "model", "target") if part in keys)
    return ", ".join([*group, shape, *([_named(keys["action"])] if "action" in keys else []), method])


def _named(section: dict[str, Any]) -> str:
    """`wilson (beta 6)`: the name of a section and its numbers."""
    if "atoms" in section:
        return "".join(str(atom[0]) for atom in section["atoms"])
    numbers = [f"{key} {value:g}" for key, value in couplings(section).items() if isinstance(value, int | float)]
    return section["name"] + (f" ({', '.join(numbers)})" if numbers else "")
