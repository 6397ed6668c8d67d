"""Independent samples of two-dimensional gauge theory without a Markov chain.

Read `sampler` first, then `split` (the law of a new path through a cell) and `class_law` (how one element is drawn).
"""
