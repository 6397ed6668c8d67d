"""Symmetric factors: cusps and confinement."""
