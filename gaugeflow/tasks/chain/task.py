"""The task `chain`: a Markov chain of lattice fields, measured as it goes."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.io import EnsembleWriter, read
from gaugeflow.lattice.fields import cold_start, hot_start
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.montecarlo import Replicas, Sampler
from gaugeflow.random import stream
from gaugeflow.runs import Metrics, Record, Task, ranks
from gaugeflow.runs.devices import restored_generator
from gaugeflow.symmetry.actions.fields import Links, SiteScalars
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.tasks.chain.config import ChainConfig
from gaugeflow.tasks.chain.report import chain_markdown, chain_report
from gaugeflow.tasks.chain.transformed import ThroughFlow
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.observables import ObservableSection

__all__ = ["Chain"]

FEWEST = 20
"""Measurements of each chain without which an error means little."""


def _column(entry: ObservableSection, column: str, field: Tensor) -> Tensor:
    return entry.measure(field)[column]


class Chain(Task[ChainConfig]):
    """Markov chains of links or scalars; one step is one update of every chain."""

    name = "chain"
    schema = ChainConfig
    distributed: ClassVar[bool] = True
    extendable: ClassVar[frozenset[str]] = frozenset({"measurements", "checkpoint_every"})

    def __init__(self, config: ChainConfig) -> None:
        super().__init__(config)
        self.action = config.action.build(len(config.shape))
        if (self.action.space is SCALARS) is not (config.group is None):
            raise UserError(f"group: expected one for links and none for scalars, came {config.group!r}")
        self.sampler = self._sampler()
        for entry in config.observables:
            if entry.space is not self.action.space:
                kind = "scalar fields" if entry.space is SCALARS else "links"
                raise UserError(f"observables: {entry.name} is measured on {kind}, which {config.action.name} has not")
        if self.open and any(
            entry.name == "charge" and entry.definition == "geometric" for entry in config.observables
        ):
            raise UserError(
                "observables: the geometric charge is that of a periodic lattice, and no integer on one with open "
                "boundaries; expected boundary: periodic, or other observables"
            )
        self._status = ""

    @property
    def open(self) -> bool:
        """Whether time has open ends."""
        return getattr(self.config.action, "boundary", "periodic") == "open"

    @property
    def steps(self) -> int:
        return self.config.warmup + self.config.measurements * self.config.interval

    def begin(self) -> None:
        """The start field; measured once, so that an observable that this lattice does not serve is refused here."""
        config = self.config
        self._share()
        self.generator = stream("run", config.seed, device=config.device)
        if isinstance(config.sampler, ThroughFlow):
            config.sampler.load(self.sampler)
        self.field = self._start()
        self.sampler.warmup = config.warmup > 0
        self._measure()

    def step(self, index: int, record: Record) -> None:
        config = self.config
        self.sampler.warmup = index < config.warmup
        self.field, diagnostics = self.sampler.update(self.field, self.generator)
        if diagnostics:
            record.metrics.record("updates", {"step": index, **diagnostics})
        done = index + 1 - config.warmup
        if done > 0 and done % config.interval == 0:
            row = self._measure()
            record.metrics.record("measurements", {"step": index, **row})
            if record.ensemble is not None:
                record.ensemble.append(self.field, step=index)
            name, values = next(iter(row.items()))
            self._status = f"{name} {float(values.double().mean()):.5f}" if values.ndim == 1 else ""

    def state_dict(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "generator": self.generator.get_state(),
            "sampler": self.sampler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._share()
        self.field = state["field"].to(self.config.device)
        self.generator = restored_generator(self.config.device, state["generator"])
        self.sampler.load_state_dict(state["sampler"])

    def restart_measurements(self, seed: int) -> int:
        """The chain goes on from the checkpoint's field, which is in equilibrium if the warm-up is over."""
        self.generator = stream("report", seed, device=self.config.device)
        return self.config.warmup

    def report(self, metrics: Metrics) -> dict[str, Any]:
        return chain_report(self.config, metrics)

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return chain_markdown(report)

    def open_ensemble(self, path: Path, count: int | None) -> EnsembleWriter | None:
        if not self.config.save_fields:
            return None
        if count is not None:
            return EnsembleWriter.open(path, count)
        return self.create_ensemble(path, self.config.measurements * self.config.chains)

    def create_ensemble(self, path: Path, capacity: int) -> EnsembleWriter:
        config = self.config
        if config.group is None:
            raise UserError("ensemble files hold links, this chain has scalar fields")
        action = {f"action_{key}": value for key, value in config.action.model_dump().items()}
        about = {"seed": config.seed, "interval": config.interval, "sampler": config.sampler.name, **action}
        return EnsembleWriter.create(path, config.group, config.shape, DTYPES[config.dtype], capacity, **about)

    def samples(self, seed: int) -> Iterator[Tensor]:
        """The chain goes on from the checkpoint's field `(chains, ...)`; `interval` updates lie between two batches."""
        self.generator = stream("samples", seed, device=self.config.device)
        self.sampler.warmup = False
        while True:
            for _ in range(self.config.interval):
                self.field, _ = self.sampler.update(self.field, self.generator)
            yield self.field

    def claims(self) -> list[Claim]:
        """The action under all its symmetries, and what is measured under gauge transformations and translations."""
        one = self.field[:1].to(torch.complex128 if self.field.is_complex() else torch.float64)
        name = f"{self.config.action.name} action"
        if self.action.space is SCALARS:
            group = "translations * hypercubic * z2"
            return [Equivariance(self.action, SiteScalars(one, channels=0), name, group, Scalars)]
        lattice = "" if self.open else " * translations * hypercubic"
        group = f"gauge * charge * centre{lattice}"
        columns = [
            Equivariance(partial(_column, entry, column), Links(one), column, "gauge * translations", Scalars)
            for entry in self.config.observables
            for column in entry.columns
        ]
        return [Equivariance(self.action, Links(one), name, group, Scalars), *columns]

    def status(self) -> str:
        return self._status

    def kinds_of_steps(self) -> dict[int, int]:
        config = self.config
        measured = config.warmup + config.interval - 1
        counts = {0: config.warmup, config.warmup: config.measurements * (config.interval - 1)}
        return {**{index: n for index, n in counts.items() if n and index != measured}, measured: config.measurements}

    def shortened(self, share: float) -> ChainConfig:
        return self.config.model_copy(update={"measurements": max(FEWEST, int(share * self.config.measurements))})

    @property
    def disk_bytes(self) -> int:
        config = self.config
        rows = 8 * config.measurements * sum(values.numel() for values in self._measure().values())
        fields = config.measurements * self.field.numel() * self.field.element_size() if config.save_fields else 0
        return rows + fields

    def _sampler(self) -> Sampler:
        config = self.config
        if not isinstance(config.sampler, ThroughFlow):
            return config.sampler.build(self.action)
        group = None if config.group is None else get_group(config.group)
        device, dtype = torch.device(config.device), DTYPES[config.dtype]
        generator = torch.Generator(device)  # first parameters, which are replaced
        return config.sampler.build(Setting(self.action, group, tuple(config.shape), dtype, device, generator))

    def _share(self) -> None:
        """Replicas are moved by all processes; other chains have nothing to share."""
        together = ranks()
        if isinstance(self.sampler, Replicas):
            self.sampler.share(together)
        elif together.size > 1:
            raise UserError(
                f"sampler: a chain by {self.config.sampler.name} runs in one process, torchrun has started "
                f"{together.size}; expected tempering, whose replicas they share"
            )

    def _measure(self) -> dict[str, Tensor]:
        return {name: values for entry in self.config.observables for name, values in entry.measure(self.field).items()}

    def _start(self) -> Tensor:
        config = self.config
        dtype = DTYPES[config.dtype]
        if self.action.space is SCALARS:
            return self._scalar_start(dtype)
        group = get_group(str(config.group))
        starts = {
            "cold": partial(cold_start, group, config.shape, config.chains, dtype, config.device),
            "hot": partial(hot_start, group, config.shape, self.generator, config.chains, dtype),
        }
        return starts[config.start]() if config.start in starts else self._stored_start(dtype)

    def _scalar_start(self, dtype: torch.dtype) -> Tensor:
        size = (self.config.chains, *self.config.shape)
        if self.config.start == "cold":
            return torch.zeros(size, dtype=dtype, device=self.config.device)
        if self.config.start == "hot":
            return torch.randn(size, generator=self.generator, dtype=dtype, device=self.config.device)
        raise UserError(f"start: expected cold or hot for scalar fields, came {self.config.start!r}")

    def _stored_start(self, dtype: torch.dtype) -> Tensor:
        """Every chain starts from the one configuration of a file, or each from its own of an ensemble's last."""
        config = self.config
        if not Path(config.start).exists():
            raise UserError(
                f"start: expected cold, hot or a configuration file, came {config.start!r}, which is no file"
            )
        links = read(config.start, config.shape, config.group).links
        if len(links) not in (1, config.chains):
            raise UserError(f"start: {config.start} holds {len(links)} configurations, expected 1 or {config.chains}")
        links = links.to(config.device, dtype.to_complex() if links.is_complex() else dtype)
        return links.expand(config.chains, *links.shape[1:]).clone()
