"""Flows of scalar lattice fields: couplings and ordinary differential equations."""
