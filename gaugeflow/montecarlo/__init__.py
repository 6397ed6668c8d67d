"""Markov chains of lattice fields and particles, and the analysis of their errors."""

from gaugeflow.montecarlo.exact.sampler import ExactSampler
from gaugeflow.montecarlo.heatbath import HeatBath
from gaugeflow.montecarlo.hmc import HMC
from gaugeflow.montecarlo.independence import IndependenceMetropolis
from gaugeflow.montecarlo.integrators import INTEGRATORS, Integrator, get_integrator
from gaugeflow.montecarlo.metropolis import Metropolis
from gaugeflow.montecarlo.sampler import Sampler

__all__ = [
    "HMC",
    "INTEGRATORS",
    "ExactSampler",
    "HeatBath",
    "IndependenceMetropolis",
    "Integrator",
    "Metropolis",
    "Sampler",
    "get_integrator",
]
