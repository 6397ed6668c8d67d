"""The task `regression`: gauge-equivariant networks learn a Wilson loop or the charge density.

`config` is what a configuration may say; its sections are `fields`, `target`, `network`, `fit` and `baseline`, each
with what it does. `task` has the steps, `report` the numbers.
"""
