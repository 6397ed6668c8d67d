"""Refinement of two-dimensional link fields: cells are cut in two, and the laws of the new paths."""
