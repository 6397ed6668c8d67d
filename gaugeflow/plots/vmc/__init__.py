"""The figures of variational Monte Carlo: energies, densities, nodes."""
