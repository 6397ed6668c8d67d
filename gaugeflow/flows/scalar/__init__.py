"""Flows of scalar lattice fields: couplings and ordinary differential equations.

`coupling` changes one colour of a checkerboard by the maps in `transform`. `continuous` integrates the field along a
`velocity` made of `kernels`, and `fit` finds its weights by least squares.
"""
