"""The task `chain`: Markov chains of lattice fields, measured as they go.

`config` is what a configuration may say, `task` has the steps, `report` the numbers.
"""
