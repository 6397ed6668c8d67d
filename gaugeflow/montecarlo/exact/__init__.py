"""Independent samples of two-dimensional gauge theory without a Markov chain."""
