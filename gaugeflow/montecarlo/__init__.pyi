from .exact.sampler import ExactSampler
from .heatbath import HeatBath
from .hmc import HMC
from .independence import IndependenceMetropolis
from .integrators import INTEGRATORS, Integrator, get_integrator
from .metropolis import Metropolis
from .replicas import Replicas, swap_
from .sampler import Sampler
from .winding import Winding

__all__ = [
    "HMC",
    "INTEGRATORS",
    "ExactSampler",
    "HeatBath",
    "IndependenceMetropolis",
    "Integrator",
    "Metropolis",
    "Replicas",
    "Sampler",
    "Winding",
    "get_integrator",
    "swap_",
]
