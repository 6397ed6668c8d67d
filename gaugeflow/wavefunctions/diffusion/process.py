"""Diffusion Monte Carlo with several time steps at once: a population for each, all in one batch."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.diffusion.guide import Guide, Guided
from gaugeflow.wavefunctions.diffusion.population import effective_share, reconfigured
from gaugeflow.wavefunctions.diffusion.propagator import log_weights, moved

__all__ = ["Diffusion", "Generation"]

FEWEST = 0.1
"""Below this share of walkers that move, or that carry the weight, there is no population any more."""
REMEDY = "expected smaller time_steps, more walkers, or a trial with the cusps and a local energy that is bounded"


class Generation(NamedTuple):
    """A generation of each population, every entry ``(K,)``."""

    energy: Tensor
    """Mean local energy with the weights, the mixed estimator of this generation."""
    growth: Tensor
    """``E_ref - log(mean weight) / tau_eff``, the growth estimator of this generation."""
    duration: Tensor
    """Tau_eff, by which imaginary time went on."""
    acceptance: Tensor
    """Mean probability that a move is accepted."""
    crossed: Tensor
    """Share of the proposals across a node."""
    lost: Tensor
    """Share of the proposals without a finite wavefunction or local energy."""
    share: Tensor
    """Of the population that carries the weight, see `effective_share`."""


class Diffusion:
    """K populations of W walkers in imaginary time, each with its own time step.

    The walkers sample ``psi phi``, with the trial psi and the lowest state phi that has the nodes of psi. A generation
    moves all walkers, weighs them, and makes the population anew. During the equilibration E_ref is the mean of the
    energies and tau_eff that of the accepted diffusion; then both stand.

    Args:
        guide: of the trial, see `trial_guide`.
        x: walkers ``(K, W, n, d)`` with the density ``psi^2``, or near to it.
        time_steps: in 1/Hartree, ``(K,)``.
        equilibration: imaginary time in 1/Hartree until a population is measured.

    Raises:
        UserError: time steps that are not positive, another number of them than of populations, or walkers on which
            the local energy is not finite.
    """

    def __init__(self, guide: Guide, x: Tensor, time_steps: Tensor, equilibration: float) -> None:
        if x.ndim != 4 or time_steps.shape != x.shape[:1] or not bool((time_steps > 0).all()):
            raise UserError(
                f"diffusion: expected walkers (K, W, n, d) and K time steps > 0, came {tuple(x.shape)} and "
                f"{time_steps.tolist()}"
            )
        self.guide, self.time_steps = guide, time_steps.to(x.device, torch.float64)
        self.begins = (equilibration / self.time_steps).ceil().long()
        """The generation from which each population is measured, ``(K,)``."""
        self.walkers = Guided(*(part.unflatten(0, x.shape[:2]) for part in guide(x.double().flatten(0, 1))))
        wrong = int((~torch.isfinite(self.walkers.energy)).sum())
        if wrong:
            raise UserError(f"diffusion: expected finite local energies at the start, {wrong} of them are not")
        self.reference, self.effective = self.walkers.energy.mean(1), torch.ones_like(self.time_steps)
        self.generation = 0

    @torch.no_grad()
    def step(self, generator: torch.Generator) -> Generation:
        """One generation of all populations. Raises UserError where a population has exploded or died."""
        before = self.walkers
        found = moved(before, self.time_steps, self.guide, generator)
        self._settle(self.effective, found.effective)
        duration = self.effective * self.time_steps
        logs = log_weights(before, found.walkers, self.time_steps, duration, self.reference)
        top = logs.amax(1)  # of exploding weights too the largest is a number
        weights = (logs - top[:, None]).exp()
        acceptance, share = found.acceptance.mean(1), effective_share(weights)
        self._require_life(acceptance, share)
        energy = (weights * found.walkers.energy).sum(1) / weights.sum(1)
        growth = self.reference - (weights.mean(1).log() + top) / duration
        self._settle(self.reference, energy)
        offset = torch.rand(len(weights), generator=generator, dtype=weights.dtype, device=weights.device)
        self.walkers = found.walkers.take(reconfigured(weights, offset))
        self.generation += 1
        crossed, lost = (part.double().mean(1) for part in (found.crossed, found.lost))
        return Generation(energy, growth, duration.clone(), acceptance, crossed, lost, share)

    def _settle(self, mean: Tensor, value: Tensor) -> None:
        """Takes a value ``(K,)`` into the mean over all generations of the equilibration."""
        tuned = self.generation < self.begins
        mean += tuned * (value - mean) / (self.generation + 1)

    def _require_life(self, acceptance: Tensor, share: Tensor) -> None:
        for k, tau in enumerate(self.time_steps.tolist()):
            where = f"diffusion: generation {self.generation} with time step {tau:g}"
            moving, carrying = 100 * float(acceptance[k]), 100 * float(share[k])
            if carrying < 100 * FEWEST:
                raise UserError(f"{where}: the population explodes, {carrying:.2g} % of it carry all weight; {REMEDY}")
            if moving < 100 * FEWEST:
                raise UserError(f"{where}: the population dies out, {moving:.2g} % of its moves are accepted; {REMEDY}")

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        kept = {"reference": self.reference, "effective": self.effective, "generation": self.generation}
        return {"walkers": self.walkers._asdict(), **kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        device = self.time_steps.device
        self.walkers = Guided(**{name: part.to(device) for name, part in state["walkers"].items()})
        self.reference, self.effective = (state[name].to(device) for name in ("reference", "effective"))
        self.generation = state["generation"]
