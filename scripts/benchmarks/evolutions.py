"""What scripts of evolutions share: fields in equilibrium to begin in, their loop, and what a row of results has."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from benchmarks.machine import machine
from gaugeflow.flows import EquilibriumBase, Work
from gaugeflow.flows.bases.base import Base
from gaugeflow.groups import get_group
from gaugeflow.lattice import LoopAction
from gaugeflow.montecarlo import HeatBath

__all__ = ["Kept", "fields_of", "measure_rows", "numbers"]

CHAINS, WARMUP, BETWEEN = 16, 60, 5
AnyRow = TypeVar("AnyRow", bound=NamedTuple)


class Kept(Base):
    """Fields in equilibrium, of which each draw takes the next ones; their density is that of an action."""

    def __init__(self, fields: Tensor, action: LoopAction) -> None:
        super().__init__(fields.shape[2:-2], fields.real.dtype)
        self.fields, self.action, self.place = fields, action, 0

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        self.place += num_samples
        return self.fields[self.place - num_samples : self.place]

    def log_prob(self, z: Tensor) -> Tensor:
        return -self.action(z)


def fields_of(file: Path, action: LoopAction, extent: int, draws: int) -> Tensor:
    """Fields of SU(3) in equilibrium, in float32, made once: those of each draw are of sixteen independent chains."""
    if not file.exists():
        sampler, shape = HeatBath(action, 1), (extent,) * 4
        base = EquilibriumBase(get_group("su3"), shape, sampler, action, WARMUP, between=BETWEEN, dtype=torch.float32)
        generator = torch.Generator().manual_seed(1)
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(torch.cat([base.draw(CHAINS, generator) for _ in range(draws)]), file)
    return torch.load(file, weights_only=True)  # type: ignore[no-any-return]


def measure_rows(about: str, file: Path, rows: Sequence[AnyRow], measured: Callable[[AnyRow], dict[str, Any]]) -> None:
    """The command line of a script, whose help is `about`: writes its rows in their order, each once it is measured.

    Those that stand in the file are kept, unless `--anew` is asked for.
    """
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=shown, allow_abbrev=False)
    parser.add_argument("--anew", action="store_true", help="also what stands in the results already")
    anew = parser.parse_args().anew
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = [] if anew or not file.exists() else json.loads(file.read_text())["rows"]
    for row in rows:
        known = [tuple(each[field] for field in row._fields) for each in found]
        if row not in known:
            found.append(measured(row))
            known.append(row)
            order = [found[known.index(each)] for each in rows if each in known]
            file.write_text(json.dumps({"measured": machine(), "rows": order}) + "\n")


def numbers(work: Work) -> dict[str, Any]:
    """The effective sample size, the spread and the loss of the work, log Z, and how many evolutions would do."""
    ess, log_z = work.weights.ess(), work.log_z["forward"]
    return {
        "ess": ess.value,
        "ess_error": ess.error,
        "variance": work.variance,
        "dissipated": work.dissipated.value,
        "dissipated_error": work.dissipated.error,
        "log_z": log_z.value,
        "log_z_error": log_z.error,
        "needed": work.needed,
    }
