"""The figures of normalizing flows."""
