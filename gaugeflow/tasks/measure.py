"""Measuring configuration files: the observables that programs compare, with their conventions."""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io import Configuration, read
from gaugeflow.io.registry import format_of
from gaugeflow.io.source import Source
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice import charge, observables
from gaugeflow.montecarlo.errors import estimate

__all__ = ["CONVENTIONS", "header_text", "measure", "measure_text"]


def _glance(observable: Callable[[Tensor, str], Tensor]) -> Callable[[Tensor], Tensor]:
    """An observable made of loops, in the backend for one look at a field."""
    return lambda links: observable(links, light_backend(links))


QUANTITIES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "plaquette": (_glance(observables.plaquette), "(1/N) Re tr P, mean over sites and planes"),
    "plaquette_spatial": (_glance(observables.plaquette_spatial), "the same over planes without t"),
    "plaquette_temporal": (_glance(observables.plaquette_temporal), "the same over planes with t"),
    "link_trace": (observables.link_trace, "(1/N) Re tr U, mean over links"),
    "polyakov": (observables.polyakov, "(1/N) tr of the product along t, mean over space: re, im"),
    "charge_plaquette": (charge.charge_plaquette, "Q from the plaquette's field strength, 4D"),
    "charge_clover": (charge.charge_clover, "Q from the clover's field strength, 4D"),
    "charge_improved": (charge.charge_improved, "5/3 Q_clover - 1/6 Q[(C_2x1 + C_1x2)/8], 4D"),
    "unitarity_violation": (observables.unitarity_violation, "largest |U U^dagger - 1| or |det U - 1|"),
}

CONVENTIONS = {name: text for name, (_, text) in QUANTITIES.items()}

CHUNK = 16
"""Configurations of an ensemble that are in memory at once."""
LISTS = ("selected", "chain", "step", "checksum")
"""What the header of an ensemble says of each configuration: verified, not printed."""


def measure(path: Path, shape: Sequence[int] | None = None, group: str | None = None) -> dict[str, Any]:
    """The observables of a file as plain values; what its lattice does not have is None.

    `header` is what the file says of itself; its checksums were verified. For an ensemble the values are means over
    its configurations (of the violation: the largest), `configurations` counts them and `errors` holds one standard
    deviation each by the Gamma method, the chains being replica.

    Raises:
        UserError: the file cannot be read, its checks fail, or it is an ensemble that has no configuration yet.
    """
    rows: list[dict[str, np.ndarray]] = []
    chains: list[int] = []
    found: dict[str, Any] = {}
    header: dict[str, Any] = {}
    for part in _parts(path, shape, group):
        found = {"file": str(path), "format": part.format, "group": part.group, "shape": list(part.shape)}
        header = part.metadata
        rows.append(_numbers(part))
        chains += header.get("chain", [0])
    if not rows:
        raise UserError(f"{path}: expected configurations to measure, found an ensemble that has none yet")
    numbers = {name: np.concatenate([row[name] for row in rows]) for name in QUANTITIES}
    found |= {name: _mean(name, values) for name, values in numbers.items()}
    if "chain" not in header:
        return {**found, "header": header}
    replica = {name: _by_chain(values, np.array(chains)) for name, values in numbers.items()}
    return {
        **found,
        "header": {name: value for name, value in header.items() if name not in LISTS},
        "configurations": len(chains),
        "errors": {name: _error(values) for name, values in replica.items() if name != "unitarity_violation"},
    }


def measure_text(found: dict[str, Any]) -> str:
    """What `measure` found, for people: numbers with their conventions, and what the file's header says."""
    lattice = " x ".join(map(str, found["shape"]))
    count = f", {found['configurations']} configurations" if "configurations" in found else ""
    lines = [f"{found['file']}: {found['format']}, {found['group']}, {lattice}{count}"]
    lines += [f"  {name:20s} {_number_text(found, name):40s} {text}" for name, text in CONVENTIONS.items()]
    return "\n".join([*lines, *(f"  header: {name} = {value}" for name, value in found["header"].items())])


def header_text(configuration: Configuration) -> str:
    """What a file holds and its header says, for people."""
    lattice, count = " x ".join(map(str, configuration.shape)), len(configuration.links)
    ensemble = f", {count} configurations" if count > 1 else ""
    lines = [f"{configuration.path}: {configuration.format}, {configuration.group}, {lattice}{ensemble}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in configuration.metadata.items())])


def _parts(path: Path, shape: Sequence[int] | None, group: str | None) -> Iterator[Configuration]:
    """The configurations of a file, of an ensemble a few at a time."""
    with Source(path) as source:
        single = format_of(source).name != "hdf5"
    if single:
        yield read(path, shape, group)
        return
    start, count = 0, 1
    while start < count:
        part = read(path, shape, group, select=slice(start, start + CHUNK))
        count = part.metadata["count"]
        if count:
            yield part
        start += CHUNK


def _numbers(configuration: Configuration) -> dict[str, np.ndarray]:
    """Values for each configuration, in double precision whatever the file has; NaN for what the lattice has not."""
    links = configuration.links
    links = links.to(torch.complex128 if links.is_complex() else torch.float64)
    four = len(configuration.shape) == 4
    return {
        name: function(links).numpy() if four or not name.startswith("charge") else np.full(len(links), np.nan)
        for name, (function, _) in QUANTITIES.items()
    }


def _mean(name: str, values: np.ndarray) -> Any:
    if name == "unitarity_violation":
        return float(values.max())
    mean = values.mean().item()
    if isinstance(mean, complex):
        return [mean.real, mean.imag]
    return mean if isfinite(mean) else None


def _by_chain(values: np.ndarray, chains: np.ndarray) -> np.ndarray:
    """`(chains, configurations of the shortest)`, each in Monte Carlo order."""
    series = [values[chains == chain] for chain in np.unique(chains)]
    shortest = min(map(len, series))
    return np.stack([one[:shortest] for one in series])


def _error(values: np.ndarray) -> Any:
    if np.iscomplexobj(values):
        return [_error(values.real), _error(values.imag)]
    return estimate(values).error if np.isfinite(values).all() else None


def _number_text(found: dict[str, Any], name: str) -> str:
    value = found[name]
    parts = value if isinstance(value, list) else [value]
    error = found.get("errors", {}).get(name)
    errors = error if isinstance(error, list) else [error] * len(parts)
    return ", ".join(map(_one_number, parts, errors))


def _one_number(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.15g}" if error is None or not isfinite(error) else f"{value:.8g} +- {error:.2g}"
