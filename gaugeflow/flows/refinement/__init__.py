"""Flows of two-dimensional gauge theory from the whole torus down to its plaquettes.

Read `flow` first, which halves cells again and again, then `split`, the learned law of one new loop, in coordinates of
`chart` (SU(3): `chart_su3`, SU(2) by `quaternions`). `fit` finds the laws without a lattice. `peeling` cuts off single
plaquettes instead; `torus` is what both flows share.
"""
