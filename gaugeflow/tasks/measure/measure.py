"""Observables of a configuration file, or of an ensemble with errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gaugeflow.errors import UserError
from gaugeflow.io import Configuration, read_parts
from gaugeflow.montecarlo.errors import SHORTEST, Estimate, estimate
from gaugeflow.runs.progress import Progress
from gaugeflow.tasks.measure.extras import Columns, Flow, Loops
from gaugeflow.tasks.measure.quantities import CONVENTIONS, values_of

__all__ = ["Measured", "collect", "measure", "report"]

LISTS = ("selected", "chain", "step", "checksum")
"""What the header of an ensemble says of each configuration: verified, not printed."""
PART, SLOW_PART = 1 << 23, 1 << 20
"""Bytes of links that are measured at once: enough that what is done once for each part does not count."""


@dataclass
class Measured:
    """What was measured of a file, before anything is averaged.

    Attributes:
        first: the first configurations, for what the file says of itself.
        violation: of the group, the largest.
        columns: by name one array ``(configurations, ...)`` for each chain.
        notes: what a reader should know, in words.
    """

    first: Configuration
    violation: float
    columns: Columns
    notes: list[str] = field(default_factory=list)

    @property
    def is_ensemble(self) -> bool:
        """Whether the file is made for many configurations, were it only one."""
        return "chain" in self.first.metadata


def measure(
    path: Path,
    shape: Sequence[int] | None = None,
    group: str | None = None,
    *,
    extras: Sequence[Flow | Loops] = (),
    quiet: bool = True,
    **given: Any,
) -> dict[str, Any]:
    """The observables of a file as plain values; what its lattice does not have is None.

    `header` is what the file says of itself; its checksums were verified; `notes` says where it departs from its
    standard. For an ensemble the values are means over its configurations (of the violation: the largest),
    `configurations` counts them, `errors` holds one standard deviation each by the Gamma method, the chains being
    replica, `tau_int` the autocorrelation times in configurations, and `warnings` why an error is not to be trusted.

    Args:
        extras: what else is measured, under `flow` and `loops`.
        quiet: whether nothing is shown on standard error while an ensemble is measured.
        given: `select`, `layout`, `dataset`, as :func:`gaugeflow.io.read` takes them.

    Raises:
        UserError: the file cannot be read, its checks fail, or it is an ensemble that has no configuration yet.
    """
    return report(collect(path, shape, group, extras=extras, quiet=quiet, **given), extras)


def collect(
    path: Path,
    shape: Sequence[int] | None = None,
    group: str | None = None,
    *,
    extras: Sequence[Flow | Loops] = (),
    quiet: bool = True,
    **given: Any,
) -> Measured:
    """Measures every configuration of a file; arguments and errors are those of :func:`measure`.

    How many there are is read once, at the beginning: a run may append to the file in the meantime.
    """
    parts = read_parts(path, shape, group, most_bytes=SLOW_PART if extras else PART, **given)
    begun = next(parts, None)
    if begun is None:
        raise UserError(f"{path}: expected configurations to measure, found an ensemble that has none yet")
    first, count = begun
    rows: list[dict[str, np.ndarray]] = []
    chains: list[int] = []
    notes: dict[str, None] = {}
    violation = 0.0
    with Progress(count, 0, path.name, quiet or count == 1, unit="configuration") as progress:
        for part, _ in chain([begun], parts):
            rows.append(_columns(part, extras))
            violation = max(violation, part.violation)
            notes |= dict.fromkeys(part.notes)
            progress.advance(steps=len(part.links))
            chains += part.metadata.get("chain", [0] * len(part.links))
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return _by_chain(Measured(first, violation, {}, list(notes)), columns, np.array(chains))


def report(found: Measured, extras: Sequence[Flow | Loops] = ()) -> dict[str, Any]:
    """Plain values of what was measured, see :func:`measure`."""
    first, columns = found.first, found.columns
    estimates = {name: _estimates(columns[name]) if name in columns else [] for name in CONVENTIONS}
    file = {"file": str(first.path), "format": first.format, "group": first.group, "shape": list(first.shape)}
    values = {name: _one_or_two([part.value for part in estimates[name]]) for name in CONVENTIONS}
    plain: dict[str, Any] = {**file, **values, "unitarity_violation": found.violation}
    header = {name: value for name, value in first.metadata.items() if not (found.is_ensemble and name in LISTS)}
    plain |= {"header": header, "notes": found.notes}
    if found.is_ensemble:
        averaged = {name: parts for name, parts in estimates.items() if name != "unitarity_violation"}
        plain["configurations"] = sum(map(len, columns["plaquette"]))
        plain["errors"] = {name: _one_or_two([part.error for part in parts]) for name, parts in averaged.items()}
        plain["tau_int"] = {name: _one_or_two([part.tau_int for part in parts]) for name, parts in averaged.items()}
        plain["warnings"] = {name: parts[0].warning for name, parts in averaged.items() if parts and parts[0].warning}
    return plain | {type(extra).__name__.lower(): extra.report(columns) for extra in extras}


def _columns(part: Configuration, extras: Sequence[Flow | Loops]) -> dict[str, np.ndarray]:
    """Everything that is measured, ``(batch, ...)`` each, in double precision whatever the file has."""
    links = part.links.to(torch.complex128 if part.links.is_complex() else torch.float64)
    found = dict(values_of(links))
    for extra in extras:
        found |= extra.measure(links)
    return {name: values.numpy() for name, values in found.items()}


def _by_chain(found: Measured, columns: dict[str, np.ndarray], chains: np.ndarray) -> Measured:
    """With the columns of each chain in Monte Carlo order, but for chains too short for an error beside longer ones."""
    names, lengths = np.unique(chains, return_counts=True)
    kept = names[lengths >= SHORTEST] if (lengths >= SHORTEST).any() else names
    left = int(lengths.sum() - np.isin(chains, kept).sum())
    short = f"{left} configurations left out, in {len(names) - len(kept)} chains of fewer than {SHORTEST}"
    series = {name: [values[chains == label] for label in kept] for name, values in columns.items()}
    return replace(found, columns=series, notes=found.notes + ([short] if left else []))


def _estimates(chains: list[np.ndarray]) -> list[Estimate]:
    """Of a real quantity, or of real and imaginary part."""
    if np.iscomplexobj(chains[0]):
        return [estimate([one.real for one in chains]), estimate([one.imag for one in chains])]
    return [estimate(chains)]


def _one_or_two(numbers: list[float]) -> Any:
    """A number, [re, im], or None for what is not there."""
    plain = [number if isfinite(number) else None for number in numbers]
    return (plain if len(plain) > 1 else plain[0]) if plain else None
