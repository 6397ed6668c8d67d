"""Sums over all configurations of few fermions on sites, by the orbits of what is symmetric in a wavefunction."""
