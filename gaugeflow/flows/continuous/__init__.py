"""Trivializing flows: links carried along the gradient of a gauge-invariant potential.

Read `flow` first. Its potentials are Wilson loops in `loop_basis` (their products and Laplacians in `loop_algebra`) or
sums of plaquettes in `staple_basis`; `fit` finds their coefficients by least squares. `neural` is the flow whose
potential is a network. Both are a `link_flow`; `lie_integrators` and `bsplines` are their tools.
"""
