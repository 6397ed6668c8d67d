"""The broken layer: what happens inside a network, and which of its layers breaks a symmetry first."""
