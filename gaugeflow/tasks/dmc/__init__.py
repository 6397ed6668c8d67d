"""The task `dmc`: fixed-node diffusion Monte Carlo on the nodes of a trained wavefunction.

`config` is what a configuration may say, `trial` the wavefunction that it names, `task` has the steps, `report` the
numbers. The physics is in :mod:`gaugeflow.wavefunctions.diffusion`.
"""
