"""The figures of variational Monte Carlo: `run` has all of a run, `density` and `nodes` draw its wavefunction."""
