"""Trivializing flows: links carried along the gradient of a gauge-invariant potential."""
