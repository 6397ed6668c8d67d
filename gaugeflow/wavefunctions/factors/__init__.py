"""Symmetric factors.

Cusps of pairs in `jastrow` and `contact`, cusps at nuclei in `nuclear_cusp`, `confinement` by a trap, and
three bodies about a centre in `vector_cloud`.
"""
