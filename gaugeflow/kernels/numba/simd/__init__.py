"""Vector code for numba: how it is emitted, and matrices of V sites at a time."""
