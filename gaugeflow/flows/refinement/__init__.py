"""Flows of two-dimensional gauge theory from the whole torus down to its plaquettes."""
