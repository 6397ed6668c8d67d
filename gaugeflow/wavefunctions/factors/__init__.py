"""Symmetric factors: cusps of pairs in `jastrow`, cusps at nuclei in `nuclear_cusp`, and `confinement` by a trap."""
