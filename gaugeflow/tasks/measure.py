"""Measuring configuration files: the observables that programs compare, with their conventions."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.io import Configuration, read
from gaugeflow.lattice import charge, observables
from gaugeflow.montecarlo.errors import estimate, estimate_complex

__all__ = ["CONVENTIONS", "header_text", "measure", "measure_text"]

QUANTITIES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "plaquette": (observables.plaquette, "(1/N) Re tr P, mean over sites and planes"),
    "plaquette_spatial": (observables.plaquette_spatial, "the same over planes without t"),
    "plaquette_temporal": (observables.plaquette_temporal, "the same over planes with t"),
    "link_trace": (observables.link_trace, "(1/N) Re tr U, mean over links"),
    "polyakov": (observables.polyakov, "(1/N) tr of the product along t, mean over space: [re, im]"),
    "charge_plaquette": (charge.charge_plaquette, "Q from the plaquette's field strength, 4D"),
    "charge_clover": (charge.charge_clover, "Q from the clover's field strength, 4D"),
    "charge_improved": (charge.charge_improved, "5/3 Q_clover - 1/6 Q[(C_2x1 + C_1x2)/8], 4D"),
    "unitarity_violation": (observables.unitarity_violation, "largest |U U^dagger - 1| or |det U - 1|"),
}

CONVENTIONS = {name: text for name, (_, text) in QUANTITIES.items()}


def measure(path: Path, shape: Sequence[int] | None = None, group: str | None = None) -> dict[str, Any]:
    """The observables of a file as plain values; what its lattice does not have is None.

    For an ensemble the values are means over its configurations (of the violation: the largest), `configurations`
    counts them and `errors` holds one standard deviation each by the Gamma method.

    Raises:
        UserError: the file cannot be read or its checks fail.
    """
    configuration = read(path, shape, group)
    numbers = _numbers(configuration)
    found: dict[str, Any] = {
        "file": str(path),
        "format": configuration.format,
        "group": configuration.group,
        "shape": list(configuration.shape),
        **{name: _mean(name, values) for name, values in numbers.items()},
        "header": configuration.metadata,
    }
    if len(configuration.links) > 1:
        found["configurations"] = len(configuration.links)
        found["errors"] = {name: _error(values) for name, values in numbers.items() if name != "unitarity_violation"}
    return found


def measure_text(found: dict[str, Any]) -> str:
    """What `measure` found, for people: numbers with their conventions, and what the file's header says."""
    lattice = " x ".join(map(str, found["shape"]))
    count = f", {found['configurations']} configurations" if "configurations" in found else ""
    lines = [f"{found['file']}: {found['format']}, {found['group']}, {lattice}{count}"]
    for name, convention in CONVENTIONS.items():
        lines.append(f"  {name:20s} {_number_text(found, name):32s} {convention}")
    for name, value in found["header"].items():
        lines.append(f"  header: {name} = {value}")
    return "\n".join(lines)


def header_text(configuration: Configuration) -> str:
    """What a file holds and its header says, for people."""
    lattice, count = " x ".join(map(str, configuration.shape)), len(configuration.links)
    ensemble = f", {count} configurations" if count > 1 else ""
    lines = [f"{configuration.path}: {configuration.format}, {configuration.group}, {lattice}{ensemble}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in configuration.metadata.items())])


def _numbers(configuration: Configuration) -> dict[str, Tensor | None]:
    """Values for each configuration, `(configurations,)`; in double precision whatever the file has."""
    links = configuration.links
    links = links.to(torch.complex128 if links.is_complex() else torch.float64)
    four = len(configuration.shape) == 4
    return {
        name: function(links) if four or not name.startswith("charge") else None
        for name, (function, _) in QUANTITIES.items()
    }


def _mean(name: str, values: Tensor | None) -> Any:
    if values is None:
        return None
    if name == "unitarity_violation":
        return float(values.max())
    mean = values.mean().item()
    return [mean.real, mean.imag] if values.is_complex() else mean


def _error(values: Tensor | None) -> Any:
    if values is None:
        return None
    if values.is_complex():
        return [part.error for part in estimate_complex(values)]
    return estimate(values.numpy()).error if bool(values.isfinite().all()) else None


def _number_text(found: dict[str, Any], name: str) -> str:
    value = found[name]
    parts = value if isinstance(value, list) else [value]
    error = found.get("errors", {}).get(name)
    errors = error if isinstance(error, list) else [error] * len(parts)
    return ", ".join(
        "-" if part is None or not math.isfinite(part) else f"{part:.15g}" if e is None else f"{part:.8g} +- {e:.2g}"
        for part, e in zip(parts, errors, strict=True)
    )
