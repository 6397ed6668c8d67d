"""Samplers of gauge fields and of particles: what is claimed of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gaugeflow import flows, lattice, montecarlo
from gaugeflow.groups import get_group
from gaugeflow.symmetry.checks.markov import check_detailed_balance
from gaugeflow.symmetry.claims import Balance
from gaugeflow.symmetry.reports.report import Report
from tests.registry import wavefunction_claims
from tests.registry.line import Line, line, links


def haar_flow(group: str) -> flows.GaugeFlow:
    return flows.GaugeFlow(flows.HaarBase(get_group(group), (2, 2)), [])


@dataclass(frozen=True)
class Stationary(Balance):
    """A sweep that visits the links in a fixed order keeps the distribution without being reversible."""

    def verify(self, **options: Any) -> Report:
        return check_detailed_balance(
            self.f,
            self.log_prob,
            self.x,
            label=self.name,
            seed=options.get("seed", 0),
            samples=options.get("samples", 20_000),
            reversible=False,
        )


def sampler_claim(claim: type[Balance], make: Callable[[Any], montecarlo.Sampler], group: str) -> Balance:
    action = lattice.WilsonAction(2, 1.0)
    sampler = make(action)
    sampler.warmup = False
    return claim(sampler.update, links(group), log_prob=lambda u: -action(u), label=type(sampler).__name__)


def swap_claim() -> Balance:
    """Two fields whose actions differ by a defect."""
    a, b = (lattice.WilsonAction(2, 1.0).weighted(lattice.Defect(1, strength)) for strength in (1.0, 0.2))
    difference = lattice.Difference(a, b)
    return Balance(
        lambda x, y, generator: montecarlo.swap_(difference, x.clone(), y.clone(), generator)[:2],
        (links("u1"), links("u1")),
        log_prob=lambda x, y: -a(x) - b(y),
        label="swap",
    )


LINES: dict[str, Line] = {
    "hybrid Monte Carlo": line(
        montecarlo.HMC,
        claims=lambda: [
            sampler_claim(Balance, lambda action: montecarlo.HMC(action, length=1.0, step_size=0.5), group)
            for group in ("u1", "su2")
        ],
    ),
    "independence Metropolis": line(
        montecarlo.IndependenceMetropolis,
        claims=lambda: [
            sampler_claim(Balance, partial(montecarlo.IndependenceMetropolis, haar_flow(group)), group)
            for group in ("u1", "su2")
        ],
    ),
    "heat bath": line(
        montecarlo.HeatBath,
        claims=lambda: [
            sampler_claim(Stationary, lambda action: montecarlo.HeatBath(action, overrelaxation=1), group)
            for group in ("u1", "su2")
        ],
    ),
    "replicas": line(
        montecarlo.Replicas,
        montecarlo.swap_,
        claims=lambda: [swap_claim()],
    ),
    "jumps of the charge": line(
        montecarlo.Winding,
        claims=lambda: [
            sampler_claim(
                Balance, lambda action: montecarlo.Winding(montecarlo.HMC(action, step_size=0.5), action), "u1"
            )
        ],
    ),
    "exact sampler": line(
        montecarlo.ExactSampler,
        claims=lambda: [sampler_claim(Balance, montecarlo.ExactSampler, group) for group in ("u1", "su2")],
    ),
    "moves of particles": line(montecarlo.Metropolis, claims=wavefunction_claims.move_claims),
}

WITHOUT = {
    "Sampler": "a protocol",
    "Integrator": "coefficients",
    "get_integrator": "coefficients",
}
