"""Known mistakes, applied to a model to see that the harness catches them."""

from gaugeflow.symmetry.breakers import layers, links, particles, properties, routes, sites  # noqa: F401  (register)
from gaugeflow.symmetry.breakers.base import BREAKERS, Breaker
from gaugeflow.symmetry.breakers.power import Kill, power_of, power_table

__all__ = ["BREAKERS", "Breaker", "Kill", "power_of", "power_table"]
