"""Symmetric factors.

Cusps of pairs in `jastrow` and `contact`, cusps at nuclei in `nuclear_cusp`, and `confinement` by a trap.
"""
