"""The task `regression`: gauge-equivariant networks learn a Wilson loop or the charge density."""
