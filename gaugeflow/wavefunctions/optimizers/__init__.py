"""Optimisers of the variational energy, and the derivatives of log|psi| that they need."""
