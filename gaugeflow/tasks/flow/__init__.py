"""The task `flow`: a normalizing flow is fitted and trained on an action, sampled and held against exact results."""
