"""Optimisers of the variational energy, and the derivatives of log|psi| that they need.

`optimizer` says what one is; `natural_gradient` (MinSR and SPRING) and `adam` take walkers, `rayleigh_gauss_newton` all
configurations of a small space; `clipping` treats outliers.
The derivatives at each sample are a table in `log_derivatives`, or a linear map in `sample_derivatives` made of what
`recorded_derivatives` keeps of one pass.
"""
