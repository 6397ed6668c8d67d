"""Coupling layers of gauge fields: masks, what a layer may look at, and the bijections of its active loops.

Read `coupling` first, then `masks` (which links change), `frozen` and `periodic_network` (what the layer sees of the
others) and `transform` (what a bijection of loops is). The bijections are `circular_spline` and `noncompact` for U(1)
and `spectral` for SU(N), which moves eigenangles in their `simplex`; `spline` is what they are made of. `residual` is
the stout layer on the same masks.
"""
