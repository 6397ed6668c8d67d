"""The task `regression`: gauge-equivariant networks learn a Wilson loop or the charge density, beside a baseline."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.io import EnsembleWriter
from gaugeflow.nn import LCNN, GaugeTheory, LinkCNN
from gaugeflow.nn.least_squares import gather, scatter
from gaugeflow.random import stream
from gaugeflow.runs import Metrics, Record, Task
from gaugeflow.symmetry.actions.fields import Links, SiteScalars
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.regression.config import RegressionConfig
from gaugeflow.tasks.regression.descent import Descent
from gaugeflow.tasks.regression.fields import Samples
from gaugeflow.tasks.regression.fit import NetworkFit
from gaugeflow.tasks.regression.report import regression_markdown, regression_report
from gaugeflow.tasks.regression.target import Loop

__all__ = ["Regression"]


class Regression(Task[RegressionConfig]):
    """First every network is trained and its baseline after it, then all are tested on one lattice after the other.

    The steps of training that a network does not need are passed over.
    """

    name = "regression"
    schema = RegressionConfig
    extendable: ClassVar[frozenset[str]] = frozenset({"checkpoint_every"})

    def __init__(self, config: RegressionConfig) -> None:
        super().__init__(config)
        self.theory = GaugeTheory(config.group, len(config.shape), DTYPES[config.dtype])
        config.target.require(self.theory.ndim)
        training = config.training
        stack = self._network().stack  # layers that do not fit are refused here
        for shape in (config.shape, *config.test_shapes):
            stack.shape_after(tuple(shape))
        depth = len([*stack])
        for stage in training.curriculum:
            if stage.layers > depth:
                raise UserError(f"training.curriculum: expected at most {depth} layers, came {stage.layers}")
            for path in stage.loops:
                Loop(name="loop", path=path).require(self.theory.ndim)
        self.fit_steps = training.steps
        self.steps_each = self.fit_steps + config.baseline.steps
        self.test_stream = ("test", config.seed)

    @property
    def steps(self) -> int:
        return self.config.seeds * (self.steps_each + len(self.config.test_shapes))

    def begin(self) -> None:
        self.networks: list[LCNN] = []
        self.baselines: list[LinkCNN] = []
        self.outcomes: list[dict[str, Any]] = []
        self.fits: tuple[NetworkFit | Descent, Descent] | None = None

    def step(self, index: int, record: Record) -> None:
        number, inner = divmod(index, self.steps_each)
        if number >= self.config.seeds:
            self._test(index - self.config.seeds * self.steps_each, record)
            return
        if self.fits is None:
            self.fits = self._fits(number, record)
        self.fits[0 if inner < self.fit_steps else 1].step()
        if inner == self.steps_each - 1:
            self._keep(*self.fits)
            self.fits = None

    def state_dict(self) -> dict[str, Any]:
        return {
            "networks": [gather(network) for network in self.networks],
            "baselines": [gather(network) for network in self.baselines],
            "outcomes": self.outcomes,
            "fits": None if self.fits is None else [fit.state_dict() for fit in self.fits],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.begin()
        for number, (network, baseline) in enumerate(zip(state["networks"], state["baselines"], strict=True)):
            self.networks.append(self._network())
            self.baselines.append(self._baseline(number))
            scatter(self.networks[-1], network)
            scatter(self.baselines[-1], baseline)
        self.outcomes = state["outcomes"]
        if state["fits"] is not None:
            self.fits = self._fits(len(self.networks), Record())
            self.fits[0].load_state_dict(state["fits"][0])
            self.fits[1].load_state_dict(state["fits"][1])

    def restart_measurements(self, seed: int) -> int:
        """The tests are repeated on new fields."""
        self.test_stream = ("report", seed)
        return self.config.seeds * self.steps_each

    def report(self, metrics: Metrics) -> dict[str, Any]:
        sizes = [sum(p.numel() for p in net.parameters()) for net in (self._network(), self._baseline(0))]
        return regression_report(self.config, metrics, self.outcomes, sizes[0], sizes[1])

    @staticmethod
    def markdown(report: dict[str, Any]) -> str:
        return regression_markdown(report)

    def open_ensemble(self, path: Path, count: int | None) -> EnsembleWriter:
        """All fields on lattices of `shape`: for each network those of training and validation, then of the tests.

        In the column `chain` the number of the coupling in the attribute `betas`, which lists those of the training, of
        the validation, and of the test; in the column `step` the number of the network.
        """
        if count is not None:
            return EnsembleWriter.open(path, count)
        config, betas = self.config, self.config.fields.betas
        each = sum(config.fields.configurations.model_dump().values())
        about: dict[str, Any] = {"betas": 3 * betas, "seed": config.seed, "action_name": "wilson"}
        capacity = config.seeds * len(betas) * each
        return EnsembleWriter.create(path, config.group, config.shape, DTYPES[config.dtype], capacity, **about)

    def claims(self) -> list[Claim]:
        """What each network gives at a site is invariant and moves with the site, so that the mean stays."""
        generator = stream("claims", self.config.seed)
        fields = self.config.fields.draw(self.config.group, self.config.shape, 1, generator, self.theory.dtype)
        x = Links(fields[-1:])
        networks = self.networks or [self._network()]
        group = "gauge * translations"
        return [
            claim
            for number, network in enumerate(networks)
            for claim in (
                Equivariance(network, x, f"density of network {number}", group, partial(SiteScalars, channels=1)),
                Equivariance(partial(_means, network), x, f"mean of network {number}", group, Scalars),
            )
        ]

    def kinds_of_steps(self) -> dict[int, int]:
        """At most: a fit that is done passes over the steps that it does not need."""
        config, trained = self.config, self.config.seeds * self.steps_each
        counts = {0: config.seeds * self.fit_steps, self.fit_steps: config.seeds * config.baseline.steps}
        counts |= {trained + place * config.seeds: config.seeds for place in range(len(config.test_shapes))}
        return {index: count for index, count in counts.items() if count}

    def try_step(self, index: int) -> float:
        if index < self.config.seeds * self.steps_each:
            return super().try_step(index)
        while len(self.networks) < self.config.seeds:  # untrained ones cost as much
            self.networks.append(self._network())
            self.baselines.append(self._baseline(len(self.baselines)))
        place = (index - self.config.seeds * self.steps_each) // self.config.seeds
        count = self.config.fields.configurations.test
        links, _ = self._samples(self.config.test_shapes[place], 1, "forecast", self.config.seed)
        _means(self.networks[0], links)
        return float(count)

    def shortened(self, share: float) -> RegressionConfig:
        counts = self.config.fields.configurations
        fewer = counts.model_copy(update={"test": max(1, int(share * counts.test))})
        return self.config.model_copy(
            update={"fields": self.config.fields.model_copy(update={"configurations": fewer})}
        )

    def status(self) -> str:
        if self.fits is None:
            return f"{len(self.networks)} networks trained"
        return f"network {len(self.networks)}, {self.fits[0].status()}"

    def _network(self) -> LCNN:
        """The network with weights that are to be replaced."""
        return self._build(torch.Generator())

    def _build(self, generator: torch.Generator) -> LCNN:
        return self.config.network.build(self.theory, generator).to(self.config.device)

    def _baseline(self, number: int) -> LinkCNN:
        size = sum(parameter.numel() for parameter in self._network().parameters())
        generator = stream("baseline", self.config.seed, number)
        return self.config.baseline.build(self.theory, size, generator).to(self.config.device)

    def _fits(self, number: int, record: Record) -> tuple[NetworkFit | Descent, Descent]:
        """The training of a network at its beginning; the fields are made anew when a run is resumed."""
        config, counts = self.config, self.config.fields.configurations
        train = self._samples(config.shape, counts.train, "train", config.seed, number)
        validation = self._samples(config.shape, counts.validation, "validation", config.seed, number)
        for place, (links, _) in enumerate((train, validation)):
            self._store(record, links, place, number)
        weights, batches, others = (
            partial(stream, purpose, config.seed, number) for purpose in ("weights", "batches", "baseline batches")
        )
        baseline = Descent(config.baseline, self._baseline(number), others, train, validation)
        if config.training.adamw is None:
            return NetworkFit(config.training, self._build, weights, train, validation), baseline
        network = config.training.scale(self._build(weights(0, 0)))
        return Descent(config.training.adamw, network, batches, train, validation), baseline

    def _samples(self, shape: list[int], count: int, *key: int | str) -> Samples:
        links = self.config.fields.draw(self.config.group, shape, count, stream(*key), self.theory.dtype)
        links = links.to(self.config.device)
        return links, self.config.target.density(links)

    def _store(self, record: Record, links: Tensor, place: int, number: int) -> None:
        if record.ensemble is not None:
            couplings = len(self.config.fields.betas)
            chain = [place * couplings + i * couplings // len(links) for i in range(len(links))]
            record.ensemble.append(links.cpu(), chain=chain, step=number)

    def _keep(self, fit: NetworkFit | Descent, baseline: Descent) -> None:
        self.networks.append(cast(LCNN, fit.trained()))
        self.baselines.append(cast(LinkCNN, baseline.trained()))
        self.outcomes.append({"attempts": fit.attempt, "steps": fit.steps, "validation": fit.error})

    def _test(self, index: int, record: Record) -> None:
        lattice, number = divmod(index, self.config.seeds)
        shape, counts = self.config.test_shapes[lattice], self.config.fields.configurations
        links, density = self._samples(shape, counts.test, *self.test_stream, number, lattice)
        if shape == self.config.shape:
            self._store(record, links, 2, number)
        predictions = {
            "prediction": _means(self.networks[number], links),
            "baseline": _means(self.baselines[number], links),
        }
        truth = density.flatten(1).mean(1)
        record.metrics.record("measurements", {"lattice": lattice, "network": number, "truth": truth, **predictions})


@torch.no_grad()
def _means(network: nn.Module, links: Tensor) -> Tensor:
    """The lattice mean of the prediction, ``(batch,)``, one configuration after the other."""
    return torch.cat([network(one[None]).flatten(1).mean(1) for one in links])
