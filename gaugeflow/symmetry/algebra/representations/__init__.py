"""Representations of groups, the linear maps between them, and what follows: layers, completeness, regression."""
