"""Known mistakes, applied to a model to see that the harness catches them."""

from gaugeflow.symmetry.breakers import (  # noqa: F401  (register)
    conclusions,
    irreps,
    layers,
    linear,
    links,
    orbitals,
    particles,
    properties,
    routes,
    sites,
    systems,
)
from gaugeflow.symmetry.breakers.base import BREAKERS, Breaker
from gaugeflow.symmetry.breakers.power import Kill, power_of, power_table

__all__ = ["BREAKERS", "Breaker", "Kill", "power_of", "power_table"]
