"""Fixed-node diffusion Monte Carlo on the nodes of a trial wavefunction.

Read `process` first: populations of walkers, each with a time step of its own. `guide` is what a step needs of the
trial, `propagator` moves and weighs walkers, `population` keeps their number. `mixed_estimator` makes an energy of the
generations, `extrapolation` that of time step zero.
"""
