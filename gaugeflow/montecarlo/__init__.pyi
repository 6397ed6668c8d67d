from .exact.sampler import ExactSampler
from .heatbath import HeatBath
from .hmc import HMC
from .independence import IndependenceMetropolis
from .integrators import INTEGRATORS, Integrator, get_integrator
from .metropolis import Metropolis
from .sampler import Sampler

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
