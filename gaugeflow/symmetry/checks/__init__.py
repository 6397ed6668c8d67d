"""The checks: equivariance, bijections, gradients, Markov moves, and the rule that decides."""
