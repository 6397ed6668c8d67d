"""The task `vmc` for fermions on lattice sites: `systems` and `wavefunctions` are sections of the configuration,
`sites` is what the task does otherwise than in space, `claims` is for `gaugeflow check`."""
