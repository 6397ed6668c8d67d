"""The task `flow`: a normalizing flow is fitted and trained on an action, sampled and held against exact results.

`config` is what a configuration may say; its sections are `models` (the architectures, a file for each family), `base`,
`training` and `stochastic`, and `symmetrized` for a flow that is trained already. `task` has the steps: `trainer` takes
those of training, `evaluation` those of sampling with weights from `weighing`; `accuracy` says how short the steps of
an integrated flow have to be, and `steps` compares with shorter ones. `report` has the numbers and `markdown` the text.
`model` builds the flow, `transfer` takes parameters from another run, `claims` is for `gaugeflow check`.
"""
