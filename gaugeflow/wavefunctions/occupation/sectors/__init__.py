"""Symmetry sectors by name, and the part of a wavefunction in one."""
