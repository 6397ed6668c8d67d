"""Markov chains of lattice fields and the analysis of their errors."""

from gaugeflow.montecarlo.heatbath import HeatBath
from gaugeflow.montecarlo.hmc import HMC
from gaugeflow.montecarlo.integrators import INTEGRATORS, Integrator, get_integrator
from gaugeflow.montecarlo.sampler import Sampler

__all__ = ["HMC", "INTEGRATORS", "HeatBath", "Integrator", "Sampler", "get_integrator"]
