"""The studies of `scripts/routes.py`: what each route to an equivariant network costs and gives, a section each."""

from equivariance_routes import (  # noqa: F401  (they register)
    bodies,
    charge_classes,
    digits,
    emergent,
    gauge_networks,
    infinite_width,
    learning,
)
from equivariance_routes.section import SECTIONS, Section

__all__ = ["SECTIONS", "Section"]
