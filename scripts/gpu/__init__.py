"""The parts of `scripts/on_gpu.py`, and what they share."""
