"""Linear algebra that stays right where the stock routines do not: unitary spectra and polar projection."""

from gaugeflow.linalg.unitary import polar_unitary, unitary_eig, unitary_log

__all__ = ["polar_unitary", "unitary_eig", "unitary_log"]
