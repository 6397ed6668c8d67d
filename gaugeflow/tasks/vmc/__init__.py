"""The task `vmc`: fermion wavefunctions trained on their energy.

`config` is what a configuration may say; its sections are `systems`, `wavefunctions`, `optimizers` and `pretraining`.
`task` has the steps: `ranks` shares them between processes, `guard` names what is not finite, `forecast` says how
long they will take. `report` has the numbers, `claims` is for `gaugeflow check`.
"""
